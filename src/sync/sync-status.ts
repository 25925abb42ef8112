import type { ControlZeroErrorCode } from '../errors.ts';
import { ControlZeroError, PolicyUnavailableError, messageOf } from '../errors.ts';
import type { SyncFailureKind } from '../failure-kind.ts';
import type { AttemptOutcome, CacheFault, Regime } from '../sources/source.ts';
import type { SyncState } from './state.ts';

/** What went wrong in the last attempt. */
export interface SyncFailure {
  readonly kind: SyncFailureKind;
  readonly code?: ControlZeroErrorCode;
  /** The status the control plane answered with. */
  readonly httpStatus?: number;
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** How many documents were refused since the client was made, by reason. */
export interface RejectedDocuments {
  readonly signature: number;
  /** Older than one accepted before, or another content under its version. */
  readonly rollback: number;
  readonly expired: number;
  /** Everything else: no policy, another project's, or one that needs a newer version of the package. */
  readonly invalid: number;
}

/** Everything that is known about policy sync at one moment. Times are milliseconds since the epoch. */
export interface SyncStatus {
  readonly state: SyncState;
  readonly since: number;
  readonly lastAttemptAt: number | null;
  readonly lastSuccessAt: number | null;
  readonly nextAttemptAt: number | null;
  readonly consecutiveFailures: number;
  readonly regime: Regime;
  readonly lastError: SyncFailure | null;
  readonly rejected: RejectedDocuments;
  /** How many attempts failed since the client was made, by kind. A kind that never occurred is absent. */
  readonly failures: Readonly<Partial<Record<SyncFailureKind, number>>>;
  /** Clock of the control plane minus our own; null while unknown. */
  readonly clockSkewMs: number | null;
  /** Why policies are kept in memory only, so that a restart needs the control plane; null while all is well. */
  readonly cacheFault: CacheFault | null;
}

function kindOf(error: unknown): SyncFailureKind {
  if (!(error instanceof ControlZeroError)) return 'unreadable';
  if (error.code === 'ERR_CZ_POLICY_INVALID') return 'invalid_data';
  const { kind } = error as { readonly kind?: SyncFailureKind };
  return kind ?? 'unreadable';
}

/** An error as the status shows it. */
export function failureOf(error: unknown, at: number): SyncFailure {
  const code = error instanceof ControlZeroError ? error.code : undefined;
  const httpStatus = error instanceof PolicyUnavailableError ? error.httpStatus : undefined;
  return {
    kind: kindOf(error),
    ...(code !== undefined && { code }),
    ...(httpStatus !== undefined && { httpStatus }),
    message: messageOf(error),
    at,
  };
}

/** An error as what sets the pace sees it. */
export function outcomeOf(error: unknown): AttemptOutcome {
  const { httpStatus, retryAfterMs } = error instanceof PolicyUnavailableError ? error : {};
  return {
    failure: {
      kind: kindOf(error),
      ...(httpStatus !== undefined && { httpStatus }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    },
  };
}

const REJECTED: Partial<Record<SyncFailureKind, keyof RejectedDocuments>> = {
  signature: 'signature',
  rollback: 'rollback',
  equivocation: 'rollback',
  expired: 'expired',
  too_large: 'invalid',
  invalid_data: 'invalid',
  wrong_project: 'invalid',
  clock_skew: 'invalid',
  unsupported: 'invalid',
};

/** Counts a failure, when it was the refusal of a document. */
export function countRejected(counts: RejectedDocuments, { kind }: SyncFailure): RejectedDocuments {
  const key = REJECTED[kind];
  return key === undefined ? counts : { ...counts, [key]: counts[key] + 1 };
}

/** Counts a failed attempt. */
export function countFailure(counts: SyncStatus['failures'], { kind }: SyncFailure): SyncStatus['failures'] {
  return { ...counts, [kind]: (counts[kind] ?? 0) + 1 };
}
