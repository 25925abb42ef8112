/**
 * Where a client stands with its policy.
 *
 * - `idle`: nothing was asked for yet.
 * - `initializing`: the first attempt is under way.
 * - `ready`: the last attempt succeeded; the active policy is the newest one.
 * - `interrupted`: the last attempt failed. The last good policy, if any, stays active.
 * - `closed`: `close()` was called.
 */
export type SyncState = 'idle' | 'initializing' | 'ready' | 'interrupted' | 'closed';

const NEXT: Readonly<Record<SyncState, readonly SyncState[]>> = {
  idle: ['initializing', 'closed'],
  initializing: ['ready', 'interrupted', 'closed'],
  ready: ['interrupted', 'closed'],
  interrupted: ['ready', 'closed'],
  closed: [],
};

/** Whether a client in one state may come into another. */
export function canBecome(from: SyncState, to: SyncState): boolean {
  return NEXT[from].includes(to);
}
