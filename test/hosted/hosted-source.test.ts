import { afterEach, describe, expect, test, vi } from 'vitest';

import { ROUTES } from '../../src/hosted/protocol.ts';
import type { Hint } from '../../src/hosted/hint.ts';
import { PROTOCOL_VERSION, PolicyUnavailableError, VERSION } from '../../src/index.ts';
import { keyOf } from '../support/bundle-stage.ts';
import { settle } from '../support/fake-clock.ts';
import type { HostedStage, HostedStageOptions } from '../support/hosted-stage.ts';
import { MemoryCache, hostedStage } from '../support/hosted-stage.ts';
import { rejectionOf } from '../support/rejection-of.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const unreachable = (): never => {
  throw new TypeError('fetch failed');
};

afterEach(() => {
  vi.unstubAllGlobals();
});

async function started(options: HostedStageOptions = {}): Promise<HostedStage> {
  const stage = await hostedStage(options);
  await stage.refresher.start();
  return stage;
}

/** What a process leaves on disk that has had version 2. */
async function cacheOfVersionTwo(): Promise<MemoryCache> {
  const cache = new MemoryCache();
  const earlier = await hostedStage({ cache });
  earlier.plane.version = 2;
  await earlier.refresher.start();
  await earlier.refresher.close();
  return cache;
}

describe('a hosted policy', () => {
  test('asks for the project once, and then only for what is new', async () => {
    const { clock, plane, enforced, versions } = await started();
    expect(enforced()).toEqual([1]);
    await clock.advance(10 * MINUTE);
    expect(plane.count(ROUTES.bootstrap)).toBe(1);
    const pulls = plane.requests.filter(({ path }) => path === ROUTES.pull);
    expect(pulls.length).toBeGreaterThan(8);
    expect(pulls.map(({ headers }) => headers['if-none-match'])).toEqual([
      undefined,
      ...pulls.slice(1).map(() => '"v1.1"'),
    ]);
    plane.version = 2;
    await clock.advance(1.3 * MINUTE);
    expect(enforced()).toEqual([2]);
    expect(versions).toEqual([1, 2]);
  });

  test('says what it is, and when its time is over', async () => {
    const { clock, refresher } = await started();
    expect(refresher.active).toMatchObject({
      kind: 'hosted',
      origin: 'the control plane',
      facts: { epoch: 1, version: 1, integrity: 'versioned', source: 'network', expiresAt: clock.now() + 7 * DAY },
    });
    expect(refresher.active?.facts?.digest).toMatch(/^[\da-f]{64}$/u);
    expect(refresher.active?.revision).toBe(refresher.active?.facts?.digest.slice(0, 16));
  });

  test('is extended by a new signature, without being activated anew', async () => {
    const { clock, plane, refresher, versions } = await started();
    const before = refresher.active?.facts?.expiresAt ?? 0;
    plane.fault = ({ path }) =>
      path === ROUTES.pull ? plane.bundle().then((bytes) => new Response(bytes)) : undefined;
    await clock.advance(HOUR);
    expect(refresher.active?.facts?.expiresAt).toBeGreaterThan(before);
    expect(versions).toEqual([1]);
  });

  test('asks for everything again when its time is over', async () => {
    const { clock, plane, refresher } = await started();
    clock.jump(8 * DAY);
    refresher.observe();
    await settle();
    expect(plane.requests.at(-1)?.headers['if-none-match']).toBeUndefined();
    expect(refresher.status.state).toBe('ready');
  });

  test('asks again with the old tag after what came was refused', async () => {
    const { clock, plane } = await started();
    plane.version = 2;
    plane.fault = ({ path }) =>
      path === ROUTES.pull ? new Response('no bundle', { headers: { etag: '"v1.2"' } }) : undefined;
    await clock.advance(5 * MINUTE);
    plane.fault = undefined;
    await clock.advance(2 * MINUTE);
    const tags = plane.requests
      .filter(({ path }) => path === ROUTES.pull)
      .map(({ headers }) => headers['if-none-match']);
    expect(new Set(tags.slice(1, -2))).toEqual(new Set(['"v1.1"']));
  });

  test('is not there when the answer is that nothing changed, and nothing was there', async () => {
    const { plane, refresher } = await hostedStage();
    plane.fault = ({ path }) => (path === ROUTES.pull ? new Response(null, { status: 304 }) : undefined);
    const error = await rejectionOf(refresher.start());
    expect(error).toMatchObject({ kind: 'http', httpStatus: 304 });
  });

  test('needs the project that it was told', async () => {
    const { refresher } = await hostedStage({ source: { projectId: 'proj_other' } });
    expect(await rejectionOf(refresher.start())).toMatchObject({ kind: 'wrong_project' });
  });

  test('needs the lowest version that it was told', async () => {
    const { refresher } = await hostedStage({ source: { minBundleVersion: 2 } });
    expect(await rejectionOf(refresher.start())).toMatchObject({ kind: 'rollback' });
  });

  test('tells when the key is refused, and goes on deciding', async () => {
    const { clock, plane, source, enforced } = await started();
    let refusals = 0;
    const off = source.onKeyRefused(() => {
      refusals += 1;
    });
    plane.fault = () => new Response(null, { status: 401 });
    await clock.advance(6 * MINUTE);
    expect(refusals).toBeGreaterThan(0);
    expect(enforced()).toEqual([1]);
    const before = refusals;
    off();
    await clock.advance(10 * MINUTE);
    expect(refusals).toBe(before);
  });
});

