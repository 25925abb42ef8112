import type { BenchGroup } from './bench-case.ts';
import type { Samples } from './sampler.ts';
import type { Cost, Ratio } from './statistics.ts';
import { costOf, ratioOf } from './statistics.ts';

/** What one case costs, and how that compares with the first of its group. */
interface CaseReport {
  readonly name: string;
  readonly nanoseconds: Cost;
  readonly ratio: Ratio;
}

/** The cases of one group. */
export interface GroupReport {
  readonly title: string;
  readonly cases: readonly CaseReport[];
}

/** Sums up what was measured of a group. */
export function reportGroup({ title, cases }: BenchGroup, samples: Samples): GroupReport {
  const [baseline = []] = samples;
  return {
    title,
    cases: cases.map(({ name }, index) => {
      const batches = samples[index] ?? [];
      return { name, nanoseconds: costOf(batches), ratio: ratioOf(batches, baseline) };
    }),
  };
}

const COLUMNS = ['', 'per call', 'p50', 'p90', 'p99', 'ratio', 'p10', 'p50', 'p90'];
const WIDTHS = [34, 10, 10, 10, 10, 9, 8, 8, 8];

function time(nanoseconds: number): string {
  if (nanoseconds < 1000) return `${nanoseconds.toFixed(1)} ns`;
  if (nanoseconds < 1_000_000) return `${(nanoseconds / 1000).toFixed(1)} µs`;
  return `${(nanoseconds / 1_000_000).toFixed(2)} ms`;
}

function row(cells: readonly string[]): string {
  const padded = cells.map((cell, index) => {
    const width = WIDTHS[index] ?? 0;
    return index === 0 ? cell.padEnd(width) : cell.padStart(width);
  });
  return padded.join('');
}

function caseRow({ name, nanoseconds, ratio }: CaseReport): string {
  const { fastest, p50, p90, p99 } = nanoseconds;
  const ratios = [ratio.fastest, ratio.p10, ratio.p50, ratio.p90].map((value) => value.toFixed(3));
  return row([name, ...[fastest, p50, p90, p99].map(time), ...ratios]);
}

/** A table per group. */
export function formatReport(groups: readonly GroupReport[]): string {
  const tables = groups.map(({ title, cases }) => [title, row(COLUMNS), ...cases.map(caseRow)].join('\n'));
  return [
    'Per call: processor time, mean of the fastest fifth of the batches; p50 to p99 over all of them.',
    'Ratio: over the first row, of the fastest fifths; p10 to p90 of the ratios round by round.',
    ...tables,
  ].join('\n\n');
}
