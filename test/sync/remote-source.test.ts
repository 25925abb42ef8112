import { describe, expect, test } from 'vitest';

import { settle } from '../support/fake-clock.ts';
import { refused, remote, unreachable } from '../support/observed-refresher.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('a source over a network', () => {
  test('is spared after a failure: who asks gets the last error, and no request is made', async () => {
    const { refresher, source, clock } = remote();
    source.failure = refused;
    await expect(refresher.start()).rejects.toBe(refused);
    for (let round = 0; round < 10; round += 1) await expect(refresher.refresh()).rejects.toBe(refused);
    expect(source.reads).toBe(1);
    expect(refresher.status).toMatchObject({ regime: 'extended', consecutiveFailures: 1 });
    await clock.advance(5 * MINUTE);
    expect(source.reads).toBe(2);
  });

  test('goes ready, interrupted, stale and ready again, with its policy in force all along', async () => {
    const { refresher, source, clock, log } = remote();
    await refresher.start();
    source.failure = unreachable;
    await clock.advance(MINUTE);
    expect(refresher.status).toMatchObject({ state: 'interrupted', regime: 'back_off' });
    expect(refresher.standing).toBe('current');
    await clock.advance(10 * MINUTE);
    expect(refresher.status.state).toBe('stale');
    expect(refresher.standing).toBe('stale');
    source.failure = undefined;
    await clock.advance(2 * MINUTE);
    expect(refresher.isUsable).toBe(true);
    expect(log).toEqual([
      'initializing',
      'activated 10',
      'ready',
      'interrupted',
      expect.stringContaining('failed') as unknown,
      'stale',
      'ready',
    ]);
  });

  test('tells when a signed policy is past its time, 5 minutes late, and recovers', async () => {
    const { refresher, source, clock } = remote();
    source.expiresAt = clock.now() + HOUR;
    await refresher.start();
    source.failure = unreachable;
    await clock.advance(HOUR + 4.9 * MINUTE);
    expect(refresher.status.state).toBe('stale');
    await clock.advance(0.2 * MINUTE);
    expect(refresher.status.state).toBe('expired');
    expect(refresher.standing).toBe('expired');
    expect(refresher.isUsable).toBe(false);
    source.failure = undefined;
    source.expiresAt += HOUR;
    await clock.advance(MINUTE);
    expect(refresher.status).toMatchObject({ state: 'ready' });
  });

  test('keeps an expired policy where that is asked for, as a stale one', async () => {
    const { refresher, source, clock } = remote({ keepsExpired: true });
    source.expiresAt = clock.now();
    await refresher.start();
    await clock.advance(6 * MINUTE);
    expect(refresher.status.state).toBe('expired');
    expect(refresher.standing).toBe('stale');
    expect(refresher.isUsable).toBe(true);
  });

  test('starts from a stored policy at once and refreshes behind it', async () => {
    const { refresher, source, log } = remote();
    const held = Promise.withResolvers<void>();
    source.stored = true;
    source.hold = held.promise;
    await refresher.start();
    expect(refresher.active?.facts?.source).toBe('cache');
    expect(refresher.status).toMatchObject({ state: 'ready', lastSuccessAt: null });
    source.version = 2;
    held.resolve();
    await settle();
    expect(refresher.active?.facts).toMatchObject({ source: 'network', version: 2 });
    expect(log).toEqual(['initializing', 'activated 10', 'ready', 'activated 10']);
  });

  test('starts from an expired stored policy only when the network gives a newer one', async () => {
    const { refresher, source, clock } = remote();
    source.stored = true;
    source.expiresAt = clock.now() - HOUR;
    source.failure = unreachable;
    await expect(refresher.start()).rejects.toBe(unreachable);
    expect(refresher.status.state).toBe('expired');
    source.failure = undefined;
    source.expiresAt = clock.now() + HOUR;
    await clock.advance(MINUTE);
    expect(refresher.status.state).toBe('ready');
  });

  test('starts without a stored policy that cannot be read', async () => {
    const { refresher, source, log } = remote();
    source.readStored = async () => Promise.reject(new Error('disk broken'));
    await refresher.start();
    expect(log).toContain('The stored policy cannot be used: disk broken');
    expect(refresher.isUsable).toBe(true);
  });

  test('counts as interrupted when the first attempt takes longer than 5 seconds', async () => {
    const { refresher, source, clock, log } = remote();
    source.hold = new Promise(() => undefined);
    refresher.start().catch(() => undefined);
    await clock.advance(4999);
    expect(log).toEqual(['initializing']);
    await clock.advance(1);
    expect(log).toContain('interrupted');
  });

  test('follows a hint at once, and once more when it comes during an attempt', async () => {
    const { refresher, source, clock } = remote();
    await refresher.start();
    expect(source.reads).toBe(1);
    const held = Promise.withResolvers<void>();
    source.hold = held.promise;
    source.version = 2;
    source.hint?.();
    source.hint?.();
    expect(source.reads).toBe(2);
    held.resolve();
    await settle();
    expect(source.reads).toBe(3);
    source.failure = unreachable;
    source.hint?.();
    await settle();
    source.hint?.();
    expect(source.reads).toBe(4);
    await refresher.close();
    expect(source.hint).toBeUndefined();
    expect(clock.timers).toBe(0);
  });
});

