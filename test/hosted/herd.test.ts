import { expect, test } from 'vitest';

import type { PolicySnapshot, PolicySource } from '../../src/index.ts';
import { PolicyUnavailableError } from '../../src/index.ts';
import { NetworkPacing } from '../../src/sync/network-pacing.ts';
import { Refresher } from '../../src/sync/refresher.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { createFakeClock, seededRandom } from '../support/fake-clock.ts';
import { fuzzSeed } from '../support/fuzz-seed.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const CLIENTS = 1000;

interface Plane {
  isDown: boolean;
  /** Requests by second. */
  readonly load: Map<number, number>;
}

function sourceOf(plane: Plane, clock: FakeClock): PolicySource {
  const snapshot: PolicySnapshot = {
    revision: 'r',
    origin: 'a test',
    parse: async () => ({ document: { rules: [] } }),
  };
  return {
    kind: 'remote',
    refreshIntervalMs: MINUTE,
    pacing: new NetworkPacing({ intervalMs: MINUTE, clock }),
    read: async () => {
      const second = Math.floor(clock.elapsed() / SECOND);
      plane.load.set(second, (plane.load.get(second) ?? 0) + 1);
      if (plane.isDown) throw new PolicyUnavailableError({ message: 'Down.', kind: 'network' });
      return snapshot;
    },
  };
}

function loads(plane: Plane, fromSecond: number, toSecond: number): { peak: number; mean: number } {
  const seconds = Array.from({ length: toSecond - fromSecond }, (_, at) => plane.load.get(fromSecond + at) ?? 0);
  return { peak: Math.max(...seconds), mean: seconds.reduce((sum, load) => sum + load, 0) / seconds.length };
}

test('a thousand clients that start together, or wait out an outage together, do not stay together', async () => {
  const clock = createFakeClock(seededRandom(fuzzSeed()), async () => new Promise((resolve) => setImmediate(resolve)));
  const plane: Plane = { isDown: false, load: new Map() };
  const ignore = (): void => undefined;
  const listener = { activated: ignore, failed: ignore, changed: ignore, noticed: ignore };
  const clients = Array.from(
    { length: CLIENTS },
    () => new Refresher({ source: sourceOf(plane, clock), intervalMs: MINUTE, keepsExpired: false, clock, listener }),
  );
  await Promise.all(clients.map(async (client) => client.start()));
  await clock.advance(10 * MINUTE);
  plane.isDown = true;
  await clock.advance(2 * MINUTE);
  plane.isDown = false;
  await clock.advance(8 * MINUTE);

  // Every client asks in the first second: none can wait with that.
  const first = loads(plane, 1, 180);
  const restart = loads(plane, 180, 600);
  const outage = loads(plane, 600, 720);
  const afterwards = loads(plane, 720, 1200);
  console.log(JSON.stringify({ first, restart, outage, afterwards }));
  expect(restart.mean).toBeGreaterThan(CLIENTS / 70);
  expect(restart.mean).toBeLessThan(CLIENTS / 50);
  expect(restart.peak).toBeLessThanOrEqual(3 * restart.mean);
  expect(first.peak).toBeLessThanOrEqual(3 * restart.mean);
  expect(afterwards.peak).toBeLessThanOrEqual(3 * restart.mean);
  // Those that fail come back sooner than those that succeed, and still not as one.
  expect(outage.peak).toBeLessThanOrEqual(9 * restart.mean);
  expect(clients.every((client) => client.status.state === 'ready')).toBe(true);
  await Promise.all(clients.map(async (client) => client.close()));
  expect(clock.timers).toBe(0);
});
