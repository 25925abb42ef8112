import { afterEach, describe, expect, test, vi } from 'vitest';

import { readBootstrap } from '../../src/hosted/bootstrap.ts';
import { readEndpoint } from '../../src/hosted/endpoint.ts';
import { Exchange } from '../../src/hosted/exchange.ts';
import { ConfigurationError, PolicyUnavailableError } from '../../src/index.ts';
import { noCache } from '../../src/sources/record-cache.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { rejectionOf } from '../support/rejection-of.ts';

const endpoint = readEndpoint('https://plane.test/prefix/', 'cz_test_key');
const clock = createFakeClock();
const request = { path: '/x', maxBytes: 100, signal: new AbortController().signal };
const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

function answering(answer: (url: string, init: RequestInit) => Response): Exchange {
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => answer(url, init));
  return new Exchange({ endpoint, clock });
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('an exchange', () => {
  test('asks below the base URL, uncached, without following redirects, with the key in one header', async () => {
    let seen: unknown;
    const exchange = answering((url, init) => {
      const headers = Object.fromEntries(new Headers(init.headers));
      seen = { url, method: init.method, redirect: init.redirect, cache: init.cache, headers };
      return new Response('yes');
    });
    await exchange.send({ ...request, headers: { accept: 'a/b' } });
    expect(seen).toEqual({
      url: 'https://plane.test/prefix/x',
      method: 'GET',
      redirect: 'manual',
      cache: 'no-store',
      headers: { accept: 'a/b', authorization: 'Bearer cz_test_key' },
    });
  });

  test('does without the cache field where a runtime knows none', async () => {
    const asked: unknown[] = [];
    const exchange = answering((_, init) => {
      asked.push(init.cache);
      if (init.cache) throw new Error("The 'cache' field on 'RequestInitializerDict' is not implemented.");
      return new Response('yes');
    });
    await exchange.send(request);
    await exchange.send(request);
    expect(asked).toEqual(['no-store', undefined, undefined]);
  });

  test('takes a pause from the outside for what it is, before and during a request', async () => {
    const exchange = answering(() => new Response('yes'));
    const reason = new PolicyUnavailableError({ message: 'Stopped.' });
    vi.stubGlobal('fetch', async (_: string, { signal }: RequestInit) => {
      signal?.throwIfAborted();
      return new Promise((__, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason));
      });
    });
    expect(await rejectionOf(exchange.send({ ...request, signal: AbortSignal.abort(reason) }))).toBe(reason);
    const controller = new AbortController();
    const sending = rejectionOf(exchange.send({ ...request, signal: controller.signal }));
    controller.abort(reason);
    expect(await sending).toBe(reason);
    expect(clock.timers).toBe(0);
  });

  test('leaves no listener on a signal that outlives ten thousand requests', async () => {
    const exchange = answering(() => new Response('yes'));
    const { signal } = new AbortController();
    let listeners = 0;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...values: Parameters<typeof add>) => {
      listeners += 1;
      add(...values);
    };
    signal.removeEventListener = (...values: Parameters<typeof remove>) => {
      listeners -= 1;
      remove(...values);
    };
    for (let round = 0; round < 10_000; round += 1) await exchange.send({ ...request, signal });
    expect(listeners).toBe(0);
    expect(clock.timers).toBe(0);
  });

  test('knows how far the clock of the control plane is off', async () => {
    const exchange = answering(() => {
      const date = new Date(clock.now() + 90_000).toUTCString();
      return new Response('yes', { headers: { date } });
    });
    expect(exchange.clockSkewMs).toBeNull();
    await exchange.send(request);
    expect(Math.abs((exchange.clockSkewMs ?? 0) - 90_000)).toBeLessThanOrEqual(1000);
  });

  test('shows of an error what looks like a code, and nothing else', async () => {
    const bodies = [
      ['{"error":{"code":"KEY_EXPIRED","message":"cz_live_secret"}}', 'The control plane answered 500 (KEY_EXPIRED).'],
      ['{"code":"KEY_EXPIRED"}', 'The control plane answered 500 (KEY_EXPIRED).'],
      ['{"error":"KEY_EXPIRED"}', 'The control plane answered 500 (KEY_EXPIRED).'],
      ['{"error":"Bearer cz_live_secret"}', 'The control plane answered 500.'],
      ['<html>', 'The control plane answered 500.'],
      ['null', 'The control plane answered 500.'],
      [`{"code":"${'X'.repeat(5000)}"}`, 'The control plane answered 500.'],
    ] as const;
    for (const [body, message] of bodies) {
      const exchange = answering(() => new Response(body, { status: 500 }));
      expect(await rejectionOf(exchange.send(request))).toMatchObject({ message, kind: 'http', httpStatus: 500 });
    }
  });
});

describe('a bootstrap', () => {
  const good = {
    project_id: 'p',
    project_encryption_key_b64: btoa('k'.repeat(32)),
    signing_pubkey_hex: 'AB'.repeat(32),
    algorithm: 'ed25519',
  };

  test('is read, with whatever else is in it left alone', () => {
    expect(readBootstrap(bytes(JSON.stringify(good)))).toMatchObject({ projectId: 'p', offeredKey: 'ab'.repeat(32) });
  });

  test.each([
    '',
    'text',
    '[]',
    'null',
    '{}',
    JSON.stringify({ ...good, project_id: '' }),
    JSON.stringify({ ...good, project_id: 7 }),
    JSON.stringify({ ...good, signing_pubkey_hex: 'ab' }),
    JSON.stringify({ ...good, project_encryption_key_b64: btoa('short') }),
    JSON.stringify({ ...good, project_encryption_key_b64: '!' }),
  ])('%j is none', (text) => {
    expect(() => readBootstrap(bytes(text))).toThrow(PolicyUnavailableError);
  });
});

test.each(['', ' ', 'a b', 'a\nb', 'schlüssel', 'x'.repeat(513)])('%j is no API key', (key) => {
  expect(() => readEndpoint('https://plane.test', key)).toThrow(ConfigurationError);
});

test('an API key may have white space around it, as files of secrets do', () => {
  expect(readEndpoint('https://plane.test', 'cz_live_key\n').apiKey).toBe('cz_live_key');
});

test.each(['http://localhost:8080', 'http://127.0.0.1', 'http://[::1]:1', 'http://plane.localhost'])(
  '%s is this machine',
  (url) => {
    expect(readEndpoint(url, 'key').baseUrl).toBe(url);
  },
);

test('without a disk nothing is kept, and nothing is missed', async () => {
  await noCache.store({ epoch: 1, version: 1, issuedAt: 1 }, new Uint8Array());
  expect([await noCache.newest(), await noCache.load(), noCache.fault]).toEqual([undefined, [], null]);
});
