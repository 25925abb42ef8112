import type { Moment } from './clock.ts';
import { since } from './clock.ts';

const EXPIRY_GRACE_MS = 300_000;
const SHORTEST_STALE_MS = 600_000;
const STALE_INTERVALS = 3;

/** How long after the last success a policy counts as fresh; Infinity for a source that is not read again. */
export function freshForMs(intervalMs: number): number {
  return intervalMs === 0 ? Infinity : Math.max(STALE_INTERVALS * intervalMs, SHORTEST_STALE_MS);
}

interface Deadline {
  readonly from: Moment;
  readonly forMs: number;
}

/** What changes a state by the mere passing of time. */
export interface Deadlines {
  /** When the policy was last known to be the newest, and how long that holds. */
  readonly fresh: Deadline | undefined;
  /** When the first attempt began, and how long it may be under way. */
  readonly first: Deadline | undefined;
  /** Wall clock time of the policy itself. */
  readonly expiresAt: number | null | undefined;
}

/** Milliseconds until each deadline; zero or less when it has passed. */
export interface Remaining {
  readonly freshMs: number;
  readonly validMs: number;
  readonly firstMs: number;
}

function remaining(deadline: Deadline | undefined, now: Moment): number {
  return deadline ? deadline.forMs - since(deadline.from, now) : Infinity;
}

/** How long the state stays what it is. */
export function remainingOf(deadlines: Deadlines, now: Moment): Remaining {
  const { fresh, first, expiresAt } = deadlines;
  return {
    freshMs: remaining(fresh, now),
    validMs: (expiresAt ?? Infinity) + EXPIRY_GRACE_MS - now.wall,
    firstMs: remaining(first, now),
  };
}

/** Milliseconds until the next deadline that is still ahead; Infinity when none is. */
export function nextDeadlineMs({ freshMs, validMs, firstMs }: Remaining): number {
  return Math.min(...[freshMs, validMs, firstMs].filter((ms) => ms > 0));
}
