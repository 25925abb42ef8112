import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { SyncFailureKind } from '../../src/index.ts';
import {
  backOffMs,
  failureDelayMs,
  firstPollDelayMs,
  pollDelayMs,
  pollIntervalMs,
  regimeAfter,
} from '../../src/sync/back-off.ts';
import { NetworkPacing } from '../../src/sync/network-pacing.ts';
import { parseRetryAfter, spreadRetryAfterMs } from '../../src/sync/retry-after.ts';
import { RetryBudget } from '../../src/sync/retry-budget.ts';
import { createFakeClock, seededRandom } from '../support/fake-clock.ts';

const MINUTE = 60_000;
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('delays', () => {
  test('double from 1 second to 60', () => {
    expect([0, 1, 2, 3, 6, 7, 8, 1000].map(backOffMs)).toEqual([
      1000, 1000, 2000, 4000, 32_000, 60_000, 60_000, 60_000,
    ]);
  });

  test('lie in the second half of the longest one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), chance, (failures, random) => {
        const delay = failureDelayMs('back_off', failures, random);
        expect(delay).toBeGreaterThanOrEqual(backOffMs(failures) / 2);
        expect(delay).toBeLessThanOrEqual(backOffMs(failures));
        const extended = failureDelayMs('extended', failures, random);
        expect(extended).toBeGreaterThanOrEqual(2.5 * MINUTE);
        expect(extended).toBeLessThanOrEqual(5 * MINUTE);
      }),
    );
  });

  test('of polls lie a fifth around the interval, the first one anywhere in it', () => {
    expect([0, 0.5, 1].map((random) => pollDelayMs(MINUTE, random))).toEqual([48_000, 60_000, expect.closeTo(72_000)]);
    expect([0, 0.5, 1].map((random) => firstPollDelayMs(MINUTE, random))).toEqual([0, 30_000, 60_000]);
  });

  test('are never shorter than 5 seconds between polls, or there are none', () => {
    expect([0, 1, 4999, 5000, MINUTE].map(pollIntervalMs)).toEqual([0, 5000, 5000, 5000, MINUTE]);
  });
});

describe('the regime', () => {
  const kinds = (...names: SyncFailureKind[]): SyncFailureKind[] => names;
  test.each(kinds('auth', 'tls', 'too_large', 'signature', 'wrong_project', 'rollback', 'equivocation', 'unsupported'))(
    'after %s is the extended one',
    (kind) => {
      expect(regimeAfter({ kind })).toBe('extended');
    },
  );

  test.each(kinds('network', 'dns', 'timeout', 'invalid_data', 'rate_limited', 'expired', 'clock_skew', 'unreadable'))(
    'after %s is a growing delay',
    (kind) => {
      expect(regimeAfter({ kind })).toBe('back_off');
    },
  );

  test.each([
    [302, 'back_off'],
    [400, 'extended'],
    [404, 'extended'],
    [408, 'back_off'],
    [409, 'extended'],
    [413, 'extended'],
    [425, 'back_off'],
    [429, 'back_off'],
    [499, 'extended'],
    [500, 'back_off'],
    [503, 'back_off'],
    [520, 'back_off'],
  ] as const)('after status %i is %s', (httpStatus, regime) => {
    expect(regimeAfter({ kind: 'http', httpStatus })).toBe(regime);
  });
});

describe('Retry-After', () => {
  const now = Date.UTC(2026, 0, 1, 12, 0, 0);
  test.each([
    ['0', 1000],
    ['1', 1000],
    ['120', 120_000],
    [' 7 ', 7000],
    ['600', 600_000],
    ['601', 600_000],
    ['99999999999', 600_000],
    ['Thu, 01 Jan 2026 12:02:00 GMT', 120_000],
    ['Thursday, 01-Jan-26 12:02:00 GMT', 120_000],
    ['Thu Jan  1 12:02:00 2026 GMT', 120_000],
    ['Thu, 01 Jan 2026 11:00:00 GMT', 1000],
    ['Thu, 01 Jan 2099 11:00:00 GMT', 600_000],
  ])('%j is %i ms', (header, ms) => {
    expect(parseRetryAfter(header, now)).toBe(ms);
  });

  test.each([
    null,
    undefined,
    '',
    'soon',
    '-1',
    '1.5',
    '1e3',
    '0x10',
    'NaN',
    'Infinity',
    '12 34',
    'Thu, nonsense',
    '1'.repeat(400),
  ])('%j is ignored', (header) => {
    expect(parseRetryAfter(header, now)).toBeUndefined();
  });

  test('is never shortened, and lengthened by at most a tenth', () => {
    expect([0, 0.5, 1].map((random) => spreadRetryAfterMs(1000, random))).toEqual([1000, 1050, 1100]);
  });
});

