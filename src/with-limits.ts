import { PolicyUnavailableError } from './errors.ts';

const DEFAULT_TIMEOUT_MS = 5000;

/** How long closing a client waits for what can still be saved. */
export const CLOSING_MS = 2000;

/** Limits of one wait. */
export interface WaitOptions {
  /** Milliseconds to wait. Default: 5000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Waits for shared work, for a limited time. The work itself goes on when the wait ends.
 * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE` when the time is over; the reason of the signal when it is aborted
 */
export async function withLimits<Result>(
  work: Promise<Result>,
  { timeoutMs = DEFAULT_TIMEOUT_MS, signal }: WaitOptions,
): Promise<Result> {
  // The one who waits may be gone when shared work fails.
  work.catch(() => undefined);
  signal?.throwIfAborted();
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new PolicyUnavailableError({ message: `No answer within ${timeoutMs} ms; the client keeps trying.` })),
    timeoutMs,
  );
  const abort = (): void => reject(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}
