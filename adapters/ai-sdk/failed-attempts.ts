import type { Decision } from '../../src/index.ts';

interface Attempt {
  readonly values: readonly unknown[] | undefined;
  readonly decision: Decision;
}

interface Attempted {
  readonly prompt?: unknown;
  readonly headers?: unknown;
  readonly values?: unknown;
}

function isRetryable(error: unknown): boolean {
  return typeof error === 'object' && error !== null && Reflect.get(error, 'isRetryable') === true;
}

// All attempts of one call share the prompt. Those of embeddings share their headers, with other calls of
// the same embedMany() as well, so that the values have to tell.
function sharedBy({ prompt, headers, values }: Attempted): object | undefined {
  return [prompt, headers, values].find((value): value is object => typeof value === 'object' && value !== null);
}

function valuesOf({ values }: Attempted): readonly unknown[] | undefined {
  return Array.isArray(values) ? values : undefined;
}

function isSame(left: readonly unknown[] | undefined, right: readonly unknown[] | undefined): boolean {
  if (left === right) return true;
  return left?.length === right?.length && (left?.every((value, index) => value === right?.[index]) ?? false);
}

/**
 * Attempts that the framework is going to make again. It says nowhere which attempt a call is, so that a
 * call counts as a repetition when the same one has failed in a way that is worth another attempt.
 */
export class FailedAttempts {
  readonly #attempts = new WeakMap<object, Attempt[]>();

  /** Remembers an attempt, if its error is one after which the framework tries again. */
  note(params: object, decision: Decision, error: unknown): void {
    const shared = sharedBy(params);
    if (shared === undefined || !isRetryable(error)) return;
    const attempts = this.#attempts.get(shared) ?? [];
    this.#attempts.set(shared, [...attempts, { values: valuesOf(params), decision }]);
  }

  /** Forgets the attempt before this one, and gives the decision about it. */
  take(params: object): Decision | undefined {
    const shared = sharedBy(params);
    const attempts = shared && this.#attempts.get(shared);
    const index = attempts?.findIndex(({ values }) => isSame(values, valuesOf(params))) ?? -1;
    return attempts?.splice(index, index === -1 ? 0 : 1)[0]?.decision;
  }
}