test('a retry budget holds 20, and a retry after a timeout costs two', () => {
  const budget = new RetryBudget();
  for (let at = 0; at < 18; at += 1) expect(budget.spend(false)).toBe(true);
  expect(budget.spend(true)).toBe(true);
  expect(budget.spend(false)).toBe(false);
  budget.earn();
  expect(budget.spend(true)).toBe(false);
  expect(budget.spend(false)).toBe(true);
  for (let at = 0; at < 50; at += 1) budget.earn();
  expect(budget.left).toBe(20);
});

describe('the pace of a source over a network', () => {
  const failed = (kind: SyncFailureKind, retryAfterMs?: number): Parameters<NetworkPacing['next']>[0] => ({
    failure: { kind, ...(retryAfterMs !== undefined && { retryAfterMs }) },
  });

  function pacing(intervalMs = MINUTE): { pace: NetworkPacing; clock: ReturnType<typeof createFakeClock> } {
    const clock = createFakeClock(() => 0.5);
    return { pace: new NetworkPacing({ intervalMs, clock }), clock };
  }

  test('polls first in the middle of the interval, then at the interval, for the middle of all chances', () => {
    const { pace } = pacing();
    expect(pace.next({})).toEqual({ delayMs: 30_000, regime: 'normal' });
    expect(pace.next({})).toEqual({ delayMs: 60_000, regime: 'normal' });
  });

  test('grows over failures, and goes on growing after a single success', () => {
    const { pace } = pacing();
    expect([1, 2, 3].map(() => pace.next(failed('network')).delayMs)).toEqual([750, 1500, 3000]);
    pace.next({});
    expect(pace.next(failed('network')).delayMs).toBe(6000);
  });

  test('starts anew after two successes, or after 60 seconds of health', async () => {
    const { pace, clock } = pacing();
    for (let at = 0; at < 4; at += 1) pace.next(failed('network'));
    pace.next({});
    pace.next({});
    expect(pace.next(failed('network')).delayMs).toBe(750);
    for (let at = 0; at < 4; at += 1) pace.next(failed('network'));
    pace.next({});
    await clock.advance(MINUTE - 1);
    expect(pace.next(failed('network')).delayMs).toBe(24_000);
    pace.next({});
    await clock.advance(MINUTE);
    expect(pace.next(failed('network')).delayMs).toBe(750);
  });

  test('waits for as long as the server asks, and never shorter than its own delay', () => {
    const { pace } = pacing();
    expect(pace.next(failed('rate_limited', 10_000)).delayMs).toBe(10_500);
    for (let at = 0; at < 6; at += 1) pace.next(failed('http'));
    expect(pace.next(failed('rate_limited', 1000)).delayMs).toBe(45_000);
  });

  test('retries no more often than it polls once the budget is spent', () => {
    const { pace } = pacing(10 * MINUTE);
    const delays = Array.from({ length: 30 }, () => pace.next(failed('timeout')).delayMs);
    expect(delays.slice(0, 10).every((delay) => delay <= MINUTE)).toBe(true);
    expect(delays.slice(10).every((delay) => delay >= 8 * MINUTE)).toBe(true);
  });

  test('makes no more than two requests a minute in a long outage, whatever chance does', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const clock = createFakeClock(seededRandom(seed));
        const pace = new NetworkPacing({ intervalMs: MINUTE, clock });
        let [at, attempts] = [0, 0];
        while (at < 60 * MINUTE) {
          at += pace.next(failed('network')).delayMs;
          attempts += 1;
        }
        expect(attempts).toBeLessThanOrEqual(7 + 2 * 60);
      }),
      { numRuns: 200 },
    );
  });

  test('with no interval waits all the same after a failure', () => {
    const { pace } = pacing(0);
    expect(pace.next({}).delayMs).toBe(0);
    expect(pace.next(failed('auth'))).toEqual({ delayMs: 225_000, regime: 'extended' });
  });
});
