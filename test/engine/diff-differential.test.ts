import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { toPolicy } from '../../bench/engine-subject.ts';
import { mixedRules } from '../../bench/engine-workload.ts';
import { relevantRules } from '../../src/engine/changed-rules.ts';
import type { DifferingRequests, Walk } from '../../src/engine/diff.ts';
import { compareWalks, findDiffering } from '../../src/engine/diff.ts';
import { defaultEffect } from '../../src/engine/lint.ts';
import type { ParsedRule } from '../../src/policy/parsed-policy.ts';
import { parsePolicy } from '../../src/policy/parse.ts';
import type { Policy, Rule } from '../../src/policy/types.ts';
import { crowdedPolicy, policy } from '../support/arbitrary-policy.ts';
import { compileDocument, decide } from '../support/decide.ts';
import { fuzzSeed } from '../support/fuzz-seed.ts';

const seed = fuzzSeed();

function walkOf(document: Policy): Walk {
  const policies = parsePolicy(document, { origin: 'test' });
  return { rules: policies.flatMap(({ rules }) => rules), fallback: defaultEffect(policies) };
}

interface Changes {
  /** The rules that decide the requests, before and after. */
  readonly rules: readonly string[];
  /** False when an example is decided alike, because of a bare name of its own. */
  readonly isConfirmed: boolean;
}

function changesOf({ requests }: DifferingRequests, before: Policy, after: Policy): Changes {
  const [old, next] = [compileDocument(before), compileDocument(after)];
  const pairs = requests.map((request) => [decide(old, request), decide(next, request)] as const);
  const differing = pairs.filter(([was, is]) => was.effect !== is.effect);
  const rules = differing.map(([was, is]) => JSON.stringify([was.effect, was.rule, is.effect, is.rule]));
  return { rules: [...new Set(rules)].toSorted(), isConfirmed: differing.length === pairs.length };
}

type Edit = 'swap' | 'remove' | 'copy' | 'nothing';

function edited(document: Policy, edit: Edit, [from, to]: readonly [number, number]): Policy {
  // Numbers as names, so that a rule that stays is called the same.
  const rules = document.rules.map((rule, index): Rule => ({ ...rule, id: `r${index}` }));
  const [a, b] = [from % Math.max(1, rules.length), to % Math.max(1, rules.length)];
  const [one, other] = [rules[a], rules[b]];
  if (one && other && edit === 'swap') [rules[a], rules[b]] = [other, one];
  if (edit === 'remove') rules.splice(a, 1);
  if (one && edit === 'copy') rules.splice(b, 0, { ...one, id: 'copy' });
  return { ...document, rules };
}

const edits = fc.tuple(fc.constantFrom<Edit>('swap', 'remove', 'copy', 'nothing'), fc.tuple(fc.nat(40), fc.nat(40)));
const short = policy.map((one): Policy => Object.assign(one, { rules: one.rules.slice(0, 9) }));
const crowded = crowdedPolicy.map((one): Policy => Object.assign(one, { rules: one.rules.slice(0, 8) }));

describe('what did not change is left out of a diff, and nothing else', () => {
  test.each<[string, fc.Arbitrary<Policy>, number]>([
    ['policies of all shapes', short, 400],
    ['rules that share their names', crowded, 60],
  ])('%s', { timeout: 300_000 }, (_, policies, numRuns) => {
    const counts = { compared: 0, smaller: 0, changes: 0, unconfirmed: 0 };
    fc.assert(
      fc.property(policies, edits, (given, [edit, places]) => {
        const [before, after] = [edited(given, 'nothing', [0, 0]), edited(given, edit, places)];
        const whole = compareWalks(walkOf(before), walkOf(after));
        const found = findDiffering(
          ...([before, after].map((one) => parsePolicy(one, { origin: 'test' })) as [never, never]),
        );
        if (!whole.isComplete) return;
        const changes = changesOf(whole, before, after);
        const reduced = changesOf(found, before, after);
        expect(found.isComplete).toBe(true);
        if (reduced.isConfirmed && changes.isConfirmed) expect(reduced.rules).toEqual(changes.rules);
        else counts.unconfirmed += 1;
        counts.compared += 1;
        counts.changes += changes.rules.length;
        counts.smaller += Number(found.requests.length < whole.requests.length);
      }),
      { seed, numRuns },
    );
    console.log(`FUZZ_SEED=${seed} ${JSON.stringify(counts)}`);
    expect(counts.compared).toBeGreaterThan(numRuns / 2);
    expect(counts.unconfirmed).toBeLessThan(numRuns / 10);
    expect(counts.smaller).toBeGreaterThan(0);
    expect(counts.changes).toBeGreaterThan(numRuns / 8);
  });
});

describe('the rules that a diff goes through', () => {
  const rulesOf = (rules: readonly Rule[]): readonly ParsedRule[] => walkOf({ rules: [...rules] }).rules;
  const allows = (count: number): readonly Rule[] =>
    toPolicy(mixedRules(count)).rules.map((rule) => Object.assign(rule, { effect: 'allow' as const }));
  const count = (before: readonly Rule[], after: readonly Rule[]): number => {
    const relevant = relevantRules(rulesOf(before), rulesOf(after));
    return relevant.before.length + relevant.after.length;
  };

  test('are none when rules were only renamed, whatever their number', () => {
    const rules = toPolicy(mixedRules(2000)).rules;
    const renamed = rules.map((rule, index) => ({ ...rule, id: `other-${index}`, reason: 'another' }));
    expect(count(rules, renamed)).toBe(0);
    expect(count(rules, rules.slice())).toBe(0);
  });

  test('do not grow with an allow-list in which one model changes', () => {
    const literal = (index: number): Rule => ({
      effect: 'allow',
      action: 'llm.generate',
      resource: `model/m-${index}*`,
    });
    const sizes = [1000, 2000, 4000].map((size) => {
      const rules = Array.from({ length: size }, (_, index) => literal(index + 1000));
      return count(rules, rules.toSpliced(7, 1, { ...literal(7), conditions: { agent_id: 'a' } }));
    });
    expect(sizes).toEqual([2, 2, 2]);
  });

  test('are a few of mixed allows', () => {
    for (const size of [1000, 4000]) {
      const rules = allows(size);
      const literal = rules.findIndex(({ resource }) => typeof resource === 'string' && !/[*?[{]/u.test(resource));
      expect(count(rules, rules.toSpliced(literal, 1))).toBeLessThan(8);
    }
  });

  test('are all where the default changes or more changes than stays', () => {
    const rules = allows(600);
    expect(
      count(
        rules,
        rules.map((rule) => ({ ...rule, effect: 'warn' })),
      ),
    ).toBe(1200);
    const [closed, open] = (['deny', 'allow'] as const).map((default_action) =>
      parsePolicy({ rules: rules.slice(0, 3), default_action }, { origin: 'test' }),
    );
    expect(findDiffering(closed ?? [], open ?? []).requests.length).toBeGreaterThan(0);
  });
});
