import type { AttemptOutcome, Regime } from '../sources/source.ts';

type Failure = NonNullable<AttemptOutcome['failure']>;

const FIRST_DELAY_MS = 1000;
const LONGEST_BACK_OFF_MS = 60_000;
const EXTENDED_DELAY_MS = 300_000;
const SHORTEST_POLL_MS = 5000;

// A document that must not be used does not get better by asking again soon, nor does a refused key.
const EXTENDED_KINDS: ReadonlySet<string> = new Set([
  'auth',
  'tls',
  'too_large',
  'signature',
  'wrong_project',
  'rollback',
  'equivocation',
  'unsupported',
]);
// Client errors that pass by themselves: too slow, too early, too many.
const PASSING_STATUSES: ReadonlySet<number> = new Set([408, 425, 429]);

/** Which regime follows a failure. */
export function regimeAfter({ kind, httpStatus = 0 }: Failure): Exclude<Regime, 'normal'> {
  if (EXTENDED_KINDS.has(kind)) return 'extended';
  return httpStatus >= 400 && httpStatus < 500 && !PASSING_STATUSES.has(httpStatus) ? 'extended' : 'back_off';
}

/** The delay after so many failures in a row, without chance: 1 s, 2 s, 4 s, up to 60 s. */
export function backOffMs(failures: number): number {
  return Math.min(FIRST_DELAY_MS * 2 ** Math.max(failures - 1, 0), LONGEST_BACK_OFF_MS);
}

/** A delay in a regime after failures, somewhere in its second half. */
export function failureDelayMs(regime: Exclude<Regime, 'normal'>, failures: number, random: number): number {
  const longest = regime === 'extended' ? EXTENDED_DELAY_MS : backOffMs(failures);
  return longest * (0.5 + random / 2);
}

/** An interval that may be used: at least 5 seconds, or 0 for never. */
export function pollIntervalMs(intervalMs: number): number {
  return intervalMs === 0 ? 0 : Math.max(intervalMs, SHORTEST_POLL_MS);
}

/** The delay to the next poll: a fifth around the interval, so that clients drift apart. */
export function pollDelayMs(intervalMs: number, random: number): number {
  return intervalMs * (0.8 + 0.4 * random);
}

/** The delay to the first poll: anywhere in the interval, so that clients that start together part at once. */
export function firstPollDelayMs(intervalMs: number, random: number): number {
  return intervalMs * random;
}
