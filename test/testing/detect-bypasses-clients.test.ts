import type { Http2Server } from 'node:http2';
import http2 from 'node:http2';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { Readable, Writable } from 'node:stream';

import axios, { create } from 'axios';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { wrapOpenAI } from '../../adapters/openai/index.ts';
import type { BypassDetector, LocalProvider } from '../../src/testing/index.ts';
import { createTestControlZero, detectBypasses, startLocalProvider } from '../../src/testing/index.ts';
import { found, nextLine } from '../support/bypass-detector-stage.ts';
import * as undici7 from 'undici-7';
import * as undici8 from 'undici-8';

type Undici = typeof undici7;

// Version 6 comes with the AI SDK.
const undici6 = createRequire(import.meta.url)('undici') as Undici;
const UNDICI: readonly { readonly name: string; readonly undici: Undici }[] = [
  { name: 'undici 6', undici: undici6 },
  { name: 'undici 7', undici: undici7 },
  { name: 'undici 8', undici: undici8 as unknown as Undici },
];
const BODY = JSON.stringify({ model: 'gpt-4', messages: [{ role: 'user', content: 'Hello' }] });
const HEADERS = { 'content-type': 'application/json' };

async function* parts(): AsyncGenerator<Buffer> {
  yield Buffer.from(BODY.slice(0, 9));
  yield Buffer.from(BODY.slice(9));
}

let provider: LocalProvider;
let detector: BypassDetector;

beforeEach(async () => {
  provider = await startLocalProvider();
  detector = detectBypasses();
});

afterEach(async () => {
  detector.stop();
  await provider.close();
});

