import type { Peer, PlainRule } from './peer.ts';
import { load, regExpSource } from './peer.ts';

interface RulesEngine {
  addOperator(name: string, test: (text: string, pattern: string) => boolean): void;
  addRule(rule: object): void;
  on(event: 'success', listener: (event: { readonly type: string }) => void): void;
  stop(): void;
  run(facts: object): Promise<{ readonly events: readonly { readonly type: string }[] }>;
}

function conditionsOf({ action, resource, agent }: PlainRule): object[] {
  const conditions: object[] = [
    { fact: 'action', operator: 'equal', value: action },
    { fact: 'resource', operator: 'globMatches', value: resource },
  ];
  if (agent !== undefined) conditions.push({ fact: 'agent_id', operator: 'globMatches', value: agent });
  return conditions;
}

/** One priority for each rule, and the engine stopped at the first that succeeds. */
export const jsonRulesEngine: Peer = {
  name: 'json-rules-engine',
  isExact: true,
  mostRules: 1000,
  open: async (rules) => {
    const { Engine } = await load<{ readonly Engine: new () => RulesEngine }>('json-rules-engine');
    const engine = new Engine();
    const compiled = new Map<string, RegExp>();
    engine.addOperator('globMatches', (text, pattern) => {
      const known = compiled.get(pattern) ?? new RegExp(regExpSource(pattern));
      compiled.set(pattern, known);
      return known.test(text);
    });
    for (const [index, rule] of rules.entries()) {
      const priority = rules.length - index;
      engine.addRule({ conditions: { all: conditionsOf(rule) }, event: { type: rule.effect }, priority });
    }
    engine.on('success', () => engine.stop());
    return async ({ action, resource, context }) => {
      const { events } = await engine.run({ action, resource, agent_id: context.agent_id });
      return events[0]?.type === 'allow';
    };
  },
};
