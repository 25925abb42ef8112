/** Work that may pause: it can rest at every `yield`, so a long piece of it need not hold up everything else. */
export type Steps<Result> = Generator<undefined, Result, undefined>;

/** Does the work at once. */
export function finish<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
