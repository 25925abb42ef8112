import { PolicyDeniedError } from '@controlzero/sdk';

/** Makes a call that must be denied into one that succeeds by it. */
export function denied(call: () => Promise<unknown>): () => Promise<unknown> {
  return async () =>
    call().then(
      () => {
        throw new Error('The call was not denied.');
      },
      (error: unknown) => {
        if (!(error instanceof PolicyDeniedError)) throw error;
        return error;
      },
    );
}
