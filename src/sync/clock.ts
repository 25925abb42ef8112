/** Time and chance, so that tests can have both their way. */
export interface Clock {
  /** The wall clock: milliseconds since the epoch. It may jump. */
  now(): number;
  /** Milliseconds since some moment. It never jumps, and may stand still while the process is frozen. */
  elapsed(): number;
  /** From 0 up to 1. */
  random(): number;
  /** Runs something once after a delay, without keeping the process up. The function that comes back cancels it. */
  after(delayMs: number, run: () => void): () => void;
}

/** The longest delay a timer takes; a longer one would fire at once. */
const LONGEST_DELAY_MS: number = 2 ** 31 - 1;

/** The real clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => (typeof performance === 'undefined' ? Date.now() : performance.now()),
  random: () => Math.random(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, Math.min(Math.max(delayMs, 1), LONGEST_DELAY_MS));
    // Edge runtimes hand out numbers here; on Node a live timer would keep a finished process up.
    (timer as { unref?: () => void }).unref?.();
    return () => clearTimeout(timer);
  },
};

/** One moment on both clocks. */
export interface Moment {
  readonly wall: number;
  readonly elapsed: number;
}

export function momentOf(clock: Clock): Moment {
  return { wall: clock.now(), elapsed: clock.elapsed() };
}

/**
 * Milliseconds since a moment. The larger of both clocks: one stands still while a process is frozen,
 * the other may have been set back.
 */
export function since(moment: Moment, now: Moment): number {
  return Math.max(now.wall - moment.wall, now.elapsed - moment.elapsed);
}
