import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';

import type {
  ControlZeroOptions,
  PolicyDocument,
  SecretEvent,
  SecretReasonCode,
  SecretUnavailableError,
} from '../../src/index.ts';
import { ControlZero } from '../../src/index.ts';
import { createVault, setSecret } from '../../src/node/index.ts';
import type { ControlPlaneFault, TestControlPlane } from '../../src/testing/index.ts';
import { startTestControlPlane } from '../../src/testing/index.ts';
import { findCanaries } from '../support/canaries.ts';
import { memoryLogger } from '../support/memory-logger.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const VALUE = 'sk-live-0123456789abcdef';
const policy: PolicyDocument = { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] };

interface Stage {
  readonly plane: TestControlPlane;
  readonly cz: ControlZero;
  readonly events: SecretEvent[];
  readonly cacheDir: string;
}

async function startPlane(
  secrets: Readonly<Record<string, string>> = { openai: VALUE, other: 'other-value' },
): Promise<TestControlPlane> {
  const plane = await startTestControlPlane({ policy, secrets });
  onTestFinished(async () => plane.close());
  return plane;
}

function connect(plane: TestControlPlane, options: ControlZeroOptions = {}): Stage {
  const cacheDir = options.cacheDir ?? join(temporaryFolder(), 'cache');
  const cz = new ControlZero({
    apiKey: plane.apiKey,
    baseUrl: plane.url,
    cacheDir,
    secretsEnabled: true,
    hints: false,
    logger: memoryLogger(),
    ...options,
  });
  onTestFinished(async () => cz.close());
  const events: SecretEvent[] = [];
  cz.onSecret((event) => events.push(event));
  return { plane, cz, events, cacheDir };
}

async function start(options?: ControlZeroOptions): Promise<Stage> {
  const stage = connect(await startPlane(), options);
  await stage.cz.initialize();
  return stage;
}

function reasonOf(cz: ControlZero): string {
  try {
    return cz.getSecret('openai');
  } catch (error) {
    return (error as SecretUnavailableError).reasonCode;
  }
}

/** Answers requests for secrets with bytes that were recorded. */
function replay(envelope: Uint8Array<ArrayBuffer>): void {
  const { fetch: real } = globalThis;
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) =>
    (input as string).endsWith('/v1/sdk/secrets') ? new Response(envelope) : real(input, init),
  );
}

async function record({ url, apiKey }: TestControlPlane): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(`${url}/v1/sdk/secrets`, { headers: { authorization: `Bearer ${apiKey}` } });
  return new Uint8Array(await response.arrayBuffer());
}

afterEach(() => void vi.restoreAllMocks());

