import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { EngineOptions } from '../../src/engine/compile.ts';
import type { Decision, Policy, PolicyDocument, PolicyRequest } from '../../src/index.ts';
import {
  context,
  crowdedGrid,
  crowdedPolicy,
  modelName,
  policy,
  policyDocument,
  requestGrid,
  rule,
} from '../support/arbitrary-policy.ts';
import { compileDocument, decide, explainRequest } from '../support/decide.ts';
import { fuzzSeed } from '../support/fuzz-seed.ts';
import type { NaiveDecision } from '../support/naive-evaluator.ts';
import { createNaiveEvaluator } from '../support/naive-evaluator.ts';

// FUZZ_DECISIONS is for longer runs, and for shorter ones that only have to find a planted fault.
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

// Every way the engine can come to a decision, forced, and the way it chooses by itself.
const ENGINES: readonly EngineOptions[] = [
  {},
  { isIndexed: false },
  { remembered: 0, bucketSize: 1 },
  { remembered: 3, bucketSize: 2 },
  { bucketSize: 1 },
];

function outcomeOf({ allowed, effect, reasonCode, policy: name, rule: id }: Decision): Record<string, unknown> {
  return { allowed, effect, reasonCode, policy: name, rule: id };
}

function isSame(decision: Decision, expected: NaiveDecision): boolean {
  return (
    decision.allowed === expected.allowed &&
    decision.effect === expected.effect &&
    decision.reasonCode === expected.reasonCode &&
    decision.policy === expected.policy &&
    decision.rule === expected.rule
  );
}

// Compares on every engine; each request is asked twice in a row, so that what was remembered answers too.
function compareAll(document: PolicyDocument, grid: readonly PolicyRequest[]): Map<string, number> {
  const engines = ENGINES.map((options) => ({ options, compiled: compileDocument(document, options) }));
  const naive = createNaiveEvaluator(document);
  const counts = new Map<string, number>();
  for (const one of grid) {
    const expected = naive(one);
    for (const { options, compiled } of engines) {
      const decisions = [decide(compiled, one), decide(compiled, one)];
      const wrong = decisions.find((decision) => !isSame(decision, expected));
      if (wrong) expect({ request: one, options, ...outcomeOf(wrong) }).toEqual({ request: one, options, ...expected });
    }
    const outcome = `${expected.reasonCode} ${expected.effect}`;
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  return counts;
}

const OUTCOMES = [
  'RULE_MATCH allow',
  'RULE_MATCH deny',
  'RULE_MATCH warn',
  'NO_RULE_MATCH deny',
  'INVALID_REQUEST deny',
];

function compareMany(
  documents: fc.Arbitrary<PolicyDocument>,
  grids: fc.Arbitrary<PolicyRequest[]>,
  decisions: number,
): Map<string, number> {
  const counts = new Map<string, number>();
  let compared = 0;
  const property = fc.property(documents, grids, (document, grid) => {
    for (const [outcome, count] of compareAll(document, grid)) counts.set(outcome, (counts.get(outcome) ?? 0) + count);
    compared += grid.length;
  });
  for (let round = 0; compared < decisions; round += 1) fc.assert(property, { seed: seed + round, numRuns: 500 });
  console.log(
    `compared ${compared} decisions on ${ENGINES.length} engines, twice each, 0 differences, FUZZ_SEED=${seed}, ` +
      JSON.stringify(Object.fromEntries(counts)),
  );
  return counts;
}

describe('the engine and a naive evaluator', () => {
  test('agree on a million random decisions, whichever way the engine comes to them', { timeout: 300_000 }, () => {
    const counts = compareMany(policyDocument, requestGrid, DECISIONS);
    for (const outcome of [...OUTCOMES, 'NO_RULE_MATCH allow']) {
      expect(counts.get(outcome), outcome).toBeGreaterThan(1000);
    }
  });

  test('agree where many rules are for the same few names', { timeout: 300_000 }, () => {
    const counts = compareMany(crowdedPolicy, crowdedGrid, CROWDED_DECISIONS);
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