describe('keys', () => {
  test('a new signing key is taken when the old one has signed it', async () => {
    const { clock, plane, enforced, refresher } = await started();
    for (const seed of [2, 3]) await plane.rotate(seed);
    plane.version = 2;
    await clock.advance(2 * MINUTE);
    expect(enforced()).toEqual([2]);
    expect(refresher.active?.facts?.epoch).toBe(3);
  });

  test('a new signing key that nobody vouches for is refused, whatever the bootstrap says', async () => {
    const { clock, plane, enforced, refresher } = await started();
    await plane.rotate(2, false);
    plane.version = 2;
    await clock.advance(10 * MINUTE);
    expect(enforced()).toEqual([1]);
    expect(refresher.status.lastError?.kind).toBe('signature');
    expect(refresher.status.rejected.signature).toBeGreaterThan(0);
  });

  test('with legacy trust the key of the day is taken', async () => {
    const { clock, plane, enforced } = await started({ source: { keyTrust: 'legacy' } });
    await plane.rotate(2, false);
    plane.version = 2;
    await clock.advance(2 * MINUTE);
    expect(enforced()).toEqual([2]);
  });

  test('a pinned key is the only one that counts', async () => {
    const other = await hostedStage({ source: { trustedKeys: [(await keyOf(9)).publicKey] } });
    expect(await rejectionOf(other.refresher.start())).toMatchObject({ kind: 'signature' });
    const { enforced } = await started({ source: { trustedKeys: [(await keyOf(1)).publicKey] } });
    expect(enforced()).toEqual([1]);
  });

  test('a first key that never signed anything is forgotten', async () => {
    const stage = await hostedStage();
    const stranger = await keyOf(9);
    stage.plane.fault = ({ path }) =>
      path === ROUTES.bootstrap
        ? Response.json({ ...stage.plane.bootstrap(), signing_pubkey_hex: stranger.publicKey })
        : undefined;
    expect(await rejectionOf(stage.refresher.start())).toMatchObject({ kind: 'signature' });
    stage.plane.fault = undefined;
    await stage.clock.advance(6 * MINUTE);
    expect(stage.enforced()).toEqual([1]);
  });

  test('a new key of the project is fetched', async () => {
    const { clock, plane, enforced } = await started();
    const right = plane.projectKey;
    plane.projectKey = new Uint8Array(32);
    plane.fault = ({ path }) => {
      if (path === ROUTES.bootstrap) plane.projectKey = right;
      return undefined;
    };
    plane.version = 2;
    await clock.advance(2 * MINUTE);
    expect(enforced()).toEqual([2]);
  });
});