describe('secrets of a control plane', () => {
  test('come with the policy, in the same initialize()', async () => {
    const { cz, plane } = await start();
    expect([cz.getSecret('openai'), cz.getSecret('other')]).toEqual([VALUE, 'other-value']);
    expect(['bootstrap', 'pull', 'secrets', 'secret'].map((route) => plane.count(route as 'pull'))).toEqual([
      1, 1, 1, 0,
    ]);
    expect(cz.status().secrets).toMatchObject({ source: 'hosted', count: 2, lastError: null });
  });

  test('are never written to a disk, and never sent', async () => {
    const { cz, plane, cacheDir } = await start();
    await cz.close();
    const files = readdirSync(cacheDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files).not.toEqual([]);
    const written = Buffer.concat(files.map((entry) => readFileSync(join(entry.parentPath, entry.name))));
    const canaries = [
      { name: 'secret', value: VALUE },
      { name: 'key', value: plane.apiKey },
    ];
    expect(findCanaries(written, canaries)).toEqual([]);
    expect(findCanaries(JSON.stringify([plane.requests, plane.activations, plane.audit]), canaries)).toEqual([]);
  });

  test('are told when they change', async () => {
    const { cz, plane, events } = await start();
    plane.setSecret('openai', 'sk-rotated-0123456789');
    plane.removeSecret('other');
    await cz.refresh();
    expect(cz.getSecret('openai')).toBe('sk-rotated-0123456789');
    await cz.flush();
    expect(events).toMatchObject([
      { type: 'secret-rotated', name: 'openai' },
      { type: 'secret-removed', name: 'other' },
    ]);
    await cz.refresh();
    await cz.flush();
    expect(events).toHaveLength(2);
  });

  test('change at a hint, long before the next poll', async () => {
    const plane = await startPlane();
    const { cz, events } = connect(plane, { hints: true });
    await cz.initialize();
    await expect.poll(() => plane.openStreams).toBe(1);
    plane.setSecret('openai', 'sk-rotated-0123456789');
    await expect.poll(() => events.length, { timeout: 10_000 }).toBe(1);
    expect(cz.getSecret('openai')).toBe('sk-rotated-0123456789');
  });

  test('go on through changes of both keys', async () => {
    const { cz, plane } = await start();
    plane.rotateProjectKey();
    plane.setSecret('openai', 'after-the-project-key');
    await cz.refresh();
    expect(cz.getSecret('openai')).toBe('after-the-project-key');
    await plane.rotateKeys();
    plane.setSecret('openai', 'after-the-signing-key');
    await cz.refresh();
    expect(cz.getSecret('openai')).toBe('after-the-signing-key');
    await plane.rotateKeys({ announced: false });
    plane.setSecret('openai', 'of-an-unknown-signer');
    await rejectionOf(cz.refresh());
    expect(cz.getSecret('openai')).toBe('after-the-signing-key');
  });

  test('are not waited for by the policy, and cannot come from its cache', async () => {
    const first = await start();
    await first.cz.close();
    first.plane.inject({ kind: 'status', status: 503 }, { route: 'any', times: Infinity });
    const { cz } = connect(first.plane, { cacheDir: first.cacheDir });
    expect(await rejectionOf(cz.initialize())).toMatchObject({
      name: 'SecretUnavailableError',
      reasonCode: 'UNREADABLE',
    });
    expect(cz.evaluate({ action: 'llm.generate', resource: 'model/gpt-4' }).allowed).toBe(true);
    expect(reasonOf(cz)).toBe('UNREADABLE');
    expect(first.plane.count('secrets')).toBe(1);
  });

  test('obey the hosted policy', async () => {
    const { cz, plane } = await start({ agentId: 'basic' });
    await plane.publish({
      rules: [
        { effect: 'allow', action: 'secret.read', resource: 'secret/openai', conditions: { agent_id: 'premium' } },
      ],
    });
    await cz.refresh();
    expect(() => cz.getSecret('openai')).toThrow('No secret openai for this caller');
  });

  test('give way to those of a vault file that is named', async () => {
    const vault = await createVault({ vaultFile: join(temporaryFolder(), 'own.vault') });
    await setSecret('openai', 'from-the-file', vault);
    const { cz, plane } = await start({ ...vault });
    expect(cz.getSecret('openai')).toBe('from-the-file');
    expect(plane.count('secrets')).toBe(0);
  });

  test('are not asked for unless they are wanted', async () => {
    const { cz, plane } = await start({ secretsEnabled: false, secrets: ['openai'] });
    expect(reasonOf(cz)).toBe('SECRETS_DISABLED');
    expect(cz.status().secrets).toBeNull();
    expect(plane.count('secrets') + plane.count('secret')).toBe(0);
  });

  test('are not asked for beside a local policy', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'cache'));
    const plane = await startPlane();
    const vault = await createVault({ vaultFile: join(folder, 'own.vault') });
    await setSecret('openai', 'from-the-file', vault);
    const { cz } = connect(plane, { policy, ...vault });
    await cz.initialize();
    expect(cz.getSecret('openai')).toBe('from-the-file');
    expect(plane.requests).toEqual([]);
  });
});

