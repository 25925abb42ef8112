/**
 * Where a client stands with its policy.
 *
 * - `idle`: nothing was asked for yet.
 * - `initializing`: the first attempt is under way.
 * - `ready`: the last attempt succeeded, or a verified policy of an earlier process is in force.
 * - `interrupted`: the last attempt failed. The last good policy, if any, stays in force.
 * - `stale`: attempts have failed for long. The policy stays in force, and decisions say so.
 * - `expired`: the signed policy is past its time. Every call is denied, unless `onExpired` is `keep`.
 * - `local`: the policy was given in code.
 * - `closed`: `close()` was called.
 */
export type SyncState = 'idle' | 'initializing' | 'ready' | 'interrupted' | 'stale' | 'expired' | 'local' | 'closed';

/** What a state follows from. */
export interface StateFacts {
  readonly isClosed: boolean;
  /** Whether the policy was given in code. */
  readonly isFixed: boolean;
  /** Whether a policy is in force, and whether it is past its time. */
  readonly policy: 'none' | 'valid' | 'expired';
  /** How the last attempt ended; `pending` while the first one is under way and not late. */
  readonly outcome: 'untried' | 'pending' | 'succeeded' | 'failed';
  /** Whether the last success is too long ago. */
  readonly isOutdated: boolean;
}

/** The one state that fits the facts. Nothing remembers a state, so none can be wedged in. */
export function stateOf({ isClosed, isFixed, policy, outcome, isOutdated }: StateFacts): SyncState {
  if (isClosed) return 'closed';
  if (outcome === 'untried') return 'idle';
  if (policy === 'expired') return 'expired';
  if (policy === 'valid') return stateWithPolicy({ isFixed, outcome, isOutdated });
  return outcome === 'pending' ? 'initializing' : 'interrupted';
}

function stateWithPolicy({
  isFixed,
  outcome,
  isOutdated,
}: Pick<StateFacts, 'isFixed' | 'outcome' | 'isOutdated'>): SyncState {
  if (isFixed) return 'local';
  if (isOutdated) return 'stale';
  return outcome === 'failed' ? 'interrupted' : 'ready';
}
