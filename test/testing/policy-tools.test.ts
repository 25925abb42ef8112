import { describe, expect, test } from 'vitest';

import { createTestControlZero, lintPolicy, policyMatchers, replayRecords } from '../../src/testing/index.ts';
import type { PolicyMatchers } from '../../src/testing/index.ts';

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends PolicyMatchers<R> {}
}
expect.extend(policyMatchers);

const rule = { effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' } as const;
const request = { action: 'llm.generate', resource: 'model/gpt-4' };

describe('matchers', () => {
  test('allow and deny, each with a message that names the rule', async () => {
    const { cz, decisions } = await createTestControlZero({ name: 'p', rules: [{ ...rule, id: 'r' }] });
    expect(cz).toAllow(request);
    expect(cz).not.toDeny(request);
    expect(cz).toDeny({ ...request, resource: 'model/x' });
    expect(() => expect(cz).toDeny(request)).toThrow('is: allow, by rule "r" of policy "p"');
    expect(() => expect(cz).toAllow({ ...request, resource: 'model/x' })).toThrow('is: deny, by NO_RULE_MATCH');
    expect(() => expect(cz).toDeny({ ...request, resource: 'model/x' }, 'r')).toThrow('NO_RULE_MATCH');
    expect(await decisions()).toEqual([]);
  });
});

describe('places of findings', () => {
  test('the rule is named in a list and in a set of policies, in the order of priority', async () => {
    const policies = [
      { name: 'late', rules: [rule] },
      { name: 'early', priority: 1, rules: [rule] },
    ];
    for (const document of [policies, { policies }])
      expect(await lintPolicy(document)).toMatchObject({
        findings: [{ kind: 'duplicate-rule', policy: 'late', rule: 0 }],
        isComplete: true,
      });
  });
});

describe('replay', () => {
  const line = JSON.stringify({ ...request, effect: 'allow' });

  test('a record without an agent was made by none: that is known', async () => {
    const report = await replayRecords([line], { rules: [{ ...rule, conditions: { agent_id: 'a' } }] });
    expect(report).toMatchObject({ newlyDenied: 1, unknown: 0, denied: [{ agent: null, count: 1 }] });
  });

  test('an attribute that cannot change the effect is not reported', async () => {
    const document = { rules: [{ ...rule, conditions: { region: 'eu' } }, rule] };
    expect(await replayRecords([line], document)).toMatchObject({ unchanged: 1, unknown: 0 });
  });

  test('says how far it is', async () => {
    const seen: number[] = [];
    await replayRecords(
      Array.from({ length: 25_000 }, () => line),
      { rules: [rule] },
      { onProgress: (records) => seen.push(records) },
    );
    expect(seen).toEqual([10_000, 20_000]);
  });
});
