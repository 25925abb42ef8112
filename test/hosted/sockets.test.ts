import { createServer } from 'node:http';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { PolicyDocument, SyncFailureKind } from '../../src/index.ts';
import { ControlZero, ControlZeroError } from '../../src/index.ts';
import type { ControlPlaneFault, TestControlPlane } from '../../src/testing/index.ts';
import { startTestControlPlane } from '../../src/testing/index.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import type { ScaledClock } from '../support/scaled-clock.ts';
import { createScaledClock } from '../support/scaled-clock.ts';
import { silentLogger } from '../support/silent-logger.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
// How much faster time runs while nothing is to come but the end of a limit of 5 or 10 seconds.
const HURRY = 10;

const allow = (...models: string[]): PolicyDocument => ({
  rules: models.map((model) => ({ effect: 'allow', action: 'llm.generate', resource: `model/${model}` })),
});
const request = (model: string): { action: string; resource: string } => ({
  action: 'llm.generate',
  resource: `model/${model}`,
});
const inAnHour = (clock: ScaledClock): string => new Date(clock.now() + 60 * MINUTE).toUTCString();

type Case = readonly [fault: ControlPlaneFault, kind: SyncFailureKind, httpStatus?: number];

const STATUSES: readonly Case[] = [
  ...[400, 404, 405, 408, 409, 413, 500, 501, 502, 503, 504, 520].map(
    (status) => [{ kind: 'status', status }, 'http', status] as const,
  ),
  [{ kind: 'status', status: 401 }, 'auth', 401],
  [{ kind: 'status', status: 403 }, 'auth', 403],
  [{ kind: 'status', status: 429 }, 'rate_limited', 429],
  [{ kind: 'status', status: 429, retryAfter: 30 }, 'rate_limited', 429],
  [{ kind: 'status', status: 429, retryAfter: 'soon' }, 'rate_limited', 429],
  [{ kind: 'status', status: 503, retryAfter: inAnHour(createScaledClock()) }, 'http', 503],
  [{ kind: 'status', status: 204 }, 'invalid_data', 204],
  [{ kind: 'redirect' }, 'http', 302],
];

const TRANSPORT: readonly Case[] = [
  [{ kind: 'hang-before-headers' }, 'timeout'],
  [{ kind: 'hang-after-headers' }, 'timeout'],
  [{ kind: 'trickle', intervalMs: 20 }, 'timeout'],
  [{ kind: 'reset' }, 'network'],
  [{ kind: 'wrong-length' }, 'network'],
  [{ kind: 'truncate' }, 'invalid_data'],
  [{ kind: 'endless' }, 'too_large'],
  [{ kind: 'gzip-bomb' }, 'too_large'],
  [{ kind: 'empty' }, 'invalid_data'],
  [{ kind: 'html' }, 'invalid_data', 200],
  [{ kind: 'large-headers' }, 'invalid_data'],
];

const BUNDLES: readonly Case[] = [
  [{ kind: 'flipped-bit' }, 'signature'],
  [{ kind: 'wrong-key' }, 'signature'],
  [{ kind: 'older-version' }, 'rollback'],
  [{ kind: 'other-content' }, 'equivocation'],
  [{ kind: 'other-project' }, 'wrong_project'],
  [{ kind: 'clock-skew' }, 'clock_skew'],
  [{ kind: 'expired' }, 'expired'],
  [{ kind: 'zstd-bomb' }, 'too_large'],
  [{ kind: 'invalid-policy' }, 'invalid_data'],
  [{ kind: 'unsupported' }, 'unsupported'],
];

const NEVER_COME: ReadonlySet<string> = new Set(['hang-before-headers', 'hang-after-headers', 'trickle']);

// What they send is made of what was published, and is news to nobody after another publication.
const SAYS_SOMETHING_OLD: ReadonlySet<string> = new Set(['older-version', 'other-content']);

const strays: unknown[] = [];
const note = (error: unknown): void => void strays.push(error);

