import * as fc from 'fast-check';

import type { EngineOptions } from '../../src/engine/compile.ts';
import type { Decision, PolicyDocument, PolicyRequest } from '../../src/index.ts';
import { crowdedGrid, crowdedPolicy, policyDocument, requestGrid } from './arbitrary-policy.ts';
import { compileDocument, decide } from './decide.ts';
import type { NaiveDecision } from './naive-evaluator.ts';
import { createNaiveEvaluator } from './naive-evaluator.ts';

// Every way the engine can come to a decision, forced, and the way it chooses by itself.
const ENGINES: readonly EngineOptions[] = [
  {},
  { isIndexed: false },
  { remembered: 0, bucketSize: 1 },
  { remembered: 3, bucketSize: 2 },
  { bucketSize: 1 },
];

/** How many decisions are compared, and with which seed. */
export interface Comparison {
  readonly decisions: number;
  readonly seed: number;
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

// What was decided a moment ago answers where the same is asked in a row, what was remembered where it is asked
// later. Backwards, a name is asked about alone before it is asked about with others beside it.
function compareAll(document: PolicyDocument, grid: readonly PolicyRequest[]): string[] {
  const engines = ENGINES.map((options) => ({ options, compiled: compileDocument(document, options) }));
  const naive = createNaiveEvaluator(document);
  const outcomes = grid.map((request) => naive(request));
  const all = [...grid.keys()];
  for (const index of [...all.toReversed().flatMap((one) => [one, one]), ...all]) {
    const [request, expected] = [grid[index] as PolicyRequest, outcomes[index] as NaiveDecision];
    for (const { options, compiled } of engines) {
      const decided = decide(compiled, request);
      if (isSame(decided, expected)) continue;
      throw new Error(`differs: ${JSON.stringify({ request, options, decided, expected })}`);
    }
  }
  return outcomes.map(({ reasonCode, effect }) => `${reasonCode} ${effect}`);
}

function compare(
  documents: fc.Arbitrary<PolicyDocument>,
  grids: fc.Arbitrary<PolicyRequest[]>,
  { decisions, seed }: Comparison,
): Map<string, number> {
  const counts = new Map<string, number>();
  let compared = 0;
  const property = fc.property(documents, grids, (document, grid) => {
    for (const outcome of compareAll(document, grid)) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    compared += grid.length;
  });
  for (let round = 0; compared < decisions; round += 1) fc.assert(property, { seed: seed + round, numRuns: 200 });
  console.log(
    `compared ${compared} decisions on ${ENGINES.length} engines, three times each, 0 differences, FUZZ_SEED=${seed}, ` +
      JSON.stringify(Object.fromEntries(counts)),
  );
  return counts;
}

/** Compares every engine with the naive evaluator on policies of every kind; throws at the first difference. */
export function compareEngines(comparison: Comparison): Map<string, number> {
  return compare(policyDocument, requestGrid, comparison);
}

/** The same on policies with many rules for the same few names. */
export function compareCrowded(comparison: Comparison): Map<string, number> {
  return compare(crowdedPolicy, crowdedGrid, comparison);
}
