import { describe, expect, test } from 'vitest';

import type { PolicyRequest } from '../../src/index.ts';
import { compileDocument, decide } from '../support/decide.ts';

const rules = Array.from({ length: 60 }, (_, index) => ({
  id: `r${index}`,
  effect: index % 2 === 0 ? 'allow' : 'deny',
  action: ['llm.generate', 'tool.*'],
  resource: index % 3 === 0 ? 'model/shared' : `model/m${index}*`,
  conditions: { agent_id: `team-${index}-*` },
}));

function ask(resource: string, agent: string, action = 'llm.generate'): PolicyRequest {
  return { action, resource, context: { agent_id: agent } };
}

describe('what is remembered', () => {
  test('stays within its bound, whatever is asked', () => {
    const compiled = compileDocument({ rules });
    let most = 0;
    for (let index = 0; index < 200_000; index += 1) {
      decide(compiled, ask(`model/m${index % 5000}`, `team-${index}`, index % 7 === 0 ? `tool.t${index}` : undefined));
      most = Math.max(most, compiled.memo.size);
    }
    expect(most).toBeGreaterThan(256);
    expect(most).toBeLessThanOrEqual(4096);
    expect(compiled.views.size).toBe(256);
  });

  test('holds no long names and values, so the bound is one of bytes, too', () => {
    const compiled = compileDocument({ rules });
    for (let index = 0; index < 100; index += 1) {
      decide(compiled, ask(`model/m${index}${'x'.repeat(300)}`, 'team-1'));
      decide(compiled, ask('model/shared', `team-${index}-${'x'.repeat(300)}`));
    }
    expect(compiled.memo.size).toBe(0);
  });

  test('does not grow by context keys that no rule looks at', () => {
    const compiled = compileDocument({ rules });
    for (let index = 0; index < 1000; index += 1) {
      const request = ask('model/m1', 'team-1-a');
      decide(compiled, { ...request, context: { ...request.context, trace_id: `t${index}` } });
    }
    expect(compiled.memo.size).toBe(1);
  });

  test('says nothing about a request that has another of many keys', () => {
    const keys = Array.from({ length: 40 }, (_, index) => `key_${index}`);
    const compiled = compileDocument({
      rules: keys.map((key) => ({ effect: 'allow', action: '*', resource: 'model/a', conditions: { [key]: 'yes' } })),
    });
    const allowed = (context: Record<string, string>): boolean =>
      decide(compiled, { action: 'llm.generate', resource: 'model/a', context }).allowed;
    expect(allowed({})).toBe(false);
    for (const key of keys) expect(allowed({ [key]: 'yes' }), key).toBe(true);
    expect(allowed({})).toBe(false);
  });

  test('is the same frozen object for the same answer', () => {
    const compiled = compileDocument({ rules });
    const first = decide(compiled, ask('model/m1-x', 'team-1-a'));
    expect(first).toMatchObject({ effect: 'deny', rule: 'r1' });
    expect(decide(compiled, ask('model/m1-x', 'team-1-a'))).toBe(first);
    expect(decide(compiled, ask('model/m1-y', 'team-1-b'))).toBe(first);
    expect(Object.isFrozen(first)).toBe(true);
  });
});

describe('the decision of a moment ago', () => {
  const few = {
    rules: [
      { id: 'team', effect: 'deny', action: '*', resource: 'model/m*', conditions: { agent_id: 'team-1' } },
      { id: 'rest', effect: 'allow', action: '*', resource: 'model/m*' },
    ],
  };

  test('answers for no other name, agent, further name or action', () => {
    const compiled = compileDocument(few);
    const asked: readonly (readonly [PolicyRequest, string | number | null])[] = [
      [ask('model/m1', 'team-1'), 'team'],
      [ask('model/m1', 'team-2'), 'rest'],
      [{ action: 'llm.generate', resource: 'model/m1' }, 'rest'],
      [{ ...ask('model/m1', 'team-2'), aliases: ['model/m2'] }, 'rest'],
      [{ ...ask('model/x', 'team-1'), aliases: ['model/m2'] }, 'team'],
      [ask('model/x', 'team-1'), null],
      [ask('model/m1', 'team-1', 'tool.call'), 'team'],
      [ask('model/a/m1', 'team-1'), 'team'],
      [ask('model/a/m1', 'team-2'), null],
    ];
    for (const [request] of asked) {
      // Often enough for it to be kept.
      for (let time = 0; time < 20; time += 1) decide(compiled, request);
      for (const [other, rule] of asked) expect(decide(compiled, other).rule, JSON.stringify(other)).toBe(rule);
    }
  });

  test('is not kept where more keys count, nor with long names', () => {
    const compiled = compileDocument({
      rules: [
        { effect: 'allow', action: '*', resource: '*', conditions: { agent_id: 'a', tier: 'gold' } },
        { effect: 'deny', action: '*', resource: '*' },
      ],
    });
    const asked = (tier: string): PolicyRequest => ({ ...ask('model/m', 'a'), context: { agent_id: 'a', tier } });
    for (let time = 0; time < 20; time += 1) expect(decide(compiled, asked('gold')).allowed).toBe(true);
    expect(decide(compiled, asked('lead')).allowed).toBe(false);
    const long = compileDocument(few);
    for (let time = 0; time < 20; time += 1) decide(long, ask(`model/m${'x'.repeat(300)}`, 'team-1'));
    for (let time = 0; time < 20; time += 1) decide(long, ask('model/m1', 'x'.repeat(300)));
    expect(JSON.stringify([...long.views.values()])).not.toContain('xxx');
    expect(decide(long, ask(`model/m${'x'.repeat(300)}`, 'team-2')).rule).toBe('rest');
  });
});
