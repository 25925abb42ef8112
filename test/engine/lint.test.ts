import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { lintRules } from '../../src/engine/lint.ts';
import { parsePolicy } from '../../src/policy/parse.ts';
import type { PolicyDocument, Rule } from '../../src/policy/types.ts';
import { policyDocument, requestGrid, rule } from '../support/arbitrary-policy.ts';
import { compileDocument, decide } from '../support/decide.ts';
import { fuzzSeed } from '../support/fuzz-seed.ts';

const seed = fuzzSeed();
const UNREACHABLE = new Set(['duplicate-rule', 'shadowed-rule', 'unreachable-rule', 'matches-nothing']);

function lint(document: PolicyDocument): { kind: string; rule: number; message: string }[] {
  return lintRules(parsePolicy(document, { origin: 'test' })).findings.map(({ kind, at, message }) => ({
    kind,
    rule: at[1],
    message,
  }));
}

const kinds = (rules: readonly Rule[]): string[] => lint({ rules }).map(({ kind, rule: at }) => `${at} ${kind}`);
const allow = (resource: string | string[], more: Partial<Rule> = {}): Rule => ({
  effect: 'allow',
  action: 'llm.generate',
  resource,
  ...more,
});
const deny = (resource: string | string[], more: Partial<Rule> = {}): Rule => ({
  ...allow(resource, more),
  effect: 'deny',
});

describe('rules that no request reaches', () => {
  test.each<[string, Rule[], string[]]>([
    ['the same rule twice', [allow('model/a'), allow('model/a')], ['1 duplicate-rule']],
    [
      'the same in another spelling',
      [allow('model/a'), allow('model:a', { action: 'llm:generate' })],
      ['1 duplicate-rule'],
    ],
    ['a deny after a wider allow', [allow('model/*', { action: '*' }), allow('model/a')], ['1 shadowed-rule']],
    ['an allow after a wider deny', [deny('model/gpt-4*'), allow('model/gpt-4-turbo')], ['1 shadowed-rule']],
    ['a pattern within a pattern', [deny('model/a*'), allow('model/ab?d*')], ['1 shadowed-rule']],
    ['a set within a set', [deny('model/[a-f]'), allow('model/[b-d]')], ['1 shadowed-rule']],
    ['a list covered by two rules', [allow('model/a'), allow('model/b'), allow('model/{a,b}')], ['2 unreachable-rule']],
    [
      'actions covered by two rules',
      [
        allow('*', { action: 'llm.*' }),
        allow('*', { action: 'embedding.*' }),
        deny('model/x', { action: ['llm.generate', 'embedding.generate'] }),
      ],
      ['2 unreachable-rule'],
    ],
    [
      'values covered by two rules',
      [
        allow('*', { conditions: { tier: 'a*' } }),
        allow('*', { conditions: { tier: 'b' } }),
        allow('model/x', { conditions: { tier: ['ab', 'b'] } }),
      ],
      ['2 unreachable-rule'],
    ],
    [
      'a condition that the earlier rule has as well',
      [deny('*', { conditions: { level: 1 } }), allow('model/x', { conditions: { level: 1, b: true } })],
      ['1 shadowed-rule'],
    ],
    ['a name in a spelling that requests never have', [allow('*', { action: '[l]lm_call' })], ['0 matches-nothing']],
  ])('%s', (_, rules, expected) => {
    expect(kinds(rules).filter((one) => !one.endsWith('context'))).toEqual(expected);
  });

  test.each<[string, Rule[]]>([
    ['a wider rule after a narrower one', [allow('model/a'), allow('model/*')]],
    ['an earlier rule with a condition more', [allow('*', { conditions: { level: 1 } }), allow('model/a')]],
    ['a deny after an allow of the same: it still matches by an alias', [allow('model/a'), deny('model/a')]],
    ['a number and its text', [allow('*', { conditions: { level: 1 } }), allow('*', { conditions: { level: '1' } })]],
  ])('leaves alone: %s', (_, rules) => {
    expect(kinds(rules).filter((one) => UNREACHABLE.has(one.slice(2)))).toEqual([]);
  });

  test('what is called unreachable is never reached by a random request', { timeout: 120_000 }, () => {
    let claims = 0;
    fc.assert(
      fc.property(policyDocument, requestGrid, (document, grid) => {
        const policies = parsePolicy(document, { origin: 'test' });
        const compiled = compileDocument(document);
        const dead = lintRules(policies).findings.filter(({ kind }) => UNREACHABLE.has(kind));
        claims += dead.length;
        const offsets = policies.map((_, index) =>
          policies.slice(0, index).reduce((sum, { rules }) => sum + rules.length, 0),
        );
        const decisions = new Set(dead.map(({ at }) => compiled.rules[(offsets[at[0]] ?? 0) + at[1]]?.decision));
        for (const one of grid) expect(decisions.has(decide(compiled, one))).toBe(false);
      }),
      { seed, numRuns: 600 },
    );
    expect(claims).toBeGreaterThan(200);
  });

  test('a copy and a narrowed copy of any rule are found', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(rule, (one) => {
        const narrowed = { ...one, conditions: { ...one.conditions, ...one.when, extra: 'x' } };
        delete (narrowed as { when?: unknown }).when;
        const found = kinds([one, one, narrowed]).filter((kind) => UNREACHABLE.has(kind.slice(2)));
        expect(found.map((kind) => kind.slice(0, 1)).filter((at) => at !== '0')).toEqual(['1', '2']);
      }),
      { seed, numRuns: 500 },
    );
  });
});

describe('hints', () => {
  test('a deny that depends on optional context names what would allow the call', () => {
    const [finding] = lint({
      rules: [deny('model/gpt-4', { conditions: { agent_id: 'basic' } }), allow('model/gpt-*', { id: 'all' })],
    });
    expect(finding).toMatchObject({ kind: 'deny-depends-on-context', rule: 0 });
    expect(finding?.message).toContain('"agent_id"; rule "all" may then allow the call');
    expect(kinds([deny('model/gpt-4', { conditions: { agent_id: 'basic' } })])).toEqual([]);
  });

  test.each([
    'model/**',
    'model/openai/*',
    'model/*/gpt-4',
    'model/gpt-.*',
    'model/gpt-4$',
    'model/(a|b)',
    'model/gpt%',
    'model/a,model/b',
    'model/[gpt]',
    'gpt-4',
  ])('%s means something else elsewhere', (pattern) => {
    expect(kinds([allow(pattern)])).toEqual(['0 pattern-trap']);
  });

  test.each([
    'model/*',
    'model/gpt-4*',
    'model/gpt-3.5-turbo',
    'model/{a,b}',
    'model/[a-c]',
    'model/gpt-4\\[beta\\]',
    '*',
  ])('%s is as elsewhere', (pattern) => {
    expect(kinds([allow(pattern)])).toEqual([]);
  });

  test('a policy of 1,000 rules is linted', { timeout: 120_000 }, () => {
    const rules = Array.from({ length: 1000 }, (_, index) => allow(`model/vendor-${index}*`));
    const found = lint({ rules: [...rules, allow('model/vendor-997-x')] }).at(-1);
    expect(found).toMatchObject({ kind: 'shadowed-rule', rule: 1000 });
    expect(found?.message).toContain('rule 9');
  });
});
