import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';

import { ChatOpenAI } from '@langchain/openai';
import { tool } from '@langchain/core/tools';
import { createAgent } from 'langchain';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';

import { governModel, governEmbeddingModel } from '../../adapters/ai-sdk/index.ts';
import { governChatModel } from '../../adapters/langchain/index.ts';
import { wrapOpenAI } from '../../adapters/openai/index.ts';
import type { ControlZero } from '../../src/index.ts';
import type { Bypass, BypassDetector, LocalProvider } from '../../src/testing/index.ts';
import {
  BypassDetectedError,
  createTestControlZero,
  detectBypasses,
  startLocalProvider,
} from '../../src/testing/index.ts';
import { aiSDKMajors } from '../support/ai-sdk-majors.ts';
import { found, nextLine } from '../support/bypass-detector-stage.ts';
import { openAIMajors } from '../support/openai-majors.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { SOURCE_URL, runProgram } from '../support/run-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const policy = {
  rules: [
    { effect: 'deny', action: 'llm.generate', resource: 'model/gpt-4-turbo' },
    { effect: 'allow', action: ['llm.generate', 'embedding.generate'], resource: 'model/*' },
  ],
} as const;
const messages = [{ role: 'user' as const, content: 'a secret prompt' }];
const EMBEDDING = 'text-embedding-3-small';

let provider: LocalProvider;
let cz: ControlZero;
let detector: BypassDetector;

beforeEach(async () => {
  provider = await startLocalProvider();
  ({ cz } = await createTestControlZero(policy));
  detector = detectBypasses();
});

afterEach(async () => {
  detector.stop();
  await cz.close();
  await provider.close();
});

const jsonRequest = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

describe('an ungoverned call is found, with its model and the line that made it', () => {
  test('by fetch', async () => {
    const line = nextLine();
    await fetch(`${provider.baseURL}/chat/completions?key=1`, jsonRequest({ model: 'gpt-4', messages }));
    expect(found(detector.bypasses)).toEqual([['gpt-4', line]]);
    const [first] = detector.bypasses;
    expect(first).toMatchObject({ method: 'POST', path: '/v1/chat/completions', host: new URL(provider.url).host });
    expect(JSON.stringify(first)).not.toMatch(/secret|key=/u);
  });

  test('by node:http', async () => {
    const answered = Promise.withResolvers<void>();
    const line = nextLine();
    const request = http.request(`${provider.baseURL}/embeddings`, { method: 'POST' }, (answer) => {
      answer.resume().on('end', answered.resolve);
    });
    request.write(`{"model":`);
    request.end(`"${EMBEDDING}","input":"a"}`);
    await answered.promise;
    expect(found(detector.bypasses)).toEqual([[EMBEDDING, line]]);
  });

  test('by node:http2', async () => {
    const server = http2.createServer((request, response) => request.resume().on('end', () => response.end('{}')));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const line = nextLine();
    const stream = session.request({ ':method': 'POST', ':path': '/model/anthropic.claude-v2/converse' });
    stream.end('{}');
    await new Promise((resolve) => stream.resume().on('close', resolve));
    session.close();
    server.close();
    expect(found(detector.bypasses)).toEqual([['anthropic.claude-v2', line]]);
  });

  test.each(openAIMajors)('by $name', async ({ library }) => {
    const openai = new library.OpenAI({ apiKey: 'local', baseURL: provider.baseURL });
    const line = nextLine();
    await openai.chat.completions.create({ model: 'gpt-4', messages });
    expect(found(detector.bypasses)).toEqual([['gpt-4', line]]);
  });

  test.each(aiSDKMajors)('by $name', async ({ sdk }) => {
    const openai = sdk.createOpenAI({ apiKey: 'local', baseURL: provider.baseURL });
    const line = nextLine();
    await sdk.ai.generateText({ model: openai.chat('gpt-4'), prompt: 'Hello' });
    expect(found(detector.bypasses)).toEqual([['gpt-4', line]]);
    detector.stop();
    detector = detectBypasses();
    const other = nextLine();
    const { textStream } = sdk.ai.streamText({ model: openai.chat('gpt-4'), prompt: 'Hello' });
    for await (const _ of textStream);
    expect(found(detector.bypasses)).toEqual([['gpt-4', other]]);
  });
});