describe('on real sockets', () => {
  let plane: TestControlPlane;
  let clock: ScaledClock;
  let elsewhere: ReturnType<typeof createServer>;
  const strangers: unknown[] = [];

  beforeAll(async () => {
    process.on('unhandledRejection', note);
    elsewhere = createServer(({ headers }, response) => {
      strangers.push(headers);
      response.end();
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  });
  beforeEach(async () => {
    clock = createScaledClock();
    plane = await startTestControlPlane({
      policy: allow('gpt-3'),
      now: () => clock.now(),
      validForSeconds: 30 * 86_400,
    });
    await plane.publish(allow('gpt-4'));
    return async () => plane.close();
  });
  afterAll(() => {
    elsewhere.close();
    process.off('unhandledRejection', note);
  });

  function client(cacheDir = temporaryFolder(), baseUrl = plane.url): ControlZero {
    return new ControlZero({ apiKey: plane.apiKey, baseUrl, cacheDir, hints: false, logger: silentLogger }, clock);
  }

  /** Strikes with a fault until the end, and gives what a refresh makes of it. */
  async function struck(cz: ControlZero, fault: ControlPlaneFault): Promise<unknown> {
    const { port } = elsewhere.address() as { readonly port: number };
    const aimed = fault.kind === 'redirect' ? { ...fault, location: `http://127.0.0.1:${port}/` } : fault;
    // A policy that has not changed is not sent, so there is something new to strike.
    if (!SAYS_SOMETHING_OLD.has(fault.kind)) await plane.publish(allow('gpt-4'));
    return waitOut(aimed, async () => cz.refresh({ timeoutMs: 15_000 }));
  }

  /** Strikes with a fault from now on, and gives what something then fails with. */
  async function waitOut(fault: ControlPlaneFault, work: () => Promise<unknown>): Promise<unknown> {
    plane.inject(fault, { times: Infinity });
    if (NEVER_COME.has(fault.kind)) clock.run(HURRY);
    const error = await rejectionOf(work());
    clock.run(1);
    return error;
  }

  function expectFailure(cz: ControlZero, error: unknown, [, kind, httpStatus]: Case): void {
    expect(error).toBeInstanceOf(ControlZeroError);
    expect(error).toMatchObject({ kind, ...(httpStatus !== undefined && { httpStatus }) });
    expect(cz.status()).toMatchObject({ state: 'interrupted', usable: true, lastError: { kind } });
    for (const shown of [JSON.stringify(cz.status()), JSON.stringify(error), String(error)]) {
      expect(shown).not.toContain(plane.apiKey);
    }
  }

  async function expectRecovery(cz: ControlZero): Promise<void> {
    plane.clearFaults();
    await plane.publish(allow('gpt-5'));
    clock.jump(15 * MINUTE);
    await cz.refresh({ timeoutMs: 15_000 });
    expect(cz.evaluate(request('gpt-4')).allowed).toBe(false);
    expect(cz.evaluate(request('gpt-5')).allowed).toBe(true);
    expect(cz.status()).toMatchObject({ state: 'ready', consecutiveFailures: 0, lastError: null });
    await cz.close();
    expect(clock.timers).toBe(0);
  }

  test.each([...STATUSES, ...TRANSPORT, ...BUNDLES].map((one) => [JSON.stringify(one[0]), one] as const))(
    '%s leaves the policy in force, and passes',
    { timeout: 30_000 },
    async (_, one) => {
      const cz = client();
      await cz.initialize({ timeoutMs: 15_000 });
      expectFailure(cz, await struck(cz, one[0]), one);
      expect(cz.evaluate(request('gpt-4')).allowed).toBe(true);
      expect(cz.evaluate(request('gpt-5')).allowed).toBe(false);
      await expectRecovery(cz);
    },
  );

  test.each(
    [...TRANSPORT, ...BUNDLES]
      .filter(([{ kind }]) => !SAYS_SOMETHING_OLD.has(kind))
      .map((one) => [JSON.stringify(one[0]), one] as const),
  )('%s at the start leaves no policy, and passes', { timeout: 30_000 }, async (_, [fault, kind]) => {
    const cz = client();
    const error = await waitOut(fault, async () => cz.initialize({ timeoutMs: 15_000 }));
    expect(error).toMatchObject({ kind });
    expect(cz.evaluate(request('gpt-4'))).toMatchObject({ allowed: false, reasonCode: 'NO_POLICY' });
    await expectRecovery(cz);
  });

  test('a content type that says nothing changes nothing: the signature does', async () => {
    const cz = client();
    plane.inject({ kind: 'wrong-content-type' });
    await cz.initialize({ timeoutMs: 15_000 });
    expect(cz.evaluate(request('gpt-4')).allowed).toBe(true);
    await cz.close();
  });

  test('a restart without the control plane goes on with what the last process left', async () => {
    const cacheDir = temporaryFolder();
    const first = client(cacheDir);
    await first.initialize({ timeoutMs: 15_000 });
    await first.close();
    plane.inject({ kind: 'status', status: 503 }, { times: Infinity, route: 'any' });
    const cz = client(cacheDir);
    await cz.initialize();
    expect(cz.evaluate(request('gpt-4')).allowed).toBe(true);
    expect(cz.status()).toMatchObject({ usable: true, policy: { source: 'cache', version: plane.published.version } });
    expect(cz.evaluate(request('gpt-4')).stale).toBeUndefined();
    clock.jump(11 * MINUTE);
    expect(cz.status().state).toBe('stale');
    expect(cz.evaluate(request('gpt-4'))).toMatchObject({ allowed: true, stale: true });
    clock.jump(31 * DAY);
    expect(cz.evaluate(request('gpt-4'))).toMatchObject({ allowed: false, reasonCode: 'POLICY_EXPIRED' });
    expect(cz.status()).toMatchObject({ state: 'expired', usable: false });
    await cz.close();
  });

  test('a revoked key keeps the policy, and is not tried more than a few times an hour', async () => {
    const cz = client();
    await cz.initialize({ timeoutMs: 15_000 });
    plane.revokeApiKey();
    const before = plane.count('pull');
    const error = await rejectionOf(cz.refresh());
    expect(error).toMatchObject({ kind: 'auth', httpStatus: 401 });
    expect(String(error)).toContain('INVALID_API_KEY');
    for (let round = 0; round < 20; round += 1) expect(await rejectionOf(cz.refresh())).toBe(error);
    expect(plane.count('pull')).toBe(before + 1);
    expect(cz.evaluate(request('gpt-4')).allowed).toBe(true);
    await cz.close();
  });

  test.each([
    ['nobody listens', 'http://127.0.0.1:9', 'network'],
    ['the name is none', 'https://control-plane.invalid', 'dns'],
  ] as const)('%s: a typed error', async (_, baseUrl, kind) => {
    const cz = client(temporaryFolder(), baseUrl);
    expect(await rejectionOf(cz.initialize({ timeoutMs: 15_000 }))).toMatchObject({ kind });
    await cz.close();
  });

  test('who listens speaks no TLS: a typed error, and no key on the wire', async () => {
    const cz = client(temporaryFolder(), plane.url.replace('http:', 'https:'));
    expect(await rejectionOf(cz.initialize({ timeoutMs: 15_000 }))).toMatchObject({ kind: 'tls' });
    expect(plane.requests).toEqual([]);
    await cz.close();
  });

  // The last one, because it is about all of them.
  test('no rejection went unhandled, and nothing was asked of another server', () => {
    expect(strays).toEqual([]);
    expect(strangers).toEqual([]);
  });
});
