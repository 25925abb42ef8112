import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Policy, PolicyRequest } from '../../src/index.ts';
import { context, modelName, policy, policyDocument, rule } from '../support/arbitrary-policy.ts';
import { compareCrowded, compareEngines } from '../support/compare-engines.ts';
import { compileDocument, decide, explainRequest } from '../support/decide.ts';
import { fuzzSeed } from '../support/fuzz-seed.ts';

// FUZZ_DECISIONS is for longer runs and shorter ones.
const DECISIONS = Number(process.env['FUZZ_DECISIONS'] ?? 1_000_000);
const CROWDED_DECISIONS = DECISIONS / 10;
const seed = fuzzSeed();

const request: fc.Arbitrary<PolicyRequest> = fc
  .tuple(fc.constantFrom('llm.generate', 'embedding.generate', 'tool.call'), modelName, context)
  .map(([action, resource, given]) => Object.assign({ action, resource }, given && { context: given }));
const requests = fc.array(request, { minLength: 20, maxLength: 20 });

function effects(document: unknown, asked: readonly PolicyRequest[]): boolean[] {
  const compiled = compileDocument(document);
  return asked.map((one) => decide(compiled, one).allowed);
}

const OUTCOMES = [
  'RULE_MATCH allow',
  'RULE_MATCH deny',
  'RULE_MATCH warn',
  'NO_RULE_MATCH deny',
  'INVALID_REQUEST deny',
];

describe('the engine and a naive evaluator', () => {
  test('agree on a million random decisions, whichever way the engine comes to them', { timeout: 300_000 }, () => {
    const counts = compareEngines({ decisions: DECISIONS, seed });
    for (const outcome of [...OUTCOMES, 'NO_RULE_MATCH allow']) {
      expect(counts.get(outcome), outcome).toBeGreaterThan(1000);
    }
  });

  test('agree where many rules are for the same few names', { timeout: 300_000 }, () => {
    const counts = compareCrowded({ decisions: CROWDED_DECISIONS, seed });
    for (const outcome of OUTCOMES) expect(counts.get(outcome), outcome).toBeGreaterThan(100);
  });

  test('explain() comes to the same decision and accounts for every rule', { timeout: 60_000 }, () => {
    const property = fc.property(policyDocument, requests, (document, asked) => {
      const compiled = compileDocument(document);
      for (const one of asked) {
        const explained = explainRequest(compiled, one);
        if (!explained) continue;
        expect(explained.decision).toBe(decide(compiled, one));
        expect(explained.rules).toHaveLength(compiled.rules.length);
        const deciding = explained.rules.findIndex(({ outcome }) => outcome === 'decides');
        for (const [index, { outcome, mismatches }] of explained.rules.entries()) {
          const isBefore = deciding === -1 || index < deciding;
          const expected = isBefore ? 'mismatch' : 'not-reached';
          const isCutShort = deciding === -1 && explained.decision.reasonCode === 'INVALID_REQUEST';
          if (!isCutShort) expect(outcome).toBe(index === deciding ? 'decides' : expected);
          expect(mismatches.length > 0).toBe(outcome === 'mismatch');
        }
      }
    });
    fc.assert(property, { seed, numRuns: 500 });
  });
});

describe('laws that hold for every policy', () => {
  const check = (property: fc.IProperty<unknown>): void => fc.assert(property, { seed, numRuns: 1500 });

  test('a deny rule put first never widens', { timeout: 60_000 }, () => {
    check(
      fc.property(policy, rule, requests, (given, extra, asked) => {
        const { allow, deny, ...rest } = extra;
        const action = allow ?? deny;
        const denial = { ...rest, ...(action !== undefined && { action }), effect: 'deny' as const };
        const before = effects(given, asked);
        const after = effects({ ...given, rules: [denial, ...given.rules] }, asked);
        for (const [index, isAllowed] of after.entries()) expect(isAllowed && !before[index]).toBe(false);
      }),
    );
  });

  test('rules after a catch-all change nothing', { timeout: 60_000 }, () => {
    check(
      fc.property(policy, fc.array(rule, { minLength: 1, maxLength: 4 }), requests, (given, extra, asked) => {
        const closed = [...given.rules, { effect: 'deny' as const, action: '*', resource: '*' }];
        expect(effects({ ...given, rules: [...closed, ...extra] }, asked)).toEqual(
          effects({ ...given, rules: closed }, asked),
        );
      }),
    );
  });

  test('splitting a policy in two changes nothing', { timeout: 60_000 }, () => {
    check(
      fc.property(policy, fc.nat({ max: 12 }), requests, (given, at, asked) => {
        const halves: Policy[] = [
          { ...given, rules: given.rules.slice(0, at) },
          { ...given, rules: given.rules.slice(at) },
        ];
        expect(effects(halves, asked)).toEqual(effects(given, asked));
      }),
    );
  });

  test('other names of a resource never turn a denial into an allow', { timeout: 60_000 }, () => {
    check(
      fc.property(policy, requests, fc.array(modelName, { minLength: 1, maxLength: 3 }), (given, asked, aliases) => {
        const before = effects({ ...given, default_action: 'deny' }, asked);
        const after = effects(
          { ...given, default_action: 'deny' },
          asked.map((one) => ({ ...one, aliases })),
        );
        for (const [index, isAllowed] of after.entries()) expect(isAllowed && !before[index]).toBe(false);
      }),
    );
  });

  test('names of policies and rules decide nothing', { timeout: 60_000 }, () => {
    check(
      fc.property(policy, requests, (given, asked) => {
        const renamed = {
          ...given,
          name: 'renamed',
          rules: given.rules.map((one, index) => ({ ...one, id: `r${index}` })),
        };
        expect(effects(renamed, asked)).toEqual(effects(given, asked));
      }),
    );
  });
});