describe('the cache', () => {
  test('is enough to start with, and what came before it is refused', async () => {
    const cache = await cacheOfVersionTwo();
    const { clock, plane, enforced, refresher } = await started({ cache, seed: 2 });
    expect(enforced()).toEqual([2]);
    expect(plane.count(ROUTES.bootstrap)).toBe(0);
    plane.version = 1;
    await clock.advance(MINUTE);
    expect(refresher.status.lastError?.kind).toBe('rollback');
    expect(enforced()).toEqual([2]);
  });

  test('gives the tag of what it holds', async () => {
    const cache = await cacheOfVersionTwo();
    const { plane } = await started({ cache, seed: 2 });
    plane.version = 2;
    await settle();
    const pull = plane.requests.find(({ path }) => path === ROUTES.pull);
    expect(pull?.headers['if-none-match']).toBe('"v1.2"');
  });

  test('is of no use with another API key', async () => {
    const cache = await cacheOfVersionTwo();
    const stage = await hostedStage({ cache, source: { apiKey: `cz_test_${'b'.repeat(64)}` } });
    stage.plane.fault = unreachable;
    expect(await rejectionOf(stage.refresher.start())).toBeInstanceOf(PolicyUnavailableError);
    expect(stage.enforced()).toEqual([]);
  });

  test('does not give away the key of the project', async () => {
    const cache = await cacheOfVersionTwo();
    const text = Buffer.from(cache.records[0]?.record ?? []).toString('latin1');
    expect(text.startsWith('CZR1')).toBe(true);
    expect(text).not.toContain('project_key');
    expect(text).not.toContain(Buffer.alloc(32, 7).toString('latin1'));
  });

  test.each([0, 5, 20, 200, -1, -40])(
    'with a damaged byte at %i counts as absent, and the one before it is used',
    async (at) => {
      const cache = await cacheOfVersionTwo();
      const later = await hostedStage({ cache });
      later.plane.version = 3;
      await later.refresher.start();
      await settle();
      await later.refresher.close();
      const newest = cache.records[0]?.record ?? new Uint8Array();
      const index = at < 0 ? newest.length + at : at;
      newest[index] = (newest[index] ?? 0) ^ 0xff;
      const { clock, plane, refresher, enforced } = await hostedStage({ cache, seed: 2 });
      plane.fault = unreachable;
      await refresher.start();
      expect(enforced()).toEqual([2]);
      plane.fault = undefined;
      plane.version = 3;
      await clock.advance(2 * MINUTE);
      await refresher.close();
      const mended = await hostedStage({ cache, seed: 3 });
      mended.plane.fault = unreachable;
      await mended.refresher.start();
      expect(mended.enforced()).toEqual([3]);
    },
  );

  test('past its time decides nothing, unless that is asked for', async () => {
    const cache = await cacheOfVersionTwo();
    const offline = async (keepsExpired: boolean): Promise<HostedStage> => {
      const stage = await hostedStage({ cache, keepsExpired });
      stage.clock.jump(8 * DAY);
      stage.plane.fault = unreachable;
      await stage.refresher.start().catch(() => undefined);
      return stage;
    };
    const denying = await offline(false);
    expect(denying.refresher.status.state).toBe('expired');
    expect(denying.enforced()).toEqual([]);
    const keeping = await offline(true);
    expect(keeping.refresher.status.state).toBe('expired');
    expect(keeping.enforced()).toEqual([2]);
  });

  test('hands on what another process got, while this one gets nothing', async () => {
    const cache = new MemoryCache();
    const { clock, plane, enforced } = await started({ cache });
    const other = await hostedStage({ cache, seed: 3 });
    other.plane.version = 2;
    await other.refresher.start();
    await settle();
    vi.stubGlobal('fetch', plane.fetch);
    plane.fault = unreachable;
    await clock.advance(2 * MINUTE);
    expect(enforced()).toEqual([2]);
  });
});

test('an older record under a newer name is refused', async () => {
  const cache = await cacheOfVersionTwo();
  const [old] = cache.records;
  const stage = await hostedStage({ cache, seed: 2 });
  stage.plane.version = 3;
  await stage.refresher.start();
  await stage.clock.advance(2 * MINUTE);
  cache.records.splice(0);
  await cache.store({ epoch: 1, version: 9, issuedAt: 0 }, old?.record ?? new Uint8Array());
  stage.plane.fault = unreachable;
  await stage.clock.advance(5 * MINUTE);
  expect(stage.refresher.status.consecutiveFailures).toBeGreaterThan(1);
  expect(stage.enforced()).toEqual([3]);
});

describe('reports', () => {
  test('tell the control plane what is in force, and once what was refused', async () => {
    const stage = await started();
    stage.plane.fault = ({ path }) => (path === ROUTES.pull ? new Response('no bundle') : undefined);
    await stage.clock.advance(10 * MINUTE);
    expect(stage.plane.reports).toMatchObject([
      {
        activated: true,
        sdk: `node@${VERSION}`,
        protocol: PROTOCOL_VERSION,
        version: 1,
        epoch: 1,
        digest: stage.refresher.active?.facts?.digest,
      },
      { activated: false, version: 1, error: { kind: 'invalid_data' } },
    ]);
  });

  test('stop when the control plane has no place for them, and break nothing', async () => {
    const stage = await hostedStage();
    stage.plane.fault = ({ path }) => (path === ROUTES.activations ? new Response(null, { status: 404 }) : undefined);
    await stage.refresher.start();
    await settle();
    stage.plane.version = 2;
    await stage.clock.advance(2 * MINUTE);
    expect(stage.enforced()).toEqual([2]);
    expect(stage.plane.count(ROUTES.activations)).toBe(1);
  });
});

describe('hints', () => {
  test('lead to one request within the spread they name, and only when they are news', async () => {
    let tell: (hint: Hint) => void = () => undefined;
    let isListening = false;
    const listen = (onHint: typeof tell): (() => void) => {
      [tell, isListening] = [onHint, true];
      return () => {
        isListening = false;
      };
    };
    const { clock, plane, refresher, enforced } = await started({ source: { listen } });
    const pulls = (): number => plane.count(ROUTES.pull);
    tell({ event: 'policy', epoch: 1, version: 1, spreadMs: 2000 });
    tell({ event: 'secrets', epoch: 1, version: 9, spreadMs: 2000 });
    await clock.advance(2000);
    expect(pulls()).toBe(1);
    plane.version = 2;
    for (let round = 0; round < 3; round += 1) tell({ event: 'policy', epoch: 1, version: 2, spreadMs: 2000 });
    await clock.advance(2000);
    expect(pulls()).toBe(2);
    expect(enforced()).toEqual([2]);
    plane.version = 3;
    tell({ event: 'policy', epoch: 1, version: 3, spreadMs: 2000 });
    await refresher.close();
    expect([isListening, clock.timers]).toEqual([false, 0]);
  });
});
