import type { Steps } from '../policy/steps.ts';

const SLICE_MS = 4;
// Reading a small policy never pauses at all.
const STEPS_AT_LEAST = 8;

// Not every runtime has it; a timer of zero milliseconds is the next best, with a wait of one or more.
const schedule: (resume: () => void) => unknown =
  typeof setImmediate === 'function' ? (resume) => setImmediate(resume) : (resume) => setTimeout(resume);

/**
 * Does work in slices of about 4 milliseconds with everything else in between, so that a policy of
 * 100,000 rules never holds up the calls that are decided by the one before it.
 */
export async function inSlices<Result>(steps: Steps<Result>): Promise<Result> {
  let started = Date.now();
  let done = 0;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    done += 1;
    if (done < STEPS_AT_LEAST || Date.now() - started < SLICE_MS) continue;
    await new Promise<void>((resolve) => {
      schedule(resolve);
    });
    started = Date.now();
    done = 0;
  }
}
