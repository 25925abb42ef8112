import type { SyncStatus } from './sync-status.ts';

/** The status of a client whose source was never looked for. */
export const UNTRIED: SyncStatus = Object.freeze({
  state: 'idle',
  since: 0,
  lastAttemptAt: null,
  lastSuccessAt: null,
  nextAttemptAt: null,
  consecutiveFailures: 0,
  regime: 'normal',
  lastError: null,
  rejected: Object.freeze({ signature: 0, rollback: 0, expired: 0, invalid: 0 }),
  failures: Object.freeze({}),
  clockSkewMs: null,
  cacheFault: null,
});
