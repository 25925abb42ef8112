import { createHash, createPublicKey } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import { utf8 } from '../../src/bundle/bytes.ts';
import { followRotations } from '../../src/bundle/rotation-chain.ts';
import { PolicyInvalidError } from '../../src/index.ts';
import { startTestControlPlane } from '../../src/testing/index.ts';
import { planeClient } from '../support/plane-client.ts';
import { planeStarter } from '../support/plane-starter.ts';
import { refusalKind } from '../support/refusal-kind.ts';
import { rejectionOf } from '../support/rejection-of.ts';

const GPT_4 = { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] } as const;
const GPT_4O = { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4o' }] } as const;
const PULL = '/v1/sdk/policies/pull';

const start = planeStarter();

describe('the protocol of the test control plane', () => {
  test('bootstrap names the project and its keys', async () => {
    const local = await start({ environment: 'prod', audience: 'api' });
    const answer = await planeClient(local).bootstrap();
    expect(answer).toMatchObject({
      project_id: 'proj_test',
      environment: 'prod',
      audience: 'api',
      signing_pubkey_hex: local.publicKey,
      key_version: 1,
      algorithm: 'ed25519',
    });
    const { x } = createPublicKey(String(answer['signing_pubkey_pem'])).export({ format: 'jwk' });
    expect(Buffer.from(x ?? '', 'base64url').toString('hex')).toBe(local.publicKey);
    expect(Buffer.from(answer.project_encryption_key_b64, 'base64')).toHaveLength(32);
  });

  test('a project without policies has a bundle that denies', async () => {
    const { compiled, metadata } = await planeClient(await start()).pull();
    expect(metadata).toMatchObject({ integrity: 'versioned', policyCount: 0, version: 1 });
    expect(compiled).toMatchObject({ rules: [], noMatch: { allowed: false } });
  });

  test('what is published is what the next pull brings', async () => {
    const local = await start({ policy: GPT_4 });
    const client = planeClient(local);
    const first = await client.pull();
    await local.publish(GPT_4O);
    const second = await client.pull({ mark: first.mark, trust: first.trust });
    expect(first.compiled.rules[0]?.resourceTexts).toEqual(['model/gpt-4']);
    expect(second.compiled.rules[0]?.resourceTexts).toEqual(['model/gpt-4o']);
    expect([first.metadata.version, second.metadata.version]).toEqual([2, 3]);
    expect(local.published).toEqual({ epoch: 1, version: 3 });
  });

  test('a document with problems is not published', async () => {
    const local = await start({ policy: GPT_4 });
    const invalid = { rules: [{ effect: 'allow', action: '[', resource: '*' }] } as const;
    expect(await rejectionOf(local.publish(invalid))).toBeInstanceOf(PolicyInvalidError);
    expect(local.published.version).toBe(2);
    expect((await planeClient(local).pull()).compiled.rules).toHaveLength(1);
  });

  test('an unchanged bundle is a 304, until it is signed anew', async () => {
    let now = Date.now();
    const local = await start({ policy: GPT_4, now: () => now });
    const client = planeClient(local);
    const first = await client.get(PULL);
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[^"]+"$/u);
    const bytes = await first.arrayBuffer();
    const again = await client.get(PULL, { 'if-none-match': etag });
    expect([again.status, again.headers.get('etag'), await again.text()]).toEqual([304, etag, '']);
    expect(Buffer.from(await (await client.get(PULL)).arrayBuffer())).toEqual(Buffer.from(bytes));
    const verified = await client.pull();
    now += 86_400_000;
    expect((await client.get(PULL, { 'if-none-match': etag })).status).toBe(200);
    const renewed = await client.pull({ now, mark: verified.mark });
    expect(renewed.digest).toBe(verified.digest);
    expect(renewed.metadata.issuedAt).toBeGreaterThan(verified.metadata.issuedAt ?? 0);
    await local.publish(GPT_4O);
    expect((await client.get(PULL, { 'if-none-match': etag })).status).toBe(200);
  });

  test('streams bring the version on connection and on every change, and nothing else', async () => {
    const local = await start({ policy: GPT_4, heartbeatMs: 5 });
    const response = await planeClient(local).get('/v1/sdk/stream');
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const reader = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const readUntil = async (wanted: string): Promise<void> => {
      while (!text.includes(wanted)) text += (await reader.read()).value ?? '';
    };
    await readUntil('event: policy\nid: 1.2\ndata: {"epoch":1,"version":2,"spread_ms":0}\n\n');
    await readUntil(': heartbeat\n\n');
    await local.publish(GPT_4O);
    await readUntil('data: {"epoch":1,"version":3,"spread_ms":1}\n\n');
    local.setSecret('openai', 'sk-canary');
    await readUntil('event: secrets\nid: 1.2\ndata: {"epoch":1,"version":2,"spread_ms":1}\n\n');
    expect(text).not.toMatch(/gpt|canary|allow/u);
    expect(local.openStreams).toBe(1);
    local.endStreams();
    while (!(await reader.read()).done);
    await expect.poll(() => local.openStreams).toBe(0);
  });

  test('a stream that its client leaves is closed', async () => {
    const local = await start();
    const response = await planeClient(local).get('/v1/sdk/stream');
    await expect.poll(() => local.openStreams).toBe(1);
    await response.body?.cancel();
    await expect.poll(() => local.openStreams).toBe(0);
  });

  test('audit entries are kept once each, and at most 500 at a time', async () => {
    const local = await start();
    const client = planeClient(local);
    const send = async (entries: unknown): Promise<unknown> => {
      const response = await client.post('/v1/sdk/audit', { entries });
      return response.status === 200 ? response.json() : response.status;
    };
    expect(await send([{ id: 'a', decision: 'deny' }, { id: 'b' }, { decision: 'no id' }])).toEqual({
      accepted: 2,
      dropped: 1,
    });
    expect(await send([{ id: 'b' }, { id: 'c' }])).toEqual({ accepted: 2, dropped: 0 });
    expect(local.audit).toEqual([{ id: 'a', decision: 'deny' }, { id: 'b' }, { id: 'c' }]);
    expect(await send(Array.from({ length: 501 }, (_, id) => ({ id: String(id) })))).toBe(413);
    expect(await send('none')).toBe(400);
    expect((await client.post('/v1/sdk/audit', { entries: ['x'.repeat(1024 * 1024)] })).status).toBe(413);
    expect(local.audit).toHaveLength(3);
  });

  test('reports of activations are kept', async () => {
    const local = await start();
    const client = planeClient(local);
    const report = { epoch: 1, version: 2, outcome: 'refused', error: 'rollback' };
    expect((await client.post('/v1/sdk/activations', report)).status).toBe(202);
    expect((await client.post('/v1/sdk/activations', 'text')).status).toBe(400);
    expect(local.activations).toEqual([report]);
  });

  test('secrets one by one, as older clients ask for them', async () => {
    const local = await start({ secrets: { openai: 'sk-1' } });
    const client = planeClient(local);
    local.setSecret('a.b', 'two');
    expect(await (await client.get('/api/secrets/openai')).json()).toEqual({ value: 'sk-1' });
    expect(await (await client.get('/api/secrets/a%2Eb')).json()).toEqual({ value: 'two' });
    local.removeSecret('openai');
    const gone = await client.get('/api/secrets/openai');
    expect([gone.status, await gone.json()]).toMatchObject([404, { error: { code: 'SECRET_NOT_FOUND' } }]);
    expect(() => local.setSecret('a/b', 'x')).toThrow(TypeError);
  });

  test('secrets in one sealed envelope, bound to the published policies', async () => {
    const local = await start({ policy: GPT_4, secrets: { openai: 'sk-canary', other: 'x' } });
    const client = planeClient(local);
    const { trust } = await client.pull();
    const before = await client.secrets(trust);
    expect(before.secrets).toEqual(
      new Map([
        ['openai', utf8('sk-canary')],
        ['other', utf8('x')],
      ]),
    );
    expect(before.bundle).toEqual(local.published);
    local.removeSecret('other');
    const after = await client.secrets(trust);
    expect([...after.secrets.keys()]).toEqual(['openai']);
    expect(after.secretsVersion).toBeGreaterThan(before.secretsVersion);
    const response = await client.get('/v1/sdk/secrets');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(Buffer.from(await response.arrayBuffer()).toString('latin1')).not.toContain('canary');
  });

  test('a rotated key is reached over the chain, and not without it', async () => {
    const local = await start({ policy: GPT_4 });
    const client = planeClient(local);
    const first = await client.pull();
    await local.rotateKeys();
    await local.rotateKeys();
    const remembered = { trust: first.trust, mark: first.mark };
    expect(await refusalKind(client.pull(remembered))).toBe('signature');
    const chain = new Uint8Array(await (await client.get('/v1/sdk/keys/rotations')).arrayBuffer());
    const trust = await followRotations(first.trust, chain, { projectId: local.projectId, now: Date.now() });
    expect(trust.keys).toEqual([{ publicKey: local.publicKey, epoch: 3 }]);
    expect((await client.pull({ ...remembered, trust })).metadata.epoch).toBe(3);
    await local.rotateKeys({ announced: false });
    const sameChain = new Uint8Array(await (await client.get('/v1/sdk/keys/rotations')).arrayBuffer());
    expect(await followRotations(trust, sameChain, { projectId: local.projectId, now: Date.now() })).toEqual(trust);
    expect(await refusalKind(client.pull({ ...remembered, trust }))).toBe('signature');
  });

  test('another project key opens what is made from then on', async () => {
    const local = await start({ policy: GPT_4 });
    const client = planeClient(local);
    const projectKey = Buffer.from((await client.bootstrap()).project_encryption_key_b64, 'base64');
    local.rotateProjectKey();
    expect(await refusalKind(client.pull({ projectKey }))).toBe('signature');
    expect((await client.pull()).compiled.rules).toHaveLength(1);
  });

  test('withdrawn versions, required features and versions of the package reach the client', async () => {
    const local = await start({ policy: GPT_4 });
    const client = planeClient(local);
    await local.publish(GPT_4O, { revokeEarlier: true });
    expect((await client.pull()).mark.revokedBefore).toBe(3);
    await local.publish(GPT_4O, { critical: ['conditions'], minSdkVersion: '1.0.0' });
    expect((await client.pull()).metadata.critical).toEqual(['conditions']);
    expect(await refusalKind(client.pull({ sdkVersion: '0.9.0' }))).toBe('unsupported');
    await local.publish(GPT_4O, { critical: ['telepathy'] });
    expect(await refusalKind(client.pull())).toBe('unsupported');
  });

  test('an older server signs no metadata', async () => {
    const { metadata, compiled } = await planeClient(await start({ legacy: true, policy: GPT_4 })).pull();
    expect(metadata).toMatchObject({
      integrity: 'legacy',
      version: null,
      activePolicyCount: 1,
      projectId: 'proj_test',
    });
    expect(compiled.rules).toHaveLength(1);
  });

  test('keys are accepted, refused and revoked, and never shown', async () => {
    const local = await start();
    const status = async (headers: Record<string, string>): Promise<unknown> => {
      const response = await fetch(`${local.url}/v1/sdk/bootstrap`, { headers });
      return response.status === 200 ? 200 : ((await response.json()) as { error: { code: string } }).error.code;
    };
    const second = local.createApiKey();
    expect(second).toMatch(/^cz_test_[0-9a-f]{64}$/u);
    expect(await status({})).toBe('MISSING_API_KEY');
    expect(await status({ authorization: 'Bearer nonsense' })).toBe('INVALID_API_KEY_FORMAT');
    expect(await status({ authorization: `Bearer cz_live_${'0'.repeat(64)}` })).toBe('INVALID_API_KEY');
    expect(await status({ 'x-api-key': second })).toBe(200);
    local.revokeApiKey();
    expect(await status({ authorization: `Bearer ${local.apiKey}` })).toBe('INVALID_API_KEY');
    expect(await status({ authorization: `Bearer ${second}` })).toBe(200);
    local.revokeApiKey(second);
    expect(await status({ authorization: `Bearer ${second}` })).toBe('INVALID_API_KEY');
    expect(local.requests.map(({ apiKey }) => apiKey)).toEqual([
      'missing',
      'refused',
      'refused',
      'accepted',
      'refused',
      'accepted',
      'refused',
    ]);
    const shown = JSON.stringify(local.requests);
    expect(shown).not.toContain(local.apiKey);
    expect(shown).not.toContain(second);
  });

  test('requests are counted by route, with what was answered', async () => {
    const local = await start();
    const client = planeClient(local);
    await client.pull();
    await (await client.get('/v1/sdk/policies/pull?x=1')).arrayBuffer();
    await (await client.get('/nowhere')).arrayBuffer();
    await (await client.post(PULL, {})).arrayBuffer();
    expect([local.count('bootstrap'), local.count('pull'), local.count('unknown')]).toEqual([1, 2, 2]);
    await expect.poll(() => local.requests.map(({ status }) => status)).toEqual([200, 200, 200, 404, 404]);
    local.reset();
    expect(local.requests).toEqual([]);
  });

  test('it is closed when its scope ends', async () => {
    let url: string;
    {
      await using local = await startTestControlPlane();
      ({ url } = local);
    }
    expect(await rejectionOf(fetch(url))).toBeInstanceOf(TypeError);
  });
});

test('the bytes of one bundle are the same for every client', async () => {
  const local = await start({ policy: GPT_4 });
  const hashes = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const body = await (await planeClient(local).get(PULL)).arrayBuffer();
      return createHash('sha256').update(Buffer.from(body)).digest('hex');
    }),
  );
  expect(new Set(hashes).size).toBe(1);
});
