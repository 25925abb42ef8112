import type { Policy } from '@controlzero/sdk';
import { Gate, init } from '@controlzero/sdk';

import type { Bench, BenchCase } from './bench-case.ts';
import { asyncCase, syncCase } from './bench-case.ts';
import { toPolicy } from './engine-subject.ts';
import { mixedRules } from './engine-workload.ts';
import { denied, rejected } from './denied.ts';

const ANSWER = Promise.resolve('answer');
// What every adapter governs, without a client around it.
const STUB = { chat: { completions: { create: async (): Promise<string> => ANSWER } } };
const CALL = { action: 'llm.generate', named: { model: 'gpt-3.5-turbo' } } as const;

function forwarding<Target extends object>(target: Target): Target {
  return new Proxy(target, {
    get: (owner, key, receiver) => {
      const value: unknown = Reflect.get(owner, key, receiver);
      return typeof value === 'object' && value !== null ? forwarding(value) : value;
    },
  });
}

async function gated(name: string, policy: Policy): Promise<BenchCase[]> {
  const cz = await init({ policy });
  const gate = new Gate({ owner: 'bench', cz, options: { agentId: 'support' } });
  const request = { action: 'llm.generate', resource: 'model/gpt-3.5-turbo', context: { agent_id: 'support' } };
  return [
    syncCase(`cz.evaluate(), ${name}`, () => cz.evaluate(request)),
    asyncCase(`gate and call, ${name}`, async () => {
      if (!gate.enforceNow(CALL)) await gate.enforce(CALL);
      return STUB.chat.completions.create();
    }),
    asyncCase(
      `gate, denied, ${name}`,
      denied(async () => gate.enforce({ action: 'llm.generate', named: { model: 'gpt-4-turbo' } })),
    ),
  ];
}

function policyOf(count: number): Policy {
  const { rules, ...policy } = toPolicy(mixedRules(count));
  const allowed = { effect: 'allow', action: 'llm.generate', resource: 'model/gpt-3.5-turbo' } as const;
  return { ...policy, rules: [...rules, allowed] };
}

/** The gate alone: what every adapter puts in front of a call. */
export const gate: Bench = {
  name: 'gate',
  open: async () => {
    const proxied = forwarding(STUB);
    return [
      {
        title: 'The gate on a stub client',
        cases: [
          asyncCase('a trivial forwarding Proxy', async () => proxied.chat.completions.create()),
          asyncCase('the stub itself', async () => STUB.chat.completions.create()),
          asyncCase(
            'rejecting a plain Error',
            rejected(
              async () => Promise.reject(new Error('denied')),
              (error) => error instanceof Error,
            ),
          ),
          ...(await gated('4 rules', policyOf(4))),
          ...(await gated('10,000 rules', policyOf(10_000))),
        ],
      },
    ];
  },
};