describe('a governed call is none', () => {
  test.each(openAIMajors)('by $name: streams, embeddings, retries, fallbacks, denials', async ({ library }) => {
    const plain = new library.OpenAI({ apiKey: 'local', baseURL: provider.baseURL });
    const openai = wrapOpenAI(plain, cz);
    provider.failNext({ status: 500, headers: { 'retry-after-ms': '1' } });
    await openai.chat.completions.create({ model: 'gpt-4', messages });
    for await (const _ of await openai.chat.completions.create({ model: 'gpt-4', messages, stream: true }));
    await openai.responses.create({ model: 'gpt-4', input: 'Hello' });
    await openai.embeddings.create({ model: EMBEDDING, input: 'Hello' });
    await openai.models.list();
    await rejectionOf(openai.chat.completions.create({ model: 'gpt-4-turbo', messages }));
    const falling = wrapOpenAI(plain, cz, { fallback: ['gpt-4'] });
    await falling.chat.completions.create({ model: 'gpt-4-turbo', messages });
    expect(provider.modelRequests).toHaveLength(6);
    expect(detector.bypasses).toEqual([]);
  });

  test.each(aiSDKMajors)('by $name', async ({ sdk }) => {
    const openai = sdk.createOpenAI({ apiKey: 'local', baseURL: provider.baseURL });
    const model = governModel(openai.chat('gpt-4'), cz);
    await sdk.ai.generateText({ model, prompt: 'Hello' });
    for await (const _ of sdk.ai.streamText({ model, prompt: 'Hello' }).textStream);
    await sdk.ai.embed({ model: governEmbeddingModel(openai.embedding(EMBEDDING), cz), value: 'Hello' });
    expect(provider.modelRequests).toHaveLength(3);
    expect(detector.bypasses).toEqual([]);
  });
});

test('hundreds of both at the same time are kept apart', async () => {
  const [{ library } = openAIMajors[0]!] = openAIMajors;
  const plain = new library.OpenAI({ apiKey: 'local', baseURL: provider.baseURL });
  const governed = wrapOpenAI(plain, cz);
  await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const isGoverned = index % 2 === 0;
      const model = `${isGoverned ? 'governed' : 'plain'}-${index}`;
      await (isGoverned ? governed : plain).chat.completions.create({ model, messages });
    }),
  );
  const models = detector.bypasses.map(({ model }) => model);
  expect(models).toHaveLength(100);
  expect(models.every((model) => model?.startsWith('plain-'))).toBe(true);
});

test('an ungoverned call in a tool of a governed agent is found', async () => {
  await provider.close();
  provider = await startLocalProvider();
  const inner = new ChatOpenAI({ model: 'gpt-4', apiKey: 'local', configuration: { baseURL: provider.baseURL } });
  const summarize = tool(async () => String((await inner.invoke('Hello')).content), {
    name: 'summarize',
    description: 'Summarizes.',
    schema: z.object({}),
  });
  const model = governChatModel(
    new ChatOpenAI({ model: 'gpt-4o', apiKey: 'local', configuration: { baseURL: provider.baseURL } }),
    cz,
  );
  await createAgent({ model, tools: [summarize] }).invoke({ messages: [{ role: 'user', content: 'Hello' }] });
  expect(detector.bypasses.map((one) => one.model)).toEqual(['gpt-4']);
});

test('another model than the judged one, in the middle of its sending, is found', async () => {
  const [{ library } = openAIMajors[0]!] = openAIMajors;
  const sneaking: typeof fetch = async (input, init) => {
    await fetch(`${provider.baseURL}/embeddings`, jsonRequest({ model: 'other', input: 'a' }));
    return fetch(input, init);
  };
  const openai = wrapOpenAI(new library.OpenAI({ apiKey: 'local', baseURL: provider.baseURL, fetch: sneaking }), cz);
  await openai.chat.completions.create({ model: 'gpt-4', messages });
  expect(detector.bypasses).toMatchObject([{ model: 'other', judged: ['gpt-4'] }]);
});

test('ordinary requests are none', async () => {
  await fetch(`${provider.baseURL}/models`);
  await fetch(`${provider.url}/survey/responses`, jsonRequest({ answers: [1] }));
  await fetch(`${provider.url}/api/chat`, jsonRequest({ model: 'gpt-4', messages }));
  await fetch(`${provider.baseURL}/images/generations`, jsonRequest({ model: 'dall-e-3', prompt: 'a' }));
  await fetch(`${provider.baseURL}/chat/completions`, { method: 'POST', body: '{not json' });
  expect(detector.bypasses).toEqual([]);
  expect(() => detector.assertNone()).not.toThrow();
});

test('what counts can be extended', async () => {
  detector.stop();
  const { host } = new URL(provider.url);
  detector = detectBypasses({ hosts: [host], isModelRequest: ({ path }) => (path === '/x' ? true : undefined) });
  await fetch(`${provider.url}/run`, jsonRequest({ model: 'mine' }));
  await fetch(`${provider.url}/x`, { method: 'POST', body: 'text' });
  expect(detector.bypasses.map(({ path, model }) => [path, model])).toEqual([
    ['/run', 'mine'],
    ['/x', undefined],
  ]);
});

test('tells at once, or at the end of a scope', async () => {
  const told: Bypass[] = [];
  const ask = async (): Promise<unknown> =>
    fetch(`${provider.baseURL}/chat/completions`, jsonRequest({ model: 'gpt-4', messages }));
  const telling = detectBypasses({ onBypass: (bypass) => told.push(bypass) });
  await ask();
  telling.stop();
  await ask();
  expect(told).toHaveLength(1);
  const error = await rejectionOf(
    (async () => {
      using scoped = detectBypasses();
      await ask();
      await ask();
      expect(scoped.bypasses).toHaveLength(2);
    })(),
  );
  expect(error).toBeInstanceOf(BypassDetectedError);
  expect(error).toMatchObject({ code: 'ERR_CZ_BYPASS_DETECTED' });
  expect((error as Error).message).toMatch(/2 model requests were not governed:\n.*gpt-4.*detect-bypasses\.test\.ts/u);
});

