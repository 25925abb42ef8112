import { describe, expect, test } from 'vitest';

import type { PolicySnapshot } from '../../src/index.ts';
import { PolicyInvalidError } from '../../src/index.ts';
import { systemClock } from '../../src/sync/clock.ts';
import { settle } from '../support/fake-clock.ts';
import { observe, readEmpty } from '../support/observed-refresher.ts';

const HOUR = 3_600_000;

describe('Refresher', () => {
  test('shares one attempt among all who ask', async () => {
    let reads = 0;
    const { refresher, log } = observe({
      read: async (options) => {
        reads += 1;
        return readEmpty(options);
      },
    });
    await Promise.all([refresher.refresh(), refresher.refresh(), refresher.refresh()]);
    expect(reads).toBe(1);
    expect(log).toEqual(['initializing', 'activated 16', 'ready']);
    expect(refresher.status).toMatchObject({ state: 'ready', consecutiveFailures: 0, nextAttemptAt: null });
  });

  test('gives up on a source that does not answer, and can try again', async () => {
    let isStuck = true;
    const { refresher, clock } = observe({
      attemptTimeoutMs: 1000,
      read: async (options) => (isStuck ? new Promise(() => undefined) : readEmpty(options)),
    });
    const attempt = refresher.refresh();
    void clock.advance(1000);
    await expect(attempt).rejects.toThrow('The policy source did not answer in time.');
    expect(refresher.status).toMatchObject({ state: 'interrupted', lastError: { kind: 'timeout' } });
    isStuck = false;
    await refresher.refresh();
    expect(refresher.active).toBeDefined();
  });

  test('tells a failure once, however often it repeats, and whatever was thrown', async () => {
    const { refresher, log } = observe({ read: async () => Promise.reject('no error object') });
    for (let round = 0; round < 3; round += 1) await expect(refresher.refresh()).rejects.toBe('no error object');
    expect(log).toEqual(['initializing', 'interrupted', 'failed no error object']);
    expect(refresher.status).toMatchObject({ consecutiveFailures: 3, lastError: { message: 'no error object' } });
  });

  test('does not parse a refused document again until it changes', async () => {
    let parses = 0;
    const parse = async (): Promise<{ document: unknown }> => {
      parses += 1;
      return { document: {} };
    };
    const { refresher } = observe({ read: async () => ({ revision: 'broken', origin: 'a test', parse }) });
    for (let round = 0; round < 3; round += 1) await expect(refresher.refresh()).rejects.toThrow(PolicyInvalidError);
    expect(parses).toBe(1);
    expect(refresher.status.rejected).toEqual({ signature: 0, rollback: 0, expired: 0, invalid: 3 });
  });

  test('tells the source what became of a snapshot', async () => {
    const settlements: unknown[] = [];
    let document: unknown = { rules: [] };
    const { refresher } = observe({
      read: async (options) => ({
        ...(await readEmpty(options)),
        revision: JSON.stringify(document),
        parse: async () => ({ document }),
        settled: (settlement) => settlements.push(settlement),
      }),
    });
    await refresher.refresh();
    await refresher.refresh();
    document = { rules: [{}] };
    await expect(refresher.refresh()).rejects.toThrow(PolicyInvalidError);
    expect(settlements).toEqual([
      { activated: true },
      { activated: true },
      { activated: false, error: expect.any(PolicyInvalidError) as unknown },
    ]);
  });

  test('activates nothing after it was closed', async () => {
    const parsed = Promise.withResolvers<void>();
    const { refresher, log } = observe({
      read: async (options): Promise<PolicySnapshot> => {
        const snapshot = await readEmpty(options);
        return { ...snapshot, parse: async () => parsed.promise.then(snapshot.parse) };
      },
    });
    const attempt = refresher.refresh();
    await settle();
    await refresher.close();
    parsed.resolve();
    await expect(attempt).rejects.toThrow('The client was closed.');
    expect(refresher.active).toBeUndefined();
    expect(log).toEqual(['initializing', 'closed']);
    await refresher.refresh();
    expect(refresher.status.state).toBe('closed');
  });

  test('reports nothing of an attempt that closing cut off, and leaves no timer', async () => {
    const { refresher, log, clock } = observe({ read: async () => new Promise(() => undefined) });
    const attempt = refresher.refresh();
    await refresher.close();
    await expect(attempt).rejects.toThrow('The client was closed.');
    expect(log).toEqual(['initializing', 'closed']);
    expect(clock.timers).toBe(0);
  });

  test('reads again at the interval, without keeping the process up', async () => {
    let reads = 0;
    const { refresher, clock } = observe(
      {
        read: async (options) => {
          reads += 1;
          return readEmpty(options);
        },
      },
      { intervalMs: 2000 },
    );
    await refresher.refresh();
    expect(refresher.status.nextAttemptAt).toBe(clock.now() + 2000);
    await clock.advance(6000);
    expect(reads).toBe(4);
    await refresher.close();
    expect(refresher.status.nextAttemptAt).toBeNull();
    expect(clock.timers).toBe(0);
  });

  test('runs on the real clock', async () => {
    const seen = Promise.withResolvers<void>();
    let reads = 0;
    const { refresher } = observe(
      {
        read: async (options) => {
          reads += 1;
          if (reads === 3) seen.resolve();
          return readEmpty(options);
        },
      },
      { clock: systemClock, intervalMs: 5 },
    );
    await refresher.start();
    await seen.promise;
    await refresher.close();
    expect(refresher.status.state).toBe('closed');
  });

  test('calls a policy given in code local', async () => {
    const { refresher, log, clock } = observe({ isFixed: true });
    await refresher.start();
    await clock.advance(24 * HOUR);
    expect(log).toEqual(['initializing', 'activated 16', 'local']);
  });
});
