import type { Clock } from '../../src/sync/clock.ts';

interface PlannedTimer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** A clock that a test moves by hand. */
export interface FakeClock extends Clock {
  /** Moves both clocks on, and runs every timer that falls due, in order, with what it sets off. */
  advance(ms: number): Promise<void>;
  /** Moves only the wall clock, as a correction of the time does, or a process that was frozen finds it. */
  jump(ms: number): void;
  readonly timers: number;
}

const START = 1_800_000_000_000;
const QUIET_TURNS = 24;
const CRYPTO = ['decrypt', 'digest', 'encrypt', 'importKey', 'sign', 'verify'] as const;

type Operation = (...parameters: never[]) => Promise<unknown>;

// WebCrypto works on threads of its own, which take as long as a busy machine lets them.
let pendingCrypto = 0;
for (const name of CRYPTO) {
  const original = crypto.subtle[name] as Operation;
  const counted: Operation = async (...parameters) => {
    pendingCrypto += 1;
    return original.apply(crypto.subtle, parameters).finally(() => (pendingCrypto -= 1));
  };
  Object.defineProperty(crypto.subtle, name, { value: counted });
}

/** Lets everything run that waits for nothing but promises, loaded modules and WebCrypto. */
export async function settle(): Promise<void> {
  for (let quiet = 0; quiet < QUIET_TURNS; quiet = pendingCrypto > 0 ? 0 : quiet + 1)
    await new Promise((resolve) => setImmediate(resolve));
}

/** Numbers from 0 to 1 that are the same in each run. */
export function seededRandom(seed = 1): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Makes a clock that stands at a moment. */
export function createFakeClock(
  random: () => number = seededRandom(),
  settled: () => Promise<unknown> = settle,
): FakeClock {
  let elapsed = 0;
  let wall = START;
  let order = 0;
  const timers = new Set<PlannedTimer>();
  const nextDue = (until: number): PlannedTimer | undefined => {
    let first: PlannedTimer | undefined;
    for (const timer of timers) {
      const isSooner = !first || timer.at < first.at || (timer.at === first.at && timer.order < first.order);
      if (isSooner && timer.at <= until) first = timer;
    }
    return first;
  };
  const moveTo = (at: number): void => {
    wall += at - elapsed;
    elapsed = at;
  };
  return {
    now: () => wall,
    elapsed: () => elapsed,
    random,
    after: (delayMs, run) => {
      const timer = { at: elapsed + Math.max(delayMs, 1), order: (order += 1), run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance: async (ms) => {
      const until = elapsed + ms;
      await settled();
      for (let due = nextDue(until); due; due = nextDue(until)) {
        moveTo(Math.max(due.at, elapsed));
        timers.delete(due);
        due.run();
        await settled();
      }
      moveTo(until);
    },
    jump: (ms) => {
      wall += ms;
    },
    get timers() {
      return timers.size;
    },
  };
}
