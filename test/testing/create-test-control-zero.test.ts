import { describe, expect, test } from 'vitest';

import { PolicyInvalidError } from '../../src/index.ts';
import { inlineSource } from '../../src/sources/inline.ts';
import { createTestControlZero } from '../../src/testing/index.ts';
import { describeSourceConformance } from '../support/source-conformance.ts';

const request = { action: 'llm.generate', resource: 'model/gpt-4' };

describe('createTestControlZero', () => {
  test('is a real client on the policy of the test', async () => {
    const { cz, decisions, setPolicy } = await createTestControlZero({ rules: [] }, { agentId: 'a' });
    expect(cz.evaluate(request).allowed).toBe(false);
    await setPolicy({ rules: [{ effect: 'allow', action: '*', resource: '*', conditions: { agent_id: 'a' } }] });
    expect(cz.evaluate(request).allowed).toBe(true);
    expect((await decisions()).map(({ decision }) => decision.effect)).toEqual(['deny', 'allow']);
    expect(cz.status().policy).toMatchObject({ kind: 'test', source: 'local' });
  });

  test('refuses a policy with mistakes', async () => {
    await expect(createTestControlZero({ rules: [{}] })).rejects.toThrow(PolicyInvalidError);
  });
});

let current = inlineSource({ rules: [] });
describeSourceConformance('a source that a test changes', {
  create: async (document) => {
    current = inlineSource(document);
    return { kind: 'test', refreshIntervalMs: 0, read: async (options) => current.read(options) };
  },
  change: async (document) => {
    current = inlineSource(document);
  },
});
