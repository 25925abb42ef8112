import type { Mode } from './events/decision-event.ts';
import type { SecretsStatus } from './secrets/secret-event.ts';
import type { SyncStatus } from './sync/refresher.ts';

/** The policy that decides at present. */
export interface PolicyStatus {
  readonly revision: string;
  /** Kind of the source: `inline`, `file`, or the `kind` of your own source. */
  readonly source: string;
  /** The file name, or a phrase such as "the policy option". */
  readonly origin: string;
  /** Milliseconds since the epoch. */
  readonly activatedAt: number;
  /** Number of rules of all policies. */
  readonly rules: number;
}

/** Where a client stands. Plain data without secrets, fit for a health endpoint. */
export interface Status extends SyncStatus {
  /** Whether a policy is active; without one every call is denied (or allowed, with `failOpen`). */
  readonly usable: boolean;
  readonly mode: Mode;
  readonly failOpen: boolean;
  readonly policy: PolicyStatus | null;
  /** Null while secrets are not enabled. */
  readonly secrets: SecretsStatus | null;
  /** Decision events that wait for listeners, and those dropped because the queue was full. */
  readonly events: { readonly queued: number; readonly dropped: number };
}

/** A change of the active policy, or an attempt to change it that was refused. */
export type PolicyEvent =
  | { readonly type: 'policy-activated'; readonly at: number; readonly policy: PolicyStatus }
  | {
      readonly type: 'policy-refused';
      readonly at: number;
      /** Why: a `PolicyInvalidError`, a `PolicyUnavailableError`, or what the source threw. */
      readonly error: unknown;
      /** The policy that stays active, if any. */
      readonly policy: PolicyStatus | null;
    };
