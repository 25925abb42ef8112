import { readdirSync } from 'node:fs';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { ControlZeroOptions, PolicyDocument, Status } from '../../src/index.ts';
import {
  BundleRefusedError,
  ControlZero,
  PROTOCOL_VERSION,
  PolicyUnavailableError,
  VERSION,
  init,
} from '../../src/index.ts';
import type { TestControlPlane, TestControlPlaneOptions } from '../../src/testing/index.ts';
import { startTestControlPlane } from '../../src/testing/index.ts';
import { memoryLogger } from '../support/memory-logger.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { silentLogger } from '../support/silent-logger.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const allow = (model: string): PolicyDocument => ({
  rules: [{ effect: 'allow', action: 'llm.generate', resource: `model/${model}` }],
});
const request = (model: string): { action: string; resource: string } => ({
  action: 'llm.generate',
  resource: `model/${model}`,
});

describe('a client with an API key', () => {
  let plane: TestControlPlane;
  const clients: ControlZero[] = [];

  async function start(options: TestControlPlaneOptions = {}): Promise<void> {
    await plane.close();
    plane = await startTestControlPlane({ policy: allow('gpt-4'), ...options });
  }

  function client(options: ControlZeroOptions = {}): ControlZero {
    const common = { apiKey: plane.apiKey, baseUrl: plane.url, cacheDir: temporaryFolder(), logger: silentLogger };
    const cz = new ControlZero({ ...common, hints: false, ...options });
    clients.push(cz);
    return cz;
  }

  beforeEach(async () => {
    plane = await startTestControlPlane({ policy: allow('gpt-4') });
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map(async (cz) => cz.close()));
    await plane.close();
  });

  test('has the status that is promised, as plain data without the key', async () => {
    const cz = client();
    const states: Status[] = [];
    cz.onStatus((status) => states.push(status));
    const events: string[] = [];
    cz.onPolicy(({ type, policy }) => events.push(`${type} ${policy?.version}`));
    await cz.initialize();
    const status = cz.status();
    expect(Object.keys(status).toSorted()).toEqual([
      'audit',
      'cacheFault',
      'clockSkewMs',
      'consecutiveFailures',
      'events',
      'failOpen',
      'failures',
      'lastAttemptAt',
      'lastError',
      'lastSuccessAt',
      'mode',
      'nextAttemptAt',
      'policy',
      'regime',
      'rejected',
      'secrets',
      'since',
      'state',
      'usable',
    ]);
    expect(Object.keys(status.policy ?? {}).toSorted()).toEqual([
      'activatedAt',
      'digest',
      'epoch',
      'expiresAt',
      'integrity',
      'issuedAt',
      'keyId',
      'kind',
      'origin',
      'revision',
      'rules',
      'source',
      'version',
    ]);
    expect(JSON.parse(JSON.stringify(status))).toEqual(status);
    expect(structuredClone(status)).toEqual(status);
    expect(Math.abs(status.clockSkewMs ?? Infinity)).toBeLessThan(60_000);
    await cz.close();
    expect(states.map(({ state }) => state)).toEqual(['initializing', 'ready', 'closed']);
    expect(events).toEqual([`policy-activated ${plane.published.version}`]);
    expect(JSON.stringify(states)).not.toContain(plane.apiKey);
  });

  test('follows a rotation that was announced, and refuses one that was not', async () => {
    const cz = client();
    await cz.initialize();
    await plane.rotateKeys();
    await plane.publish(allow('gpt-5'));
    await cz.refresh();
    expect(cz.evaluate(request('gpt-5')).allowed).toBe(true);
    expect(cz.status().policy).toMatchObject({ epoch: plane.published.epoch });
    await plane.rotateKeys({ announced: false });
    await plane.publish(allow('gpt-6'));
    const error = await rejectionOf(cz.refresh());
    expect(error).toBeInstanceOf(BundleRefusedError);
    expect(error).toMatchObject({ kind: 'signature' });
    expect(cz.evaluate(request('gpt-5')).allowed).toBe(true);
    expect(cz.status().rejected).toEqual({ signature: 1, rollback: 0, expired: 0, invalid: 0 });
  });

  test('a rotation while it was away is followed from what it remembers', async () => {
    const cacheDir = temporaryFolder();
    const first = client({ cacheDir });
    await first.initialize();
    await first.close();
    await plane.rotateKeys();
    await plane.rotateKeys();
    await plane.publish(allow('gpt-5'));
    const cz = client({ cacheDir });
    await cz.initialize();
    await cz.refresh();
    expect(cz.evaluate(request('gpt-5')).allowed).toBe(true);
  });

  test('with pinned keys believes no other', async () => {
    const cz = client({ trustedKeys: [plane.publicKey] });
    await cz.initialize();
    expect(cz.status().policy?.integrity).toBe('versioned');
    const stranger = client({ trustedKeys: ['00'.repeat(31) + '0a'] });
    expect(await rejectionOf(stranger.initialize())).toMatchObject({ kind: 'signature' });
  });

  test('takes bundles of older servers, and says what they are worth', async () => {
    await start({ legacy: true });
    const cz = client({ keyTrust: 'legacy' });
    await cz.initialize();
    expect(cz.evaluate(request('gpt-4')).allowed).toBe(true);
    expect(cz.status().policy).toMatchObject({ integrity: 'legacy', version: null, epoch: null, expiresAt: null });
    await plane.rotateKeys({ announced: false });
    await plane.publish(allow('gpt-5'));
    await cz.refresh();
    expect(cz.evaluate(request('gpt-5')).allowed).toBe(true);
  });

  test.each([true, false])('reads what demands the protocol it implements (legacy: %s)', async (legacy) => {
    await start({ legacy });
    const cz = client({ keyTrust: 'legacy' });
    await cz.initialize();
    // The first is what the service demands of readers of rules with `clients` and `projects`.
    for (const [at, minSdkVersion] of ['1.5.8', VERSION, PROTOCOL_VERSION].entries()) {
      await plane.publish(allow(`gpt-5.${at}`), { minSdkVersion });
      await cz.refresh();
      expect(cz.evaluate(request(`gpt-5.${at}`)).allowed, minSdkVersion).toBe(true);
    }
  });

  const nextPatch = PROTOCOL_VERSION.replace(/\d+$/u, (patch) => String(Number(patch) + 1));
  const newer = [nextPatch, '2.0.0', 'latest'].flatMap((minSdkVersion) =>
    [true, false].map((legacy) => ({ minSdkVersion, legacy })),
  );
  test.each(newer)('keeps what it has when $minSdkVersion is demanded (legacy: $legacy)', async (one) => {
    await start({ legacy: one.legacy });
    const cz = client({ keyTrust: 'legacy' });
    await cz.initialize();
    await plane.publish(allow('gpt-5'), { minSdkVersion: one.minSdkVersion });
    const refusal = await rejectionOf(cz.refresh());
    expect(refusal).toBeInstanceOf(BundleRefusedError);
    expect(refusal).toMatchObject({
      kind: 'unsupported',
      message: `It needs version ${one.minSdkVersion} of the SDK protocol (min_sdk_version); this package implements ${PROTOCOL_VERSION}. Update the package: npm install @controlzero/sdk@latest`,
    });
    expect([cz.evaluate(request('gpt-4')).allowed, cz.evaluate(request('gpt-5')).allowed]).toEqual([true, false]);
  });

  test('shares a folder with a client of another key without meeting it', async () => {
    const cacheDir = temporaryFolder();
    const [one, two] = [client({ cacheDir }), client({ cacheDir, apiKey: plane.createApiKey() })];
    await Promise.all([one.initialize(), two.initialize()]);
    await Promise.all([one.close(), two.close()]);
    const scopes = readdirSync(cacheDir);
    expect(scopes).toHaveLength(2);
    for (const scope of scopes) expect(scope).toMatch(/^[\da-f]{64}$/u);
  });

  test('decides by nothing at all before it has a policy, or by failOpen, and says so', async () => {
    plane.inject({ kind: 'status', status: 500 }, { route: 'any', times: Infinity });
    const cz = client();
    expect(await cz.check(request('gpt-4'))).toMatchObject({ allowed: false, reasonCode: 'NO_POLICY' });
    const logger = memoryLogger();
    const open = client({ failOpen: true, logger });
    expect(await open.check(request('gpt-4'))).toMatchObject({
      allowed: true,
      effect: 'warn',
      reasonCode: 'NO_POLICY',
    });
    expect(open.status()).toMatchObject({ failOpen: true, usable: false });
    expect(logger.lines.join('\n')).toContain('failOpen allows every call');
  });

  test('that was closed while it started asks for nothing and decides by nothing', async () => {
    const cz = client();
    const starting = rejectionOf(cz.initialize().then(() => Promise.reject(new Error('resolved'))));
    await cz.close();
    await starting;
    expect(cz.status()).toMatchObject({ state: 'closed', usable: false, policy: null });
    expect(cz.evaluate(request('gpt-4'))).toMatchObject({ allowed: false, reasonCode: 'CLIENT_CLOSED' });
    expect(plane.requests).toEqual([]);
  });

  test('init() rejects with what is wrong, and leaves nothing behind', async () => {
    plane.revokeApiKey();
    const error = await rejectionOf(
      init({ apiKey: plane.apiKey, baseUrl: plane.url, cacheDir: temporaryFolder(), logger: silentLogger }),
    );
    expect(error).toBeInstanceOf(PolicyUnavailableError);
    expect(error).toMatchObject({ kind: 'auth', httpStatus: 401, code: 'ERR_CZ_POLICY_UNAVAILABLE' });
    expect(String(error)).toContain('check CONTROLZERO_API_KEY');
    expect(plane.openStreams).toBe(0);
  });

  test('hears of a publication at once, and again after its stream was ended', { timeout: 30_000 }, async () => {
    const cz = client({ hints: true, refreshInterval: 3600 });
    await cz.initialize();
    const enforced = async (model: string): Promise<void> => {
      while (!cz.evaluate(request(model)).allowed) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    const connected = async (): Promise<void> => {
      while (plane.openStreams === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    await connected();
    await plane.publish(allow('gpt-5'));
    await enforced('gpt-5');
    plane.endStreams();
    while (plane.openStreams > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await plane.publish(allow('gpt-6'));
    // Missed, and made up for: a stream begins with the version of the moment.
    await enforced('gpt-6');
    await connected();
    await plane.publish(allow('gpt-7'));
    await enforced('gpt-7');
    expect(plane.count('pull')).toBe(4);
  });

  test.each([
    ['http://control-plane.example', 'takes an https URL'],
    ['https://user:secret@control-plane.example', 'user name or password'],
    ['not a URL', 'is not a URL'],
    ['ftp://127.0.0.1', 'takes an https URL'],
  ])('does not send its key to %s', async (baseUrl, message) => {
    const error = await rejectionOf(client({ baseUrl }).initialize());
    expect(error).toMatchObject({ code: 'ERR_CZ_CONFIGURATION' });
    expect(String(error)).toContain(message);
    expect(String(error)).not.toContain('secret');
  });
});
