import type { Clock } from '../../src/sync/clock.ts';
import { systemClock } from '../../src/sync/clock.ts';

/** The real clock, running faster. */
export interface ScaledClock extends Clock {
  /** Moves the wall clock on; timers stay where they are. */
  jump(ms: number): void;
  /** Timers that wait. */
  readonly timers: number;
}

/** Makes a clock on which a real second lasts for `factor` seconds. */
export function createScaledClock(factor: number, random: () => number = Math.random): ScaledClock {
  const start = { wall: Date.now(), elapsed: performance.now() };
  let jumped = 0;
  let timers = 0;
  const elapsed = (): number => (performance.now() - start.elapsed) * factor;
  return {
    now: () => start.wall + elapsed() + jumped,
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
