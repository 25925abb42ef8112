import { BundleRefusedError } from '../../src/index.ts';
import { rejectionOf } from './rejection-of.ts';

/** Why an attempt was refused; throws what is not a refusal. */
export async function refusalKind(attempt: Promise<unknown>): Promise<string> {
  const error = await rejectionOf(attempt);
  if (error instanceof BundleRefusedError) return error.kind;
  throw error;
}
