import { describe, expect, test } from 'vitest';

import type { PolicySnapshot, PolicySource } from '../../src/index.ts';
import { PolicyInvalidError } from '../../src/index.ts';
import { inlineSource } from '../../src/sources/inline.ts';
import { Refresher } from '../../src/sync/refresher.ts';
import type { SyncState } from '../../src/sync/state.ts';
import { canBecome } from '../../src/sync/state.ts';

const inline = inlineSource({ rules: [] });

interface Observed {
  readonly refresher: Refresher;
  readonly log: string[];
}

function observe(read: PolicySource['read'], attemptTimeoutMs = 1000): Observed {
  const log: string[] = [];
  const refresher = new Refresher({
    source: { kind: 'test', refreshIntervalMs: 0, read },
    intervalMs: 0,
    attemptTimeoutMs,
    listener: {
      activated: ({ revision }) => void log.push(`activated ${revision.length}`),
      failed: (error) => void log.push(`failed ${String(error)}`),
      changed: ({ state }) => void log.push(state),
    },
  });
  return { refresher, log };
}

const read: PolicySource['read'] = async (options) => inline.read(options);

describe('Refresher', () => {
  test('shares one attempt among all who ask', async () => {
    let reads = 0;
    const { refresher, log } = observe(async (options) => {
      reads += 1;
      return read(options);
    });
    await Promise.all([refresher.refresh(), refresher.refresh(), refresher.refresh()]);
    expect(reads).toBe(1);
    expect(log).toEqual(['initializing', 'activated 16', 'ready']);
    expect(refresher.status).toMatchObject({ state: 'ready', consecutiveFailures: 0, nextAttemptAt: null });
  });

  test('gives up on a source that does not answer, and can try again', async () => {
    let isStuck = true;
    const { refresher } = observe(async (options) => (isStuck ? new Promise(() => undefined) : read(options)), 10);
    await expect(refresher.refresh()).rejects.toThrow('The policy source did not answer in time.');
    expect(refresher.status).toMatchObject({ state: 'interrupted', lastError: { kind: 'unreadable' } });
    isStuck = false;
    await refresher.refresh();
    expect(refresher.active).toBeDefined();
  });

  test('tells a failure once, however often it repeats, and whatever was thrown', async () => {
    const { refresher, log } = observe(async () => Promise.reject('no error object'));
    for (let round = 0; round < 3; round += 1) await expect(refresher.refresh()).rejects.toBe('no error object');
    expect(log).toEqual(['initializing', 'interrupted', 'failed no error object']);
    expect(refresher.status).toMatchObject({ consecutiveFailures: 3, lastError: { message: 'no error object' } });
  });

  test('does not parse a refused document again until it changes', async () => {
    let parses = 0;
    const { refresher } = observe(async () => ({
      revision: 'broken',
      origin: 'a test',
      parse: async () => {
        parses += 1;
        return { document: {} };
      },
    }));
    for (let round = 0; round < 3; round += 1) await expect(refresher.refresh()).rejects.toThrow(PolicyInvalidError);
    expect(parses).toBe(1);
  });

  test('activates nothing after it was closed', async () => {
    const parsed = Promise.withResolvers<void>();
    const { refresher, log } = observe(async (options): Promise<PolicySnapshot> => {
      const snapshot = await read(options);
      return { ...snapshot, parse: async () => parsed.promise.then(snapshot.parse) };
    });
    const attempt = refresher.refresh();
    await new Promise((resolve) => setTimeout(resolve, 5));
    refresher.close();
    parsed.resolve();
    await attempt;
    expect(refresher.active).toBeUndefined();
    expect(log).toEqual(['initializing', 'closed']);
    await refresher.refresh();
    expect(refresher.status.state).toBe('closed');
  });

  test('reports nothing of an attempt that closing cut off', async () => {
    const { refresher, log } = observe(async () => new Promise(() => undefined));
    const attempt = refresher.refresh();
    refresher.close();
    await expect(attempt).rejects.toThrow();
    expect(log).toEqual(['initializing', 'closed']);
  });

  test('schedules the next attempt without keeping the process up', async () => {
    let reads = 0;
    const seen = Promise.withResolvers<void>();
    const source: PolicySource = {
      kind: 'test',
      refreshIntervalMs: 0,
      read: async (options) => {
        reads += 1;
        if (reads === 3) seen.resolve();
        return read(options);
      },
    };
    const ignore = (): void => undefined;
    const refresher = new Refresher({
      source,
      intervalMs: 5,
      attemptTimeoutMs: 1000,
      listener: { activated: ignore, failed: ignore, changed: ignore },
    });
    await refresher.refresh();
    expect(refresher.status.nextAttemptAt).toBeGreaterThan(0);
    await seen.promise;
    refresher.close();
    expect(refresher.status.nextAttemptAt).toBeNull();
  });
});

test('states follow one another in one direction, and closed is the end', () => {
  const states: readonly SyncState[] = ['idle', 'initializing', 'ready', 'interrupted', 'closed'];
  const allowed = states.flatMap((from) => states.filter((to) => canBecome(from, to)).map((to) => `${from} -> ${to}`));
  expect(allowed).toEqual([
    'idle -> initializing',
    'idle -> closed',
    'initializing -> ready',
    'initializing -> interrupted',
    'initializing -> closed',
    'ready -> interrupted',
    'ready -> closed',
    'interrupted -> ready',
    'interrupted -> closed',
  ]);
});
