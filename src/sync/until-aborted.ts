import { PolicyUnavailableError } from '../errors.ts';

/** What an attempt ends with whose time is over. */
export function tooLate(): PolicyUnavailableError {
  return new PolicyUnavailableError({ message: 'The policy source did not answer in time.', kind: 'timeout' });
}

/**
 * Waits for work until a signal is aborted, then rejects with its reason. A source may ignore its
 * signal: a hung file system must not hang every later attempt.
 */
export function untilAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
