import { PolicyDeniedError } from '../../src/index.ts';
import { rejectionOf } from './rejection-of.ts';

/**
 * The denial that a promise is rejected with.
 * @throws {Error} when it is fulfilled or rejected with something else
 */
export async function denialOf(promise: PromiseLike<unknown>): Promise<PolicyDeniedError> {
  const error = await rejectionOf(promise);
  if (error instanceof PolicyDeniedError) return error;
  throw new Error('Expected a PolicyDeniedError.', { cause: error });
}
