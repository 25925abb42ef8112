import { describe, expect, test } from 'vitest';

import type { TestControlPlane } from '../../src/testing/index.ts';
import { planeClient } from '../support/plane-client.ts';
import { planeStarter } from '../support/plane-starter.ts';
import { refusalKind } from '../support/refusal-kind.ts';
import { rejectionOf } from '../support/rejection-of.ts';

const GPT_4 = { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] } as const;
const GPT_4O = { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4o' }] } as const;
const PULL = '/v1/sdk/policies/pull';

const start = planeStarter();

describe('faults in bundles', () => {
  test.each([
    ['flipped-bit', 'signature'],
    ['wrong-key', 'signature'],
    ['older-version', 'rollback'],
    ['other-content', 'equivocation'],
    ['other-project', 'wrong_project'],
    ['clock-skew', 'clock_skew'],
    ['expired', 'expired'],
    ['zstd-bomb', 'too_large'],
    ['invalid-policy', 'invalid_data'],
    ['unsupported', 'unsupported'],
  ] as const)('%s is refused as %s, once', async (kind, refusal) => {
    const local = await start({ policy: GPT_4 });
    await local.publish(GPT_4O);
    const client = planeClient(local);
    const { mark, trust } = await client.pull();
    local.inject({ kind });
    expect(await refusalKind(client.pull({ mark, trust }))).toBe(refusal);
    expect((await client.pull({ mark, trust })).metadata.version).toBe(3);
  });

  test('they have a tag of their own, and strike pulls only', async () => {
    const local = await start({ policy: GPT_4 });
    const client = planeClient(local);
    const etag = (await client.get(PULL)).headers.get('etag') ?? '';
    local.inject({ kind: 'wrong-key' });
    expect((await client.get(PULL, { 'if-none-match': etag })).status).toBe(200);
    expect(() => local.inject({ kind: 'wrong-key' }, { route: 'bootstrap' })).toThrow(TypeError);
  });
});

describe('faults in transport', () => {
  async function answer(fault: Parameters<TestControlPlane['inject']>[0]): Promise<Response> {
    const local = await start({ policy: GPT_4 });
    local.inject(fault);
    return planeClient(local).get(PULL);
  }

  test('statuses, with and without a time to wait', async () => {
    const plain = await answer({ kind: 'status', status: 500 });
    expect([plain.status, plain.headers.get('retry-after')]).toEqual([500, null]);
    const waiting = await answer({ kind: 'status', status: 429, retryAfter: 'soon' });
    expect([waiting.status, waiting.headers.get('retry-after')]).toEqual([429, 'soon']);
  });

  test.each(['hang-before-headers', 'hang-after-headers'] as const)('%s: nothing comes', async (kind) => {
    const local = await start();
    local.inject({ kind });
    const signal = AbortSignal.timeout(150);
    const headers = { authorization: `Bearer ${local.apiKey}` };
    const response = await fetch(`${local.url}${PULL}`, { headers, signal }).catch(() => 'no headers' as const);
    expect(response === 'no headers').toBe(kind === 'hang-before-headers');
    if (response !== 'no headers')
      expect(await rejectionOf(response.arrayBuffer())).toMatchObject({ name: 'TimeoutError' });
    expect(local.count('pull')).toBe(1);
  });

  test('trickle: byte by byte, and complete in the end', async () => {
    const response = await answer({ kind: 'trickle', intervalMs: 0 });
    const chunks: number[] = [];
    for await (const chunk of response.body ?? []) chunks.push((chunk as Uint8Array).length);
    expect(chunks.reduce((sum, size) => sum + size, 0)).toBe(Number(response.headers.get('content-length')));
    expect(chunks.length).toBeGreaterThan(50);
  });

  test.each(['reset', 'wrong-length'] as const)('%s: the body breaks off', async (kind) => {
    const response = await answer({ kind });
    expect(await rejectionOf(response.arrayBuffer())).toBeInstanceOf(TypeError);
  });

  test('truncate and empty: complete answers with less in them', async () => {
    const local = await start({ policy: GPT_4 });
    const client = planeClient(local);
    const whole = await (await client.get(PULL)).arrayBuffer();
    local.inject({ kind: 'truncate' });
    expect((await (await client.get(PULL)).arrayBuffer()).byteLength).toBe(Math.floor(whole.byteLength / 2));
    local.inject({ kind: 'truncate' });
    expect(await refusalKind(client.pull())).toBe('invalid_data');
    local.inject({ kind: 'empty' });
    expect(await refusalKind(client.pull())).toBe('invalid_data');
  });

  test('endless: it does not end by itself', async () => {
    const response = await answer({ kind: 'endless' });
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += (chunk as Uint8Array).length;
      if (bytes > 8 * 1024 * 1024) break;
    }
    expect(bytes).toBeGreaterThan(8 * 1024 * 1024);
  });

  test('gzip-bomb: a small body that unpacks to more than 64 MiB', async () => {
    const response = await answer({ kind: 'gzip-bomb' });
    expect(Number(response.headers.get('content-length'))).toBeLessThan(1024 * 1024);
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += (chunk as Uint8Array).length;
      if (bytes > 64 * 1024 * 1024) break;
    }
    expect(bytes).toBeGreaterThan(64 * 1024 * 1024);
  });

  test('html, another content type, a redirect, a 304 without reason', async () => {
    const local = await start({ policy: GPT_4 });
    const client = planeClient(local);
    local.inject({ kind: 'html' });
    expect((await client.get(PULL)).headers.get('content-type')).toBe('text/html');
    local.inject({ kind: 'wrong-content-type' });
    const plain = await client.get(PULL);
    expect(plain.headers.get('content-type')).toBe('text/plain');
    expect(
      Buffer.from(await plain.arrayBuffer())
        .subarray(0, 4)
        .toString(),
    ).toBe('CZ01');
    local.inject({ kind: 'redirect' });
    local.inject({ kind: 'redirect', location: 'http://127.0.0.1:9/other' });
    const places = [await client.get(PULL), await client.get(PULL)].map(({ status, headers }) => [
      status,
      headers.get('location'),
    ]);
    expect(places).toEqual([
      [302, '/elsewhere'],
      [302, 'http://127.0.0.1:9/other'],
    ]);
    local.inject({ kind: 'not-modified' });
    expect((await client.get(PULL)).status).toBe(304);
  });

  test('large-headers: more than a client takes', async () => {
    expect(await rejectionOf(answer({ kind: 'large-headers' }))).toBeInstanceOf(TypeError);
  });

  test('faults strike as often as they were asked to, where they were asked to, until they are taken back', async () => {
    const local = await start();
    const client = planeClient(local);
    const statuses = async (...paths: readonly string[]): Promise<number[]> => {
      const all: number[] = [];
      for (const path of paths) all.push((await client.get(path)).status);
      return all;
    };
    local.inject({ kind: 'status', status: 500 }, { times: 2 });
    local.inject({ kind: 'status', status: 502 });
    local.inject({ kind: 'status', status: 503 }, { route: 'bootstrap', times: Infinity });
    const bootstrap = '/v1/sdk/bootstrap';
    expect(await statuses(PULL, bootstrap, PULL, PULL, PULL, bootstrap)).toEqual([500, 503, 500, 502, 200, 503]);
    local.clearFaults();
    expect(await statuses(bootstrap)).toEqual([200]);
    const takeBack = local.inject({ kind: 'status', status: 500 }, { route: 'any', times: Infinity });
    expect(await statuses(bootstrap, PULL, '/v1/sdk/stream', '/api/secrets/x')).toEqual([500, 500, 500, 500]);
    takeBack();
    expect(await statuses(bootstrap, PULL)).toEqual([200, 200]);
  });
});