describe('a control plane that fails', () => {
  const faults: readonly (readonly [string, ControlPlaneFault, SecretReasonCode])[] = [
    ['500', { kind: 'status', status: 500 }, 'UNREADABLE'],
    ['429', { kind: 'status', status: 429, retryAfter: 60 }, 'UNREADABLE'],
    ['404 after an envelope', { kind: 'status', status: 404 }, 'UNREADABLE'],
    ['a reset connection', { kind: 'reset' }, 'UNREADABLE'],
    ['half an envelope', { kind: 'truncate' }, 'INVALID'],
    ['a wrong length', { kind: 'wrong-length' }, 'UNREADABLE'],
    ['no body', { kind: 'empty' }, 'INVALID'],
    ['a web page', { kind: 'html' }, 'UNREADABLE'],
    ['a redirect', { kind: 'redirect' }, 'UNREADABLE'],
    ['a bomb', { kind: 'gzip-bomb' }, 'UNREADABLE'],
    ['an endless body', { kind: 'endless' }, 'UNREADABLE'],
    ['304 to nothing', { kind: 'not-modified' }, 'UNREADABLE'],
  ];

  test.each(faults)('with %s leaves the last values', async (_, fault, reasonCode) => {
    const { cz, plane } = await start();
    plane.inject(fault, { route: 'secrets' });
    expect(await rejectionOf(cz.refresh())).toMatchObject({ name: 'SecretUnavailableError', reasonCode });
    expect(cz.getSecret('openai')).toBe(VALUE);
    expect(cz.status()).toMatchObject({ state: 'ready', secrets: { count: 2, lastError: { reasonCode } } });
    await cz.refresh();
    expect(cz.status().secrets?.lastError).toBeNull();
  });

  test.each(faults)('with %s at the start gives none, and then all', async (_, fault) => {
    const plane = await startPlane();
    const { cz } = connect(plane);
    // Before an envelope was seen, a 404 means a control plane that has none.
    plane.inject(fault, { route: 'secrets' });
    expect(await rejectionOf(cz.initialize())).toMatchObject({ name: 'SecretUnavailableError' });
    expect(cz.status()).toMatchObject({ usable: true, secrets: { count: 0 } });
    await cz.refresh();
    expect(cz.getSecret('openai')).toBe(VALUE);
  });

  test.each([401, 403])('with %i on the secrets drops them at once', async (status) => {
    const { cz, plane, events } = await start();
    plane.inject({ kind: 'status', status }, { route: 'secrets' });
    expect(await rejectionOf(cz.refresh())).toMatchObject({ reasonCode: 'REVOKED' });
    expect(reasonOf(cz)).toBe('REVOKED');
    await cz.flush();
    expect(events.map(({ type }) => type)).toEqual(['secrets-refused', 'secrets-dropped']);
    await cz.refresh();
    expect(cz.getSecret('openai')).toBe(VALUE);
  });

  test('that has sealed once is not believed when it says it cannot', async () => {
    const { cz, plane } = await start({ secrets: ['openai'] });
    plane.inject({ kind: 'status', status: 404 }, { route: 'secrets' });
    expect(await rejectionOf(cz.refresh())).toMatchObject({ reasonCode: 'UNREADABLE' });
    expect(plane.count('secret')).toBe(0);
    expect(cz.getSecret('openai')).toBe(VALUE);
  });

  test('that refuses the key for the policy drops the secrets as well, and the policy stays', async () => {
    const { cz, plane, events } = await start();
    const before = plane.count('secrets');
    plane.revokeApiKey();
    await rejectionOf(cz.refresh());
    expect(reasonOf(cz)).toBe('REVOKED');
    expect(cz.evaluate({ action: 'llm.generate', resource: 'model/gpt-4' }).allowed).toBe(true);
    expect(plane.count('secrets')).toBe(before);
    await cz.flush();
    expect(events.map(({ type }) => type)).toEqual(['secrets-refused', 'secrets-dropped']);
  });

  test('or somebody who plays back an older envelope cannot bring an old value back', async () => {
    const { cz, plane } = await start();
    const old = await record(plane);
    plane.setSecret('openai', 'sk-rotated-0123456789');
    await cz.refresh();
    replay(old);
    expect(await rejectionOf(cz.refresh())).toMatchObject({ reasonCode: 'INVALID' });
    expect(cz.getSecret('openai')).toBe('sk-rotated-0123456789');
  });

  test('or somebody who plays the envelope of another project gets nothing in', async () => {
    const other = await startPlane({ openai: 'of-another-project' });
    const envelope = await record(other);
    const { cz } = await start();
    replay(envelope);
    expect(await rejectionOf(cz.refresh())).toMatchObject({ reasonCode: 'INVALID' });
    expect(cz.getSecret('openai')).toBe(VALUE);
  });

  test('or somebody who changes any byte gets nothing in', async () => {
    const { cz, plane } = await start();
    const envelope = await record(plane);
    for (let at = 0; at < envelope.length; at += 7) {
      const changed = envelope.slice();
      changed[at] = (changed[at] ?? 0) ^ 0x40;
      replay(changed);
      expect(await rejectionOf(cz.refresh())).toMatchObject({ reasonCode: 'INVALID' });
      vi.restoreAllMocks();
    }
    expect(cz.getSecret('openai')).toBe(VALUE);
  });
});

