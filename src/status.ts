import type { Mode } from './events/decision-event.ts';
import type { AuditStatus } from './records/audit-status.ts';
import type { SecretsStatus } from './secrets/secret-event.ts';
import type { ActivePolicy } from './sync/active-policy.ts';
import type { SyncStatus } from './sync/sync-status.ts';

/** The policy that decides at present. Times are milliseconds since the epoch. */
export interface PolicyStatus {
  readonly revision: string;
  /** Kind of the source: `inline`, `file`, `hosted`, or the `kind` of your own source. */
  readonly kind: string;
  /** The file name, or a phrase such as "the policy option". */
  readonly origin: string;
  /** Where it came from: the control plane, the cache on disk, or this machine. */
  readonly source: 'network' | 'cache' | 'local';
  /** Epoch and version of a hosted policy; null for others, as are the facts below. */
  readonly epoch: number | null;
  readonly version: number | null;
  /** SHA-256 of the policy, hexadecimal. */
  readonly digest: string | null;
  /** `verified`, or `legacy` for a signature without project, version and time. */
  readonly integrity: string | null;
  readonly keyId: string | null;
  readonly issuedAt: number | null;
  readonly expiresAt: number | null;
  readonly activatedAt: number;
  /** Number of rules of all policies. */
  readonly rules: number;
}

/** Where a client stands. Plain data without secrets, fit for a health endpoint. */
export interface Status extends SyncStatus {
  /** Whether a policy decides; without one every call is denied (or allowed, with `failOpen`). */
  readonly usable: boolean;
  readonly mode: Mode;
  readonly failOpen: boolean;
  readonly policy: PolicyStatus | null;
  /** Null while secrets are not enabled. */
  readonly secrets: SecretsStatus | null;
  /** Delivery of decision records to their sinks; null where there are none. */
  readonly audit: AuditStatus | null;
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

const NO_FACTS = {
  epoch: null,
  version: null,
  digest: null,
  source: 'local',
  integrity: null,
  issuedAt: null,
  expiresAt: null,
  keyId: null,
} as const;

/** What is shown of the policy that decides. */
export function policyStatus(active: ActivePolicy): PolicyStatus;
export function policyStatus(active: ActivePolicy | undefined): PolicyStatus | null;
export function policyStatus(active: ActivePolicy | undefined): PolicyStatus | null {
  if (!active) return null;
  const { revision, kind, origin, activatedAt, compiled, facts } = active;
  return { revision, kind, origin, ...(facts ?? NO_FACTS), activatedAt, rules: compiled.rules.length };
}

/** What goes on deciding after something failed. */
export function remainsOf(active: ActivePolicy | undefined, failOpen: boolean): string {
  if (active) return `The last good policy (${active.revision}) stays active.`;
  return failOpen ? 'No policy is active, and failOpen allows every call.' : 'No policy is active.';
}

/** What an operator has to know when the state has become this one; undefined when it is no news. */
export function alarmOf({ state, usable, policy }: Status): string | undefined {
  if (state === 'stale')
    return `The policy could not be refreshed for long; revision ${policy?.revision} goes on deciding.`;
  if (state !== 'expired') return undefined;
  const consequence = usable ? 'It goes on deciding, because onExpired is "keep"' : 'Every call is denied';
  return `The policy (${policy?.revision}) is past its time. ${consequence}.`;
}
