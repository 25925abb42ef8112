import { describe, expect, test } from 'vitest';

import { toPolicy } from '../../bench/engine-subject.ts';
import type { Shape } from '../../bench/engine-workload.ts';
import { SHAPES, mixedRules } from '../../bench/engine-workload.ts';
import { Effort } from '../../src/engine/effort.ts';
import type { RuleFindings } from '../../src/engine/lint.ts';
import { lintRules } from '../../src/engine/lint.ts';
import { parsePolicy } from '../../src/policy/parse.ts';
import type { Rule } from '../../src/policy/types.ts';

const SIZES = [1000, 2000, 4000];

function lint(rules: readonly Rule[], effort = new Effort()): RuleFindings & { readonly looks: number } {
  const found = lintRules(parsePolicy({ rules: [...rules] }, { origin: 'test' }), { effort });
  return { ...found, looks: effort.looks + effort.comparisons };
}

/** How many pairs of rules are looked at, for each size. */
function looks(rulesOf: (count: number) => readonly Rule[]): readonly number[] {
  return SIZES.map((count) => {
    const found = lint(rulesOf(count));
    expect(found.isComplete).toBe(true);
    return found.looks;
  });
}

const shapeRules = (shape: Shape, count: number): readonly Rule[] =>
  toPolicy(Array.from({ length: count }, (_, number) => shape.rule(number))).rules;

// A deny for each rule of a shape, under a condition, and then the rules of that shape for other names.
const deniedShape = (shape: Shape, count: number): readonly Rule[] => {
  const rules = shapeRules(shape, count);
  const denies = rules
    .slice(0, count / 2)
    .map((rule): Rule => Object.assign(rule, { effect: 'deny', conditions: { tier: 'x' } }));
  return [...denies, ...rules.slice(count / 2)];
};

describe('the pairs of rules that lint looks at grow with the rules, not with their square', () => {
  test('mixed rules', () => {
    const [first = 0, second = 0, third = 0] = looks((count) => toPolicy(mixedRules(count)).rules);
    console.log(`pairs looked at for ${SIZES.join(', ')} mixed rules: ${[first, second, third].join(', ')}`);
    expect(first).toBeLessThan(1000 * 4);
    expect(second / first).toBeLessThan(3);
    expect(third / second).toBeLessThan(3);
  });

  test.each(SHAPES.map((shape) => [shape.name, shape] as const))('%s', (_, shape) => {
    for (const counts of [looks((count) => shapeRules(shape, count)), looks((count) => deniedShape(shape, count))]) {
      const [first = 0, second = 0, third = 0] = counts;
      // Nothing that doubles with the rules is above two; the square would be four.
      expect(second).toBeLessThan(Math.max(2000, first * 3));
      expect(third).toBeLessThan(Math.max(4000, second * 3));
    }
  });
});

describe('rules that overlap in every way', () => {
  const overlapping = (number: number): Rule => ({
    effect: 'allow',
    action: 'llm.generate',
    resource: `model/*${'abcdef'[number % 6]}${'?'.repeat(12 + (number % 7))}${'uvwxyz'[number % 5]}*`,
  });
  const rules = Array.from({ length: 1000 }, (_, number) => overlapping((number * 7919) % 10_007));

  test('are compared as far as the effort goes, and the result says that this was not all', () => {
    const seen: number[] = [];
    const policies = parsePolicy(
      { rules: [...rules, { effect: 'allow', action: '*', resource: 'model/**' }] },
      { origin: 'test' },
    );
    const result = lintRules(policies, { effort: new Effort(100_000), onProgress: (count) => seen.push(count) });
    expect(result.isComplete).toBe(false);
    // What needs no comparison is still found, and every rule is gone through.
    expect(result.findings.at(-1)).toMatchObject({ kind: 'pattern-trap', at: [0, 1000] });
    expect(seen).toEqual(Array.from({ length: 1001 }, (_, index) => index + 1));
  });

  test('lead to the same findings each time: the effort is counted, not timed', () => {
    const [one, other] = [lint(rules, new Effort(500_000)), lint(rules, new Effort(500_000))];
    expect(one).toEqual(other);
    expect(one.isComplete).toBe(false);
    expect(one.looks).toBeLessThan(500_000);
  });

  test('are left out when a pair takes too many states, or a rule has too many alternatives', () => {
    const allow = (resource: string | string[], action: string | string[] = 'llm.generate'): Rule => ({
      effect: 'allow',
      action,
      resource,
    });
    const wide = '?'.repeat(15);
    expect(lint([allow(`model/*a${wide}`), allow(`model/*b*a${wide}`)])).toMatchObject({
      findings: [],
      isComplete: false,
    });
    const many = Array.from({ length: 700 }, (_, index) => `model/a${index}`);
    const actions = ['llm.generate', 'embedding.generate', 'tool.call'];
    expect(lint([allow('model/a*'), allow(many, actions)])).toMatchObject({ findings: [], isComplete: false });
    expect(lint([allow('model/a*'), allow(many.slice(0, 600), actions)]).isComplete).toBe(true);
  });

  test('claim nothing else when the effort ends early', () => {
    const { rules: mixed } = toPolicy(mixedRules(300));
    const all = lint([...mixed, ...mixed]).findings.map(({ kind, at }) => `${at[1]} ${kind}`);
    expect(all.length).toBeGreaterThan(300);
    for (const units of [1, 1000, 3000]) {
      const { findings, isComplete } = lint([...mixed, ...mixed], new Effort(units));
      expect(isComplete).toBe(false);
      expect(findings.length).toBeLessThan(all.length);
      expect(all).toEqual(expect.arrayContaining(findings.map(({ kind, at }) => `${at[1]} ${kind}`)));
    }
  });
});
