import { compilePolicy } from '../../src/engine/compile.ts';
import type { EngineOptions } from '../../src/engine/compile.ts';
import type { CompiledPolicy } from '../../src/engine/compiled-policy.ts';
import { evaluate } from '../../src/engine/evaluate.ts';
import type { Explanation } from '../../src/engine/explain.ts';
import { explain } from '../../src/engine/explain.ts';
import type { Decision, PolicyRequest } from '../../src/index.ts';
import { parsePolicy } from '../../src/policy/parse.ts';
import type { JudgedRequest } from '../../src/policy/judged-request.ts';
import { judgedRequest } from '../../src/policy/judged-request.ts';
import type { RequestFault } from '../../src/policy/request-fault.ts';
import type { ContextKeys } from '../../src/policy/context-values.ts';
import type { Surroundings } from '../../src/policy/taken-request.ts';
import { takeRequest } from '../../src/policy/taken-request.ts';

/** Parses and compiles a document, as a client does. */
export function compileDocument(document: unknown, options?: EngineOptions): CompiledPolicy {
  return compilePolicy(parsePolicy(document, { origin: 'a test' }), 'test', options);
}

const NOBODY: Surroundings = { identity: undefined, defaults: [] };

/** Takes and checks a request. */
export function readRequest(
  request: PolicyRequest,
  keys: ContextKeys,
  surroundings: Surroundings = NOBODY,
): JudgedRequest | RequestFault {
  const taken = takeRequest(request, keys, surroundings);
  return 'fault' in taken ? taken : judgedRequest(taken);
}

/** Decides a request without a client around the engine. */
export function decide(policy: CompiledPolicy, request: PolicyRequest): Decision {
  const taken = takeRequest(request, policy.conditionKeys, NOBODY);
  return 'fault' in taken ? policy.invalidRequest(taken.fault) : evaluate(policy, taken);
}

/** Explains a request that can be judged. */
export function explainRequest(policy: CompiledPolicy, request: PolicyRequest): Explanation | undefined {
  const judged = readRequest(request, policy.conditionKeys);
  return 'fault' in judged ? undefined : explain(policy, judged);
}
