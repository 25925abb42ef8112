import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';

import { ControlZeroError } from '../../src/index.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { settle } from '../support/fake-clock.ts';
import { FakePlane } from '../support/fake-plane.ts';
import type { HostedFault } from '../support/hosted-faults.ts';
import { HOSTED_FAULTS, REMEMBERED_FAULTS } from '../support/hosted-faults.ts';
import type { HostedStage } from '../support/hosted-stage.ts';
import { API_KEY, MemoryCache, hostedStage } from '../support/hosted-stage.ts';

const MINUTE = 60_000;
const OUTAGE = 12 * MINUTE;
// Doubling from 1 second takes 6 attempts; from then on they are at least 30 seconds apart.
const MOST_BACK_OFF_ATTEMPTS = 8 + OUTAGE / 30_000;
const MOST_EXTENDED_ATTEMPTS = 2 + OUTAGE / (2.5 * MINUTE);

const strays: unknown[] = [];
const note = (error: unknown): void => void strays.push(error);

beforeAll(() => {
  process.on('unhandledRejection', note);
});
afterEach(() => {
  vi.unstubAllGlobals();
});
afterAll(() => {
  process.off('unhandledRejection', note);
});

function expectFailure({ refresher }: HostedStage, fault: HostedFault): void {
  const { lastError, regime } = refresher.status;
  expect(lastError).toMatchObject({ kind: fault.kind, ...(fault.httpStatus && { httpStatus: fault.httpStatus }) });
  expect(regime).toBe(fault.regime);
  expect(JSON.stringify(refresher.status)).not.toContain(API_KEY);
}

/** Lets an outage pass, and holds against the rules what the client did in it. */
async function endure(stage: HostedStage, fault: HostedFault): Promise<void> {
  const { clock, plane, refresher } = stage;
  const before = plane.attempts;
  await clock.advance(OUTAGE);
  const attempts = plane.attempts - before;
  expect(attempts).toBeGreaterThanOrEqual(fault.pauseMs === 600_000 ? 1 : 2);
  expect(attempts).toBeLessThanOrEqual(fault.regime === 'extended' ? MOST_EXTENDED_ATTEMPTS : MOST_BACK_OFF_ATTEMPTS);
  if (fault.pauseMs !== undefined) expect(attempts).toBeLessThanOrEqual(Math.ceil(OUTAGE / fault.pauseMs) + 1);
  expectFailure(stage, fault);
  // A slow one may be under way still.
  expect(refresher.status.consecutiveFailures).toBeGreaterThanOrEqual(attempts - 1);
  expect(new Set(plane.requests.map(({ origin }) => origin))).toEqual(new Set([FakePlane.url]));
}

async function recover({ clock, plane, refresher, enforced }: HostedStage): Promise<void> {
  plane.fault = undefined;
  plane.version = 3;
  await clock.advance(11.1 * MINUTE);
  expect(enforced()).toEqual([3]);
  expect(refresher.status).toMatchObject({ state: 'ready', consecutiveFailures: 0, lastError: null, regime: 'normal' });
  await refresher.close();
  await settle();
  expect(clock.timers).toBe(0);
  expect(strays).toEqual([]);
}

describe('at the start', () => {
  test.each(HOSTED_FAULTS.map((fault) => [fault.name, fault] as const))(
    '%s: no policy, a typed error',
    async (_, fault) => {
      const stage = await hostedStage();
      stage.plane.fault = fault.fault;
      const starting = rejectionOf(stage.refresher.start());
      await stage.clock.advance(15_000);
      expect(await starting).toBeInstanceOf(ControlZeroError);
      expect(stage.refresher.isUsable).toBe(false);
      await endure(stage, fault);
      expect(stage.enforced()).toEqual([]);
      await recover(stage);
    },
  );
});

describe('at a refresh', () => {
  const faults = [...HOSTED_FAULTS, ...REMEMBERED_FAULTS];
  test.each(faults.map((fault) => [fault.name, fault] as const))('%s: the last good policy stays', async (_, fault) => {
    const stage = await hostedStage();
    stage.plane.version = 2;
    await stage.refresher.start();
    stage.plane.fault = fault.fault;
    await endure(stage, fault);
    expect(stage.enforced()).toEqual([2]);
    expect(stage.versions).toEqual([2]);
    expect(stage.refresher.active?.facts?.version).toBe(2);
    await recover(stage);
  });
});

describe('with a policy from the cache', () => {
  const faults = [...HOSTED_FAULTS, ...REMEMBERED_FAULTS];
  test.each(faults.map((fault) => [fault.name, fault] as const))('%s: the cached policy decides', async (_, fault) => {
    const cache = new MemoryCache();
    const earlier = await hostedStage({ cache });
    earlier.plane.version = 2;
    await earlier.refresher.start();
    await earlier.refresher.close();
    const stage = await hostedStage({ cache, seed: 2 });
    stage.plane.version = 2;
    stage.plane.fault = fault.fault;
    await stage.refresher.start();
    expect(stage.enforced()).toEqual([2]);
    expect(stage.refresher.active?.facts?.source).toBe('cache');
    await endure(stage, fault);
    expect(stage.enforced()).toEqual([2]);
    await recover(stage);
  });
});
