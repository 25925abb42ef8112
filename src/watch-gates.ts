import { sharedStorage } from './shared-storage.ts';

interface Watch {
  isAsked: boolean;
}

const watches = sharedStorage<Watch>('watch', 'watchGates()');

/** Notes that a gate was asked by the running code. */
export function noteAsked(): void {
  const watch = watches.current();
  if (watch) watch.isAsked = true;
}

/**
 * Runs a function, and reports when no gate was asked inside it: a call of a model in there was not
 * governed. For integrations that raise an alarm where they cannot stop a call.
 *
 * @param run what makes the call
 * @param report called once, when the function has settled, with an error as well
 * @returns what the function returns
 * @throws {ConfigurationError} `ERR_CZ_CONFIGURATION` on runtimes without AsyncLocalStorage
 *
 * @example
 * ```ts
 * import { watchGates } from '@controlzero/sdk';
 *
 * await watchGates(async () => 'an answer', () => console.log('Nobody asked the policy.')); // Nobody asked the policy.
 * ```
 */
export async function watchGates<Result>(run: () => PromiseLike<Result>, report: () => void): Promise<Result> {
  const watch: Watch = { isAsked: false };
  try {
    return await watches.run(watch, run);
  } finally {
    if (!watch.isAsked) report();
  }
}