describe('clocks', () => {
  test('a frozen process refreshes with the first decision after it wakes up', async () => {
    const { refresher, source, clock, log } = remote();
    await refresher.start();
    clock.jump(119_000);
    refresher.observe();
    expect(source.reads).toBe(1);
    clock.jump(10 * MINUTE);
    refresher.observe();
    refresher.observe();
    expect(source.reads).toBe(2);
    await settle();
    expect(log).toContain('The wall clock jumped by 719 s.');
  });

  test('hands the late refresh to the platform that keeps the process up', async () => {
    const { refresher, source, clock } = remote();
    await refresher.start();
    const work: Promise<unknown>[] = [];
    const holder = Symbol.for('@next/request-context');
    Reflect.set(globalThis, holder, { get: () => ({ waitUntil: (promise: Promise<unknown>) => work.push(promise) }) });
    const throwing = Symbol.for('@vercel/request-context');
    Reflect.set(globalThis, throwing, {
      get: () => {
        throw new Error('outside a request');
      },
    });
    try {
      source.failure = unreachable;
      clock.jump(HOUR);
      refresher.observe();
      await Promise.all(work);
      expect(work).toHaveLength(1);
      expect(refresher.status.consecutiveFailures).toBe(1);
      // One that is under way already, as after a timer that was due in the frozen process.
      source.failure = undefined;
      clock.jump(HOUR);
      const begun = refresher.refresh();
      refresher.observe();
      expect(work).toHaveLength(2);
      await Promise.all([begun, ...work]);
      refresher.observe();
      expect(work).toHaveLength(2);
    } finally {
      Reflect.deleteProperty(globalThis, holder);
      Reflect.deleteProperty(globalThis, throwing);
    }
  });

  test('a late refresh spares a source that has just failed', async () => {
    const { refresher, source, clock } = remote();
    source.failure = refused;
    await expect(refresher.start()).rejects.toBe(refused);
    clock.jump(2.1 * MINUTE);
    refresher.observe();
    clock.jump(2000);
    refresher.observe();
    expect(source.reads).toBe(1);
    clock.jump(5 * MINUTE);
    refresher.observe();
    expect(source.reads).toBe(2);
  });

  test.each([HOUR, 24 * HOUR, 87_600 * HOUR])(
    'recovers from a clock that is %i ms ahead for a while',
    async (ahead) => {
      const { refresher, source, clock } = remote();
      source.expiresAt = clock.now() + 0.5 * HOUR;
      await refresher.start();
      clock.jump(ahead);
      refresher.observe();
      expect(refresher.standing).toBe('expired');
      await settle();
      clock.jump(-ahead);
      refresher.observe();
      expect(refresher.standing).toBe('current');
      await clock.advance(2 * MINUTE);
      expect(refresher.status.state).toBe('ready');
    },
  );

  test.each([HOUR, 24 * HOUR, 87_600 * HOUR])('is not held up by a clock that is set back by %i ms', async (back) => {
    const { refresher, source, clock } = remote();
    await refresher.start();
    clock.jump(-back);
    refresher.observe();
    await clock.advance(5 * MINUTE);
    expect(source.reads).toBeGreaterThanOrEqual(5);
    expect(refresher.status.state).toBe('ready');
  });

  test('calls a policy stale in time, though the clock was set back meanwhile', async () => {
    const { refresher, source, clock } = remote();
    await refresher.start();
    source.failure = unreachable;
    clock.jump(-24 * HOUR);
    await clock.advance(9 * MINUTE);
    expect(refresher.standing).toBe('current');
    await clock.advance(2 * MINUTE);
    expect(refresher.standing).toBe('stale');
  });

  test('a build sets no timers', async () => {
    process.env['NEXT_PHASE'] = 'phase-production-build';
    try {
      const { refresher, source, clock } = remote();
      await refresher.start();
      expect(clock.timers).toBe(0);
      expect(source.hint).toBeUndefined();
      expect(refresher.status.nextAttemptAt).toBeNull();
    } finally {
      delete process.env['NEXT_PHASE'];
    }
  });
});
