import type { Context, Decision } from '../../src/index.ts';
import { currentIdentity } from '../../src/index.ts';

/** One attempt of a call. */
export interface Attempt {
  readonly modelId: unknown;
  readonly claimed: Context | undefined;
  readonly params: object;
}

interface Failure {
  readonly decision: Decision;
  readonly until: number;
  /** How many equal attempts have failed and were not made again. */
  count: number;
}

// The framework waits for a minute at most before it tries again.
const REMEMBERED_MS = 60_000;
const MOST_REMEMBERED = 1000;

function isRetryable(error: unknown): boolean {
  return typeof error === 'object' && error !== null && Reflect.get(error, 'isRetryable') === true;
}

// Of files, their beginning tells enough.
function shortened(_: string, value: unknown): unknown {
  return ArrayBuffer.isView(value) ? [value.byteLength, ...new Uint8Array(value.buffer).slice(0, 64)] : value;
}

async function digestOf({ modelId, claimed, params }: Attempt): Promise<string | undefined> {
  const { abortSignal: _, ...asked } = params as { readonly abortSignal?: unknown };
  try {
    const text = JSON.stringify([modelId, claimed, currentIdentity(), asked], shortened);
    const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
    return String(new Uint8Array(bytes));
  } catch {
    // What cannot be written down is never taken for a repetition.
    return undefined;
  }
}

/**
 * Attempts that the framework is going to make again. It tells a model nowhere which attempt a call is, and
 * `streamText` of version 7 even makes every part of a call anew. So a call counts as a repetition when an
 * equal one has failed, less than a minute ago, in a way that is worth another attempt. Kept is a digest,
 * no prompt.
 */
export class FailedAttempts {
  readonly #failures = new Map<string, Failure>();

  /** Nearly always: then there is nothing to compare with. */
  get isEmpty(): boolean {
    return this.#failures.size === 0;
  }

  /** Remembers an attempt, if its error is one after which the framework tries again. */
  async note(attempt: Attempt, decision: Decision, error: unknown): Promise<void> {
    if (!isRetryable(error)) return;
    const key = await digestOf(attempt);
    if (key === undefined) return;
    const count = (this.#failures.get(key)?.count ?? 0) + 1;
    this.#failures.delete(key);
    this.#failures.set(key, { decision, count, until: Date.now() + REMEMBERED_MS });
    this.#forgetOldest();
  }

  /** The decision about the attempt before this one, which is forgotten. */
  async take(attempt: Attempt): Promise<Decision | undefined> {
    const key = await digestOf(attempt);
    const failure = key === undefined ? undefined : this.#failures.get(key);
    if (key === undefined || failure === undefined) return undefined;
    failure.count -= 1;
    if (failure.count === 0) this.#failures.delete(key);
    return failure.until > Date.now() ? failure.decision : undefined;
  }

  // In order of time, so that what is too old comes first.
  #forgetOldest(): void {
    const now = Date.now();
    for (const [key, { until }] of this.#failures) {
      if (until > now && this.#failures.size <= MOST_REMEMBERED) return;
      this.#failures.delete(key);
    }
  }
}
