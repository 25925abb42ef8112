import { PolicyDeniedError } from '@controlzero/sdk';

/** Makes a call that must be rejected into one that succeeds by it. */
export function rejected(
  call: () => Promise<unknown>,
  isExpected: (error: unknown) => boolean,
): () => Promise<unknown> {
  return async () =>
    call().then(
      () => {
        throw new Error('The call was not rejected.');
      },
      (error: unknown) => {
        if (!isExpected(error)) throw error;
        return error;
      },
    );
}

/** Makes a call that must be denied into one that succeeds by it. */
export function denied(call: () => Promise<unknown>): () => Promise<unknown> {
  return rejected(call, (error) => error instanceof PolicyDeniedError);
}
