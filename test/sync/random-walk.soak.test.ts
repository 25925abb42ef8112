import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { createFakeClock, seededRandom } from '../support/fake-clock.ts';
import { fuzzSeed } from '../support/fuzz-seed.ts';
import type { Remote } from '../support/observed-refresher.ts';
import { refused, remote, unreachable } from '../support/observed-refresher.ts';
import { repeats } from '../support/soak.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
// One for the next attempt, one for its limit, one for the next change of state.
const MOST_TIMERS = 3;

type Step = (remote: Remote) => unknown;

/** Everything that can happen to a client, from outside and from inside. */
const STEPS: Readonly<Record<string, Step>> = {
  second: async ({ clock }) => clock.advance(SECOND),
  minute: async ({ clock }) => clock.advance(MINUTE),
  hour: async ({ clock }) => clock.advance(HOUR),
  'clock ahead': ({ clock }) => clock.jump(3 * HOUR),
  'clock back': ({ clock }) => clock.jump(-3 * HOUR),
  'goes down': ({ source }) => void (source.failure = unreachable),
  'refuses the key': ({ source }) => void (source.failure = refused),
  'comes back': ({ source }) => void (source.failure = undefined),
  publishes: ({ source }) => void (source.version += 1),
  'signs anew': ({ source, clock }) => void (source.expiresAt = clock.now() + 2 * HOUR),
  start: ({ refresher }) => void refresher.start().catch(() => undefined),
  refresh: ({ refresher }) => void refresher.refresh().catch(() => undefined),
  decision: ({ refresher }) => refresher.observe(),
  hint: ({ source }) => source.hint?.(),
};

function check({ refresher, source, clock }: Remote, seen: { version: number }): void {
  const { status, active, isUsable } = refresher;
  const version = active?.facts?.version ?? 0;
  expect(version).toBeGreaterThanOrEqual(seen.version);
  expect(version).toBeLessThanOrEqual(source.version);
  seen.version = version;
  expect(isUsable).toBe(active !== undefined && status.state !== 'expired');
  expect(['idle', 'initializing', 'interrupted'].includes(status.state)).toBe(
    active === undefined || status.state === 'interrupted',
  );
  expect(status.state === 'ready' && status.consecutiveFailures > 0).toBe(false);
  expect(status.lastError === null).toBe(status.consecutiveFailures === 0);
  expect(JSON.parse(JSON.stringify(status))).toEqual(status);
  expect(clock.timers).toBeLessThanOrEqual(MOST_TIMERS);
  expect(source.concurrent).toBeLessThanOrEqual(1);
}

test('whatever happens, in whatever order, a client keeps its promises', { timeout: 600_000 }, async () => {
  const seed = fuzzSeed();
  console.log(`seed ${seed}`);
  const names = fc.array(fc.constantFrom(...Object.keys(STEPS)), { minLength: 5, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(names, fc.integer(), async (steps, chance) => {
      const settled = async (): Promise<void> => {
        for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      };
      const walker = remote({ clock: createFakeClock(seededRandom(chance), settled) });
      walker.source.expiresAt = walker.clock.now() + 2 * HOUR;
      const seen = { version: 0 };
      for (const name of steps) {
        await STEPS[name]?.(walker);
        await settled();
        check(walker, seen);
      }
      await walker.refresher.close();
      const { reads } = walker.source;
      await walker.clock.advance(HOUR);
      expect([walker.clock.timers, walker.source.reads - reads, walker.refresher.isUsable]).toEqual([0, 0, false]);
    }),
    { seed, numRuns: repeats(150, 5000) },
  );
});
