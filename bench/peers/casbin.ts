import type { Peer } from './peer.ts';
import { load, regExpSource } from './peer.ts';

interface Casbin {
  readonly newModelFromString: (text: string) => unknown;
  readonly newEnforcer: (model: unknown) => Promise<{
    addFunction(name: string, run: (...values: string[]) => boolean): Promise<void>;
    addPolicies(rules: readonly (readonly string[])[]): Promise<boolean>;
    enforceSync(...values: string[]): boolean;
  }>;
}

const MODEL = `
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act, eft, id
[policy_effect]
e = priority(p.eft) || deny
[matchers]
m = r.act == p.act && globMatches(r.obj, p.obj) && globMatches(r.sub, p.sub)
`;

/** Effect by priority; patterns are compiled once and looked up. */
export const casbin: Peer = {
  name: 'casbin',
  isExact: true,
  mostRules: 1000,
  open: async (rules) => {
    const { newEnforcer, newModelFromString } = await load<Casbin>('casbin');
    const enforcer = await newEnforcer(newModelFromString(MODEL));
    const compiled = new Map<string, RegExp>();
    await enforcer.addFunction('globMatches', (text, pattern) => {
      const known = compiled.get(pattern) ?? new RegExp(regExpSource(pattern));
      compiled.set(pattern, known);
      return known.test(text);
    });
    // Equal rules are refused there; a number makes each its own.
    await enforcer.addPolicies(
      rules.map(({ effect, action, resource, agent = '*' }, id) => [agent, resource, action, effect, String(id)]),
    );
    return ({ action, resource, context }) => enforcer.enforceSync(context.agent_id, resource, action);
  },
};
