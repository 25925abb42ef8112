import type { Clock } from '../../src/sync/clock.ts';
import { systemClock } from '../../src/sync/clock.ts';

/** The real clock, which can be made to run faster. */
export interface ScaledClock extends Clock {
  /** From now on a real second lasts for `factor` seconds. Timers that wait already stay as they are. */
  run(factor: number): void;
  /** Moves the wall clock on; timers stay where they are. */
  jump(ms: number): void;
  /** Timers that wait. */
  readonly timers: number;
}

/** Makes a clock on which a real second lasts for `pace` seconds, until it is told otherwise. */
export function createScaledClock(pace = 1, random: () => number = Math.random): ScaledClock {
  const startedAt = Date.now();
  let factor = pace;
  let passed = { until: performance.now(), ms: 0 };
  let jumped = 0;
  let timers = 0;
  const elapsed = (): number => passed.ms + (performance.now() - passed.until) * factor;
  return {
    run: (next) => {
      passed = { ms: elapsed(), until: performance.now() };
      factor = next;
    },
    now: () => startedAt + elapsed() + jumped,
    elapsed,
    random,
    after: (delayMs, run) => {
      timers += 1;
      let isWaiting = true;
      const end = (): void => {
        if (isWaiting) timers -= 1;
        isWaiting = false;
      };
      const cancel = systemClock.after(delayMs / factor, () => {
        end();
        run();
      });
      return () => {
        end();
        cancel();
      };
    },
    jump: (ms) => {
      jumped += ms;
    },
    get timers() {
      return timers;
    },
  };
}
