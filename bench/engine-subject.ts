import type { EngineOptions } from '../src/engine/compile.ts';
import type { CompiledPolicy } from '../src/engine/compiled-policy.ts';
import { compilePolicy } from '../src/engine/compile.ts';
import { evaluate } from '../src/engine/evaluate.ts';
import { parsePolicy } from '../src/policy/parse.ts';
import { takeRequest } from '../src/policy/taken-request.ts';
import type { Decision, Policy, PolicyRequest, Rule } from '../src/index.ts';
import type { WideRule } from './engine-workload.ts';
import type { PlainRule } from './peers/peer.ts';

/** The rules as a policy document. */
export function toPolicy(rules: readonly (PlainRule | WideRule)[]): Policy {
  return {
    name: 'bench',
    rules: rules.map(({ effect, action, resource, agent, ...more }, number): Rule => {
      const conditions = {
        ...(agent !== undefined && { agent_id: agent }),
        ...('conditions' in more && more.conditions),
      };
      const hasConditions = Object.keys(conditions).length > 0;
      return { id: `rule-${number}`, effect, action, resource, ...(hasConditions && { conditions }) };
    }),
  };
}

const NOBODY = { identity: undefined, defaults: [] };

/** Our engine, without a client around it. */
export class Subject {
  readonly #policy: CompiledPolicy;

  constructor(rules: readonly (PlainRule | WideRule)[], options?: EngineOptions) {
    this.#policy = compilePolicy(parsePolicy(toPolicy(rules), { origin: 'a bench' }), 'bench', options);
  }

  decide(request: PolicyRequest): Decision {
    const taken = takeRequest(request, this.#policy.conditionKeys, NOBODY);
    return 'fault' in taken ? this.#policy.invalidRequest(taken.fault) : evaluate(this.#policy, taken);
  }
}
