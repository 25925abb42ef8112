import { describe, expect, test } from 'vitest';

import type { PolicyDeniedError, PolicyDocument } from '../../src/index.ts';
import { createTestControlZero } from '../../src/testing/index.ts';
import { compileDocument, decide } from '../support/decide.ts';

async function alternatives(policy: PolicyDocument, agent = 'a'): Promise<readonly string[]> {
  const { cz } = await createTestControlZero(policy);
  const error = (await cz
    .enforce({ action: 'llm.generate', resource: 'model/none', context: { agent_id: agent } })
    .catch((thrown: unknown) => thrown)) as PolicyDeniedError;
  return error.alternatives;
}

const allow = (resource: string | string[], more: object = {}): object => ({
  effect: 'allow',
  action: 'llm.generate',
  resource,
  ...more,
});

describe('alternatives of a denial', () => {
  test('are the models that the policy names and that this agent may use', async () => {
    const rules = [
      { effect: 'deny', action: '*', resource: ['model/off', 'model/none'] },
      allow(['model/a', 'model/off', 'model/{b,c}', 'model/gpt-*', 'tool/x']),
      allow('model/premium', { conditions: { agent_id: 'premium-*' } }),
      { effect: 'warn', action: 'llm.generate', resource: 'model/w' },
      { effect: 'allow', action: 'embedding.generate', resource: 'model/e' },
    ];
    expect(await alternatives({ rules })).toEqual(['a', 'b', 'c', 'w']);
    expect(await alternatives({ rules }, 'premium-1')).toEqual(['a', 'b', 'c', 'premium', 'w']);
  });

  test('leave out what a deny rule stops by its bare name', async () => {
    const rules = [{ effect: 'deny', action: '*', resource: 'model/gpt-4' }, allow(['model/openai/gpt-4', 'model/x'])];
    expect(await alternatives({ rules })).toEqual(['x']);
  });

  test('are 20 at most', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `model/m${index}`);
    expect(await alternatives({ rules: [allow(names)] })).toHaveLength(20);
  });

  test('are those of the policy that denied, also when it changed meanwhile', async () => {
    const { cz, setPolicy } = await createTestControlZero({ rules: [allow('model/a')] });
    const error = (await cz
      .enforce({ action: 'llm.generate', resource: 'model/x' })
      .catch((thrown: unknown) => thrown)) as PolicyDeniedError;
    await setPolicy({ rules: [] });
    expect(error.alternatives).toEqual(['a']);
  });
});

test('actions without end are decided alike, and only so many are remembered', () => {
  const compiled = compileDocument({ rules: [{ effect: 'allow', action: 'tool.*', resource: '*' }] });
  for (let index = 0; index < 600; index += 1) {
    expect(decide(compiled, { action: `tool.${index}`, resource: 'x' }).allowed).toBe(true);
    expect(decide(compiled, { action: `other.${index}`, resource: 'x' }).allowed).toBe(false);
  }
  expect(compiled.views.size).toBe(256);
});