describe('a control plane that hands out secrets one by one', () => {
  async function older(options: ControlZeroOptions): Promise<Stage> {
    const plane = await startPlane();
    plane.inject({ kind: 'status', status: 404 }, { route: 'secrets', times: Infinity });
    return connect(plane, options);
  }

  test('is asked for those that are named', async () => {
    const { cz, plane } = await older({ secrets: ['openai', 'absent'] });
    await cz.initialize();
    expect(cz.getSecret('openai')).toBe(VALUE);
    expect(() => cz.getSecret('absent')).toThrow('No secret absent');
    expect(() => cz.getSecret('other')).toThrow('No secret other');
    expect(plane.requests.filter(({ route }) => route === 'secret').map(({ path }) => path)).toEqual([
      '/api/secrets/openai',
      '/api/secrets/absent',
    ]);
    const { revision } = cz.status().secrets ?? {};
    await cz.refresh();
    expect(cz.status().secrets?.revision).toBe(revision);
  });

  test('tells what to do when none is named', async () => {
    const { cz } = await older({});
    expect(await rejectionOf(cz.initialize())).toMatchObject({
      reasonCode: 'UNREADABLE',
      message: 'This control plane hands out secrets one by one. Name those you need in the secrets option.',
    });
  });

  test('takes a single secret away with 403, and all of them with 401', async () => {
    const { cz, plane } = await older({ secrets: ['openai', 'other'] });
    await cz.initialize();
    plane.inject({ kind: 'status', status: 403 }, { route: 'secret' });
    await cz.refresh();
    const left = ['openai', 'other'].filter((name) => {
      try {
        return cz.getSecret(name) !== '';
      } catch {
        return false;
      }
    });
    expect(left).toHaveLength(1);
    plane.inject({ kind: 'status', status: 401 }, { route: 'secret' });
    expect(await rejectionOf(cz.refresh())).toMatchObject({ reasonCode: 'REVOKED' });
    expect(reasonOf(cz)).toBe('REVOKED');
  });

  test.each<readonly [string, ControlPlaneFault]>([
    ['a web page', { kind: 'html' }],
    ['half an answer', { kind: 'truncate' }],
    ['no body', { kind: 'empty' }],
    ['500', { kind: 'status', status: 500 }],
  ])('leaves the last values with %s', async (_, fault) => {
    const { cz, plane } = await older({ secrets: ['openai'] });
    await cz.initialize();
    plane.inject(fault, { route: 'secret' });
    expect(await rejectionOf(cz.refresh())).toMatchObject({ name: 'SecretUnavailableError' });
    expect(cz.getSecret('openai')).toBe(VALUE);
  });
});
