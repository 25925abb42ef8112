import { compilePolicy } from '../src/engine/compile.ts';
import { Effort } from '../src/engine/effort.ts';
import { lintRules } from '../src/engine/lint.ts';
import type { ParsedPolicy } from '../src/policy/parsed-policy.ts';
import { parsePolicy } from '../src/policy/parse.ts';
import { toPolicy } from './engine-subject.ts';
import { mixedRules } from './engine-workload.ts';
import type { Measurement, Table } from './table.ts';

const SIZES = [100, 1000, 10_000];

// What neighbours on the machine take is wall time here, so the best of several turns counts.
function fastest(turns: number, work: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < turns; turn += 1) {
    const start = performance.now();
    work();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

function rowOf(count: number): Table['rows'][number] {
  const document = toPolicy(mixedRules(count));
  // Read anew for each turn: what lint finds out about patterns is kept with them.
  const parse = (): readonly ParsedPolicy[] => parsePolicy(document, { origin: 'a bench' });
  const turns = Math.max(5, Math.min(40, Math.floor(20_000 / count)));
  const compiled = parse();
  const compileMs = fastest(turns, () => compilePolicy(compiled, 'bench'));
  const parsed = Array.from({ length: turns }, parse);
  const lintMs = fastest(turns, () => lintRules(parsed.pop() ?? []));
  const effort = new Effort();
  if (!lintRules(compiled, { effort }).isComplete) throw new Error('Not all rules were compared.');
  return [
    `${count.toLocaleString('en')} rules`,
    compileMs,
    lintMs,
    lintMs / compileMs,
    effort.looks + effort.comparisons,
  ];
}

/** What looking for mistakes costs, beside compiling the same policy. */
export const lint: Measurement = {
  name: 'lint',
  measure: async () => [
    {
      title: 'Lint of mixed rules',
      columns: ['compile, ms', 'lint, ms', '/ compile', 'pairs looked at'],
      rows: SIZES.map(rowOf),
    },
  ],
};