test('warns once for each place', async () => {
  const warnings: string[] = [];
  const note = (warning: Error): void => void warnings.push(warning.message);
  process.on('warning', note);
  const warning = detectBypasses({ onBypass: 'warn' });
  for (let index = 0; index < 3; index += 1)
    await fetch(`${provider.baseURL}/chat/completions`, jsonRequest({ model: 'gpt-4', messages }));
  warning.stop();
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', note);
  expect(warnings.filter((line) => line.includes('not governed'))).toHaveLength(1);
});

test.each([
  [null, 'takes an object'],
  [{ host: [] }, 'has no option "host". Options are hosts, '],
  [{ hosts: 'a' }, 'as hosts'],
  [{ isModelRequest: true }, 'as isModelRequest'],
  [{ onBypass: 'log' }, 'as onBypass'],
])('refuses %j', (options, message) => {
  expect(() => detectBypasses(options as never)).toThrow(message);
});

describe('in a process of its own', () => {
  const testing = JSON.stringify(SOURCE_URL.replace('/index.ts', '/testing/index.ts'));
  const ask = `await fetch('http://127.0.0.1:59999/v1/chat/completions', { method: 'POST', body: '{"model":"gpt-4"}' }).catch(() => undefined);`;

  test('says what is missing on other runtimes than Node', async () => {
    const output = await runProgram(
      `
      const { detectBypasses } = await import(${testing});
      const tell = () => { try { detectBypasses(); } catch (error) { console.log(error.code, error.message); } };
      Object.defineProperty(process, 'versions', { value: { bun: '1' } });
      tell();
      Object.defineProperty(process, 'versions', { value: {} });
      process.getBuiltinModule = () => undefined;
      tell();`,
      { cwd: temporaryFolder() },
    );
    expect(output).toContain('ERR_CZ_CONFIGURATION detectBypasses() needs Node');
    expect(output).toContain('ERR_CZ_CONFIGURATION detectBypasses() needs node:diagnostics_channel');
  });

  // The storages of Node 22 follow nothing that began before their first use; an inspector hides that.
  test.each(['--no-async-context-frame', '--async-context-frame'])(
    'tells calls of one function apart (%s)',
    async (flag) => {
      const adapter = JSON.stringify(SOURCE_URL.replace('src/index.ts', 'adapters/openai/index.ts'));
      const output = await runProgram(
        `
      const { getBuiltinModule } = process;
      process.getBuiltinModule = (name) => (name === 'node:inspector' ? undefined : getBuiltinModule(name));
      import OpenAI from ${JSON.stringify(import.meta.resolve('openai'))};
      const { createTestControlZero, detectBypasses, startLocalProvider } = await import(${testing});
      const { wrapOpenAI } = await import(${adapter});
      const provider = await startLocalProvider();
      const { cz } = await createTestControlZero({ rules: [{ effect: 'allow', action: '*', resource: '*' }] });
      const detector = detectBypasses();
      const plain = new OpenAI({ apiKey: 'local', baseURL: provider.baseURL });
      const call = { model: 'gpt-4', messages: [] };
      await wrapOpenAI(plain, cz).chat.completions.create(call);
      await plain.chat.completions.create(call);
      detector.stop();
      console.log(provider.modelRequests.length, detector.bypasses.length);
      await provider.close();`,
        { cwd: temporaryFolder(), flags: [flag] },
      );
      expect(output).toBe('2 1');
    },
  );

  test('throws what nobody catches, also for a request that never left', async () => {
    const output = await runProgram(
      `
      process.on('uncaughtException', (error) => console.log(error.code, error.bypasses.length));
      const { detectBypasses } = await import(${testing});
      const detector = detectBypasses({ onBypass: 'throw', hosts: ['127.0.0.1'] });
      ${ask}
      detector.stop();
      detector.stop();
      ${ask}`,
      { cwd: temporaryFolder() },
    );
    expect(output.trim()).toBe('ERR_CZ_BYPASS_DETECTED 1');
  });
});

test('two detectors see the same, and a governed call is one for neither', async () => {
  const [{ library } = openAIMajors[0]!] = openAIMajors;
  const openai = wrapOpenAI(new library.OpenAI({ apiKey: 'local', baseURL: provider.baseURL }), cz);
  const second = detectBypasses();
  await fetch(`${provider.baseURL}/embeddings`, jsonRequest({ model: EMBEDDING, input: 'a' }));
  await openai.embeddings.create({ model: EMBEDDING, input: 'a' });
  expect(second.bypasses).toHaveLength(1);
  second.stop();
  await openai.embeddings.create({ model: EMBEDDING, input: 'a' });
  expect(detector.bypasses).toHaveLength(1);
});
