import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Policy, PolicyRequest, Rule } from '../../src/index.ts';
import { diffPolicies } from '../../src/testing/index.ts';
import { policy, requestGrid } from '../support/arbitrary-policy.ts';
import { compileDocument, decide } from '../support/decide.ts';
import { fuzzSeed } from '../support/fuzz-seed.ts';

const seed = fuzzSeed();
const hasOverlongValue = ({ context }: PolicyRequest): boolean =>
  Object.values(context ?? {}).some((value) => typeof value === 'string' && value.length > 1024);
const allow = (resource: string, more: Partial<Rule> = {}): Rule => ({
  effect: 'allow',
  action: 'llm.generate',
  resource,
  ...more,
});

// A neighbour of a policy: rules swapped, removed, or with another effect.
const edited: fc.Arbitrary<[Policy, Policy]> = fc
  .tuple(policy, fc.nat(), fc.nat(), fc.constantFrom('swap', 'remove', 'effect', 'nothing'))
  .map(([one, a, b, edit]): [Policy, Policy] => {
    const base = { ...one, rules: one.rules.slice(0, 6) };
    const rules = [...base.rules];
    const [at, to] = [a % Math.max(1, rules.length), b % Math.max(1, rules.length)];
    const rule = rules[at];
    if (rule && edit === 'swap') [rules[at], rules[to]] = [rules[to] ?? rule, rule];
    if (edit === 'remove') rules.splice(at, 1);
    if (rule && edit === 'effect') {
      const { allow: allowed, deny, ...rest } = rule;
      const action = allowed ?? deny;
      rules[at] = { ...rest, ...(action !== undefined && { action }), effect: 'warn' };
    }
    return [base, { ...base, rules }];
  });

describe('diffPolicies', () => {
  test('never says "no difference" when a random request differs', { timeout: 180_000 }, async () => {
    const counts = { same: 0, different: 0, incomplete: 0 };
    await fc.assert(
      fc.asyncProperty(edited, requestGrid, async ([before, after], grid) => {
        const { differences, isComplete } = await diffPolicies(before, after);
        counts[isComplete ? (differences.length === 0 ? 'same' : 'different') : 'incomplete'] += 1;
        const [old, next] = [compileDocument(before), compileDocument(after)];
        for (const { request, before: was, after: is } of differences) {
          expect(decide(old, request).effect).toBe(was.effect);
          expect(decide(next, request).effect).toBe(is.effect);
          expect(was.effect).not.toBe(is.effect);
        }
        if (!isComplete || differences.length > 0) return;
        for (const request of grid.filter((one) => !hasOverlongValue(one)))
          expect({ request, effect: decide(next, request).effect }).toEqual({
            request,
            effect: decide(old, request).effect,
          });
      }),
      { seed, numRuns: 500 },
    );
    console.log(`FUZZ_SEED=${seed} ${JSON.stringify(counts)}`);
    expect(counts.same).toBeGreaterThan(100);
    expect(counts.different).toBeGreaterThan(50);
    expect(counts.incomplete).toBeLessThan(25);
  });

  test('rules that moved, were renamed or split make no difference', async () => {
    const before = { rules: [allow('model/{a,b}', { id: 'x' }), allow('model/c')] };
    const after = { rules: [allow('model/c'), allow('model/b'), allow('model/a')] };
    expect(await diffPolicies(before, after)).toEqual({ differences: [], isComplete: true });
  });

  test('sees what only another name of the resource changes', async () => {
    const deny: Rule = { effect: 'deny', action: 'llm.generate', resource: 'model/x' };
    const { differences } = await diffPolicies(
      { rules: [deny, allow('model/y')] },
      { rules: [allow('model/y'), deny] },
    );
    expect(differences).toHaveLength(1);
    expect(differences[0]).toMatchObject({ request: { resource: 'model/y', aliases: ['model/x'] } });
  });
});