describe.each(UNDICI)('an ungoverned call by $name is found with its model and its line', ({ undici }) => {
  const url = (): string => `${provider.baseURL}/chat/completions`;
  // All versions share one, that of the version that was loaded first.
  let dispatcher: undici7.Agent;

  beforeEach(() => {
    dispatcher = new undici.Agent();
  });

  afterEach(async () => dispatcher.close());

  test.each([
    { body: 'a text', make: () => BODY },
    { body: 'bytes', make: () => Buffer.from(BODY) },
    { body: 'a stream', make: () => Readable.from([BODY.slice(0, 9), BODY.slice(9)]) },
    { body: 'a stream of the web', make: () => new Blob([BODY]).stream() },
    { body: 'a generator', make: () => parts() },
    { body: 'a list of parts', make: () => [Buffer.from(BODY)] },
    { body: 'a blob', make: () => new Blob([BODY]) },
  ])('by request() with $body', async ({ make }) => {
    // Undici takes more than its types say.
    const body = make() as string;
    const line = nextLine();
    const { body: answer } = await undici.request(url(), { method: 'POST', headers: HEADERS, body, dispatcher });
    await answer.text();
    expect(provider.modelRequests).toMatchObject([{ model: 'gpt-4' }]);
    expect(found(detector.bypasses)).toEqual([['gpt-4', line]]);
  });

  test('a form arrives as it is', async () => {
    const body = new undici.FormData();
    body.set('model', 'gpt-4');
    const { body: answer } = await undici.request(url(), { method: 'POST', body, dispatcher });
    await answer.text();
    expect(provider.requests.map(({ headers }) => headers['content-type'])).toEqual([
      expect.stringContaining('multipart/form-data'),
    ]);
    expect(detector.bypasses).toEqual([]);
  });

  test('by fetch()', async () => {
    const line = nextLine();
    const answer = await undici.fetch(url(), { method: 'POST', headers: HEADERS, body: BODY, dispatcher });
    await answer.text();
    expect(found(detector.bypasses)).toEqual([['gpt-4', line]]);
  });

  test('by fetch() with a Request', async () => {
    const request = new undici.Request(url(), { method: 'POST', headers: new undici.Headers(HEADERS), body: BODY });
    const line = nextLine();
    const answer = await undici.fetch(request, { dispatcher });
    await answer.text();
    expect(found(detector.bypasses)).toEqual([['gpt-4', line]]);
  });

  test('by stream()', async () => {
    const line = nextLine();
    await undici.stream(
      url(),
      { method: 'POST', headers: HEADERS, body: BODY },
      () => new Writable({ write: (_, __, done) => done() }),
    );
    expect(found(detector.bypasses)).toEqual([['gpt-4', line]]);
  });

  test('by a pool, an agent and a client of its own', async () => {
    const pool = new undici.Pool(provider.url, { connections: 1 });
    const agent = new undici.Agent({ connections: 1 });
    const client = new undici.Client(provider.url);
    const options = { method: 'POST', headers: HEADERS, body: BODY } as const;
    const first = nextLine();
    await (await pool.request({ path: '/v1/chat/completions', ...options })).body.text();
    const second = nextLine();
    await (await undici.request(url(), { dispatcher: agent, ...options })).body.text();
    const third = nextLine();
    await (await client.request({ path: '/v1/chat/completions', ...options })).body.text();
    expect(found(detector.bypasses)).toEqual([
      ['gpt-4', first],
      ['gpt-4', second],
      ['gpt-4', third],
    ]);
    await Promise.all([pool.close(), agent.close(), client.close()]);
  });

  test('and a governed call through its fetch is none', async () => {
    const { cz } = await createTestControlZero({
      rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/*' }],
    });
    const fetch = (async (to: string, init: undici7.RequestInit) =>
      undici.fetch(to, { ...init, dispatcher })) as unknown as typeof globalThis.fetch;
    const openai = wrapOpenAI(new OpenAI({ apiKey: 'local', baseURL: provider.baseURL, fetch }), cz);
    await openai.chat.completions.create({ model: 'gpt-4', messages: [{ role: 'user', content: 'Hello' }] });
    expect(provider.modelRequests).toHaveLength(1);
    expect(detector.bypasses).toEqual([]);
    await cz.close();
  });
});

describe.each(UNDICI.slice(1))('over HTTP/2 by $name', ({ undici }) => {
  let server: Http2Server;
  let client: undici7.H2CClient;

  beforeEach(async () => {
    server = http2.createServer((request, response) => request.resume().on('end', () => response.end('{}')));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    client = new undici.H2CClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });

  afterEach(async () => {
    await client.close();
    server.close();
  });

  test('an ungoverned call is found once', async () => {
    const options = { path: '/v1/chat/completions', method: 'POST', headers: HEADERS, body: BODY } as const;
    const line = nextLine();
    const { body } = await client.request(options);
    await body.text();
    expect(found(detector.bypasses)).toEqual([['gpt-4', line]]);
  });

  test('governed calls at the same time are none', async () => {
    const { cz } = await createTestControlZero({
      rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/*' }],
    });
    const answers: number[] = [];
    const fetch = (async (url: string, init: undici7.RequestInit) => {
      const answer = await undici.fetch(url, { ...init, dispatcher: client });
      answers.push(answer.status);
      return answer;
    }) as unknown as typeof globalThis.fetch;
    const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    const openai = wrapOpenAI(new OpenAI({ apiKey: 'local', baseURL, fetch }), cz);
    const call = { model: 'gpt-4', messages: [{ role: 'user' as const, content: 'Hello' }] };
    await Promise.all(Array.from({ length: 20 }, async () => openai.chat.completions.create(call)));
    expect(answers).toEqual(Array.from({ length: 20 }, () => 200));
    expect(detector.bypasses).toEqual([]);
    await cz.close();
  });
});

describe('an ungoverned call by axios is found with its model and its line', () => {
  test.each(['http', 'fetch'] as const)('over its adapter "%s"', async (adapter) => {
    const line = nextLine();
    await axios.post(`${provider.baseURL}/chat/completions`, JSON.parse(BODY), { adapter });
    expect(provider.modelRequests).toMatchObject([{ model: 'gpt-4' }]);
    expect(found(detector.bypasses)).toEqual([['gpt-4', line]]);
  });

  test.each(['http', 'fetch'] as const)('over its adapter "%s", with a stream as the body', async (adapter) => {
    const data = adapter === 'http' ? Readable.from([BODY]) : new Blob([BODY]).stream();
    const line = nextLine();
    await axios.post(`${provider.baseURL}/chat/completions`, data, { adapter, headers: HEADERS });
    expect(found(detector.bypasses)).toEqual([['gpt-4', line]]);
  });

  test('by an instance with interceptors, without redirects', async () => {
    const instance = create({ baseURL: provider.baseURL, maxRedirects: 0 });
    instance.interceptors.request.use(async (config) => config);
    const line = nextLine();
    await instance.post('/embeddings', { model: 'text-embedding-3-small', input: 'Hello' });
    expect(found(detector.bypasses)).toEqual([['text-embedding-3-small', line]]);
  });

  test('with a limit of time, that of its answer too', async () => {
    const line = nextLine();
    await axios.post(`${provider.baseURL}/chat/completions`, JSON.parse(BODY), {
      timeout: 10_000,
      signal: AbortSignal.timeout(10_000),
      responseType: 'stream',
    });
    expect(found(detector.bypasses)).toEqual([['gpt-4', line]]);
  });
});
