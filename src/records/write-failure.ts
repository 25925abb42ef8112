import { PolicyUnavailableError, messageOf } from '../errors.ts';
import type { AttemptOutcome } from '../sources/source.ts';
import { outcomeOf } from '../sync/sync-status.ts';

/** A write that failed. */
export interface WriteFailure {
  readonly message: string;
  readonly httpStatus: number | undefined;
  /** Whether fewer records, or others, might have been taken. */
  readonly isRefusal: boolean;
  readonly outcome: AttemptOutcome;
}

const REFUSALS: ReadonlySet<number | undefined> = new Set([400, 413, 422]);
const LONGEST_RETRY_AFTER_MS = 600_000;
const REFUSED_KEY: ReadonlySet<number | undefined> = new Set([401, 403]);

function numberIn(error: unknown, ...keys: readonly string[]): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  return keys.map((key): unknown => Reflect.get(error, key)).find((value) => typeof value === 'number');
}

// What a sink of somebody else throws.
function foreignOutcome(error: unknown, httpStatus: number | undefined): AttemptOutcome {
  const retryAfterMs = numberIn(error, 'retryAfterMs');
  return {
    failure: {
      kind: REFUSED_KEY.has(httpStatus) ? 'auth' : 'network',
      ...(httpStatus !== undefined && { httpStatus }),
      ...(retryAfterMs !== undefined && { retryAfterMs: Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS) }),
    },
  };
}

/** What a sink threw, as the flusher needs it. */
export function writeFailure(error: unknown): WriteFailure {
  const httpStatus = numberIn(error, 'httpStatus', 'status');
  const isOwn = error instanceof PolicyUnavailableError;
  return {
    message: messageOf(error),
    httpStatus: isOwn ? error.httpStatus : httpStatus,
    isRefusal: REFUSALS.has(isOwn ? error.httpStatus : httpStatus),
    outcome: isOwn ? outcomeOf(error) : foreignOutcome(error, httpStatus),
  };
}
