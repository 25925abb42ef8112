/** What one case costs, in nanoseconds per call. */
export interface Cost {
  /** Mean of the fastest fifth of the batches: the figure that neighbours on the machine move least. */
  readonly fastest: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** What one case costs as a multiple of another that was measured in the same rounds. */
export interface Ratio {
  /** Of the fastest fifths. */
  readonly fastest: number;
  /** Of the two batches of one round: percentiles over the rounds. */
  readonly p10: number;
  readonly p50: number;
  readonly p90: number;
}

/** The value below which a share of a sorted list lies. */
export function percentile(sorted: readonly number[], share: number): number {
  const index = Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1);
  return sorted[Math.max(0, index)] ?? Number.NaN;
}

const ascending = (left: number, right: number): number => left - right;

function fastestFifth(sorted: readonly number[]): number {
  const fifth = sorted.slice(0, Math.max(1, Math.floor(sorted.length / 5)));
  return fifth.reduce((sum, value) => sum + value, 0) / fifth.length;
}

/** Sums up the batches of a case. */
export function costOf(batches: readonly number[]): Cost {
  const sorted = batches.toSorted(ascending);
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((share) => percentile(sorted, share)) as [number, number, number];
  return { fastest: fastestFifth(sorted), p50, p90, p99 };
}

/** Compares the batches of a case with those of another, round by round. */
export function ratioOf(batches: readonly number[], baseline: readonly number[]): Ratio {
  const rounds = batches.map((batch, round) => batch / (baseline[round] ?? Number.NaN)).toSorted(ascending);
  const [p10, p50, p90] = [0.1, 0.5, 0.9].map((share) => percentile(rounds, share)) as [number, number, number];
  return { fastest: costOf(batches).fastest / costOf(baseline).fastest, p10, p50, p90 };
}
