import { describe, expect, test } from 'vitest';

import type { StateFacts, SyncState } from '../../src/sync/state.ts';
import { stateOf } from '../../src/sync/state.ts';

const POLICIES = ['none', 'valid', 'expired'] as const;
const OUTCOMES = ['untried', 'pending', 'succeeded', 'failed'] as const;
const BOTH = [false, true] as const;

const everything: readonly StateFacts[] = BOTH.flatMap((isClosed) =>
  BOTH.flatMap((isFixed) =>
    BOTH.flatMap((isOutdated) =>
      POLICIES.flatMap((policy) => OUTCOMES.map((outcome) => ({ isClosed, isFixed, isOutdated, policy, outcome }))),
    ),
  ),
);

function statesWhere(holds: (facts: StateFacts) => boolean): readonly SyncState[] {
  return [...new Set(everything.filter(holds).map(stateOf))].toSorted();
}

describe('the state', () => {
  test('is closed when and only when the client is', () => {
    expect(statesWhere(({ isClosed }) => isClosed)).toEqual(['closed']);
    expect(statesWhere(({ isClosed }) => !isClosed)).not.toContain('closed');
  });

  test('is never ready, stale or local without a policy', () => {
    expect(statesWhere(({ policy }) => policy === 'none')).toEqual(['closed', 'idle', 'initializing', 'interrupted']);
  });

  test('is expired with every policy that is, whatever else holds', () => {
    const tried = ({ isClosed, policy, outcome }: StateFacts): boolean =>
      !isClosed && policy === 'expired' && outcome !== 'untried';
    expect(statesWhere(tried)).toEqual(['expired']);
  });

  test('is interrupted after a failure, and stale when that lasts', () => {
    const facts = { isClosed: false, isFixed: false, policy: 'valid', outcome: 'failed' } as const;
    expect(stateOf({ ...facts, isOutdated: false })).toBe('interrupted');
    expect(stateOf({ ...facts, isOutdated: true })).toBe('stale');
  });

  test('is ready with a policy from the cache before the first answer', () => {
    expect(stateOf({ isClosed: false, isFixed: false, policy: 'valid', outcome: 'pending', isOutdated: false })).toBe(
      'ready',
    );
  });

  test('is local with a valid policy given in code, and only then', () => {
    expect(statesWhere(({ isFixed }) => !isFixed)).not.toContain('local');
    expect(statesWhere((facts) => facts.isFixed && facts.policy === 'valid' && !facts.isClosed)).toEqual([
      'idle',
      'local',
    ]);
  });
});
