import { describe, expect, test } from 'vitest';

import { wrapOpenAI } from '../../../adapters/openai/index.ts';
import type { PolicySource } from '../../../src/index.ts';
import { ControlZero, PolicyDeniedError } from '../../../src/index.ts';
import { collect } from '../../support/collect.ts';
import { denialOf } from '../../support/denial-of.ts';
import { openAIMajors } from '../../support/openai-majors.ts';
import { greeting, openOpenAIStage } from '../../support/openai-stage.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { modelAllowlist } from '../../support/specification-policies.ts';

const AT_ONCE = { 'retry-after-ms': '1' };

describe.each(openAIMajors)('results of $name', ({ library }) => {
  test('asResponse() gives the raw response', async () => {
    await using stage = await openOpenAIStage(library);
    const response = await stage.governed().chat.completions.create(greeting('gpt-4')).asResponse();
    expect(response).toBeInstanceOf(Response);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ object: 'chat.completion', model: 'gpt-4' });
    expect(stage.provider.requests).toHaveLength(1);
  });

  test('withResponse() gives data and response of one request', async () => {
    await using stage = await openOpenAIStage(library);
    const { data, response } = await stage.governed().chat.completions.create(greeting('gpt-4')).withResponse();
    expect(data.choices[0]?.message.content).toBe('Hello from the local provider.');
    expect(response.status).toBe(200);
    expect(stage.provider.requests).toHaveLength(1);
  });

  test('withResponse() of a stream gives the stream', async () => {
    await using stage = await openOpenAIStage(library);
    const call = stage.governed().chat.completions.create({ ...greeting('gpt-4'), stream: true });
    const { data, response } = await call.withResponse();
    const text = (await collect(data)).map((chunk) => chunk.choices[0]?.delta.content ?? '');
    expect(text.join('')).toBe('Hello from the local provider.');
    expect(response.headers.get('content-type')).toBe('text/event-stream');
  });

  test.each(['asResponse', 'withResponse'] as const)('%s() of a denied call is rejected', async (method) => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governed();
    await denialOf(client.chat.completions.create(greeting('gpt-4-turbo'))[method]());
    await denialOf(client.embeddings.create({ model: 'gpt-4', input: 'Hello' })[method]());
    await denialOf(client.responses.create({ model: 'gpt-4-turbo', input: 'Hello' })[method]());
    expect(stage.provider.requests).toEqual([]);
  });

  test('then(), catch() and finally() work as on any promise', async () => {
    await using stage = await openOpenAIStage(library);
    const { completions } = stage.governed().chat;
    const seen: unknown[] = [];
    const answer = completions.create(greeting('gpt-4')).finally(() => seen.push('settled'));
    expect((await answer).model).toBe('gpt-4');
    await completions.create(greeting('gpt-4-turbo')).catch((error: unknown) => seen.push(error));
    await completions.create(greeting('gpt-4-turbo')).then(undefined, (error: unknown) => seen.push(error));
    expect(seen).toEqual(['settled', expect.any(PolicyDeniedError), expect.any(PolicyDeniedError)]);
  });
});

describe.each(openAIMajors)('streams of $name', ({ library }) => {
  test('can be split by tee()', async () => {
    await using stage = await openOpenAIStage(library);
    const stream = await stage.governed().chat.completions.create({ ...greeting('gpt-4'), stream: true });
    const [left, right] = stream.tee();
    const [first, second] = await Promise.all([collect(left), collect(right)]);
    expect(first.length).toBeGreaterThan(1);
    expect(first).toEqual(second);
  });

  test('end when their controller aborts', async () => {
    await using stage = await openOpenAIStage(library, { provider: { reply: 'word '.repeat(5000) } });
    const stream = await stage.governed().chat.completions.create({ ...greeting('gpt-4'), stream: true });
    let chunks = 0;
    for await (const _chunk of stream) {
      chunks += 1;
      stream.controller.abort();
    }
    expect(chunks).toBeGreaterThan(0);
    expect(chunks).toBeLessThan(5000);
  });

  test('become a ReadableStream of lines', async () => {
    await using stage = await openOpenAIStage(library);
    const stream = await stage.governed().chat.completions.create({ ...greeting('gpt-4'), stream: true });
    const text = await new Response(stream.toReadableStream()).text();
    const models = text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { readonly model: string }).model);
    expect(new Set(models)).toEqual(new Set(['gpt-4']));
  });
});

describe.each(openAIMajors)('aborting with $name', ({ library }) => {
  test('before the call sends nothing', async () => {
    await using stage = await openOpenAIStage(library);
    const call = { signal: AbortSignal.abort() };
    const error = await rejectionOf(stage.governed().chat.completions.create(greeting('gpt-4'), call));
    expect(error).toBeInstanceOf(library.APIUserAbortError);
    expect(stage.provider.requests).toEqual([]);
  });

  test('while the first policy is read sends nothing', async () => {
    await using stage = await openOpenAIStage(library);
    const reading = Promise.withResolvers<void>();
    const read = Promise.withResolvers<void>();
    const source: PolicySource = {
      kind: 'test',
      refreshIntervalMs: 0,
      read: async () => {
        reading.resolve();
        await read.promise;
        return { revision: '1', origin: 'a slow place', parse: async () => ({ document: modelAllowlist }) };
      },
    };
    const aborting = new AbortController();
    const { signal } = aborting;
    const client = wrapOpenAI(stage.plain(), new ControlZero({ source }));
    const call = client.chat.completions.create(greeting('gpt-4'), { signal });
    await Promise.race([reading.promise, call]);
    aborting.abort();
    read.resolve();
    expect(await rejectionOf(call)).toBeInstanceOf(library.APIUserAbortError);
    expect(stage.provider.requests).toEqual([]);
  });

  test('while the provider answers ends the call', async () => {
    const aborting = new AbortController();
    await using stage = await openOpenAIStage(library, {
      provider: {
        delayMs: 60_000,
        reply: () => {
          setImmediate(() => aborting.abort());
          return 'Never sent.';
        },
      },
    });
    const { signal } = aborting;
    const error = await rejectionOf(stage.governed().chat.completions.create(greeting('gpt-4'), { signal }));
    expect(error).toBeInstanceOf(library.APIUserAbortError);
    expect(stage.provider.requests).toHaveLength(1);
  });
});

describe.each(openAIMajors)('requests of $name', ({ library }) => {
  test('carry the headers that they carry without governance', async () => {
    await using stage = await openOpenAIStage(library);
    const options = { organization: 'org-1', project: 'proj-1', defaultHeaders: { 'x-team': 'support' } };
    await stage.plain(options).chat.completions.create(greeting('gpt-4'), { headers: { 'x-call': '1' } });
    await stage.governed(options).chat.completions.create(greeting('gpt-4'), { headers: { 'x-call': '1' } });
    const [plain, governed] = stage.provider.requests.map(({ headers }) => headers);
    expect(governed).toEqual(plain);
    expect(governed?.['user-agent']).toMatch(/^OpenAI\/JS \d/u);
    expect(governed).toMatchObject({ 'x-team': 'support', 'x-call': '1', 'openai-organization': 'org-1' });
  });

  test('carry the query of the client and of the call', async () => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governed({ defaultQuery: { tenant: 'a' } });
    await client.chat.completions.create(greeting('gpt-4'), { query: { trace: 'b' } });
    expect(stage.provider.requests[0]?.path).toBe('/v1/chat/completions?tenant=a&trace=b');
  });

  test('go through a fetch of the caller, once when allowed and never when denied', async () => {
    await using stage = await openOpenAIStage(library);
    const urls: unknown[] = [];
    const client = stage.governed({
      fetch: async (input, init) => {
        urls.push(input);
        return fetch(input, init);
      },
    });
    await client.chat.completions.create(greeting('gpt-4'));
    await denialOf(client.chat.completions.create(greeting('gpt-4-turbo')));
    expect(urls).toEqual([`${stage.provider.baseURL}/chat/completions`]);
  });

  test('use a key that a function gives', async () => {
    await using stage = await openOpenAIStage(library);
    const keys = ['first', 'second'];
    const client = stage.governed({ apiKey: async () => keys.shift() ?? 'none' });
    await client.chat.completions.create(greeting('gpt-4'));
    await client.chat.completions.create(greeting('gpt-4'));
    const sent = stage.provider.requests.map(({ headers }) => headers['authorization']);
    expect(sent).toEqual(['Bearer first', 'Bearer second']);
  });

  test('use a key that was assigned before or after wrapping', async () => {
    await using stage = await openOpenAIStage(library);
    const original = stage.plain();
    original.apiKey = 'assigned before';
    const client = wrapOpenAI(original, stage.cz);
    await client.chat.completions.create(greeting('gpt-4'));
    client.apiKey = 'assigned after';
    await client.chat.completions.create(greeting('gpt-4'));
    const sent = stage.provider.requests.map(({ headers }) => headers['authorization']);
    expect(sent).toEqual(['Bearer assigned before', 'Bearer assigned after']);
  });

  test('time out as they do without governance', async () => {
    await using stage = await openOpenAIStage(library, { provider: { delayMs: 60_000 } });
    const client = stage.governed({ timeout: 20 });
    const error = await rejectionOf(client.chat.completions.create(greeting('gpt-4')));
    expect(error).toBeInstanceOf(library.APIConnectionTimeoutError);
    expect(stage.provider.requests).toHaveLength(1);
  });

  test.each([
    { where: 'of the client', client: { maxRetries: 3 }, call: {}, requests: 4 },
    { where: 'of the call', client: { maxRetries: 3 }, call: { maxRetries: 1 }, requests: 2 },
  ])('are repeated as often as maxRetries $where says', async ({ client, call, requests }) => {
    await using stage = await openOpenAIStage(library);
    stage.provider.failNext({ status: 503, times: 10, headers: AT_ONCE });
    const error = await rejectionOf(stage.governed(client).chat.completions.create(greeting('gpt-4'), call));
    expect(error).toBeInstanceOf(library.InternalServerError);
    expect(stage.provider.requests).toHaveLength(requests);
    expect(await stage.decisions()).toHaveLength(1);
  });

  test('make an event each, although two calls share their options', async () => {
    await using stage = await openOpenAIStage(library);
    const options = { method: 'post' as const, path: '/chat/completions', body: greeting('gpt-4') };
    const client = stage.governed();
    await client.request(options);
    await client.request(options);
    expect(stage.provider.requests).toHaveLength(2);
    expect(await stage.decisions()).toHaveLength(2);
  });

  test('are not repeated once the policy forbids them', async () => {
    await using stage = await openOpenAIStage(library);
    stage.provider.failNext({ status: 503, times: 10, headers: AT_ONCE });
    const client = stage.governed({
      maxRetries: 3,
      fetch: async (input, init) => {
        const response = await fetch(input, init);
        await stage.setPolicy({ rules: [] });
        return response;
      },
    });
    await denialOf(client.chat.completions.create(greeting('gpt-4')));
    expect(stage.provider.requests).toHaveLength(1);
    expect((await stage.decisions()).map(({ decision }) => decision.allowed)).toEqual([true, false]);
  });
});

describe.each(openAIMajors)('ungoverned calls of $name', ({ library }) => {
  test('list models, page after page of files, and make no decision', async () => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governed();
    const models = await collect(client.models.list());
    expect(models.map(({ id }) => id)).toContain('gpt-4');
    const files = await collect(client.files.list());
    expect(files.map(({ id }) => id)).toEqual(['file-1', 'file-2', 'file-3']);
    expect(stage.provider.requests).toHaveLength(3);
    expect(await stage.decisions()).toEqual([]);
  });

  test('walk pages by hand', async () => {
    await using stage = await openOpenAIStage(library);
    const first = await stage.governed().files.list();
    expect(first.hasNextPage()).toBe(true);
    const second = await first.getNextPage();
    expect(second.data.map(({ id }) => id)).toEqual(['file-3']);
  });

  test('upload a file', async () => {
    await using stage = await openOpenAIStage(library);
    const file = await library.toFile(new TextEncoder().encode('{"line":1}\n'), 'lines.jsonl');
    const created = await stage.governed().files.create({ file, purpose: 'batch' });
    expect(created.id).toBe('file-4');
    const [request] = stage.provider.requests;
    expect(request?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/u);
    expect(request?.body).toContain('{"line":1}');
  });

  test('moderate, retrieve and delete although the policy allows no model', async () => {
    await using stage = await openOpenAIStage(library, { policy: { rules: [] } });
    const client = stage.governed();
    expect((await client.moderations.create({ input: 'Hello' })).results).toHaveLength(1);
    expect((await client.models.retrieve('gpt-4-turbo')).id).toBe('gpt-4-turbo');
    expect((await client.files.delete('file-1')).deleted).toBe(true);
    expect((await client.responses.retrieve('resp_1')).id).toBe('resp_1');
    expect(stage.provider.requests).toHaveLength(4);
    expect(await stage.decisions()).toEqual([]);
  });

  test.each([
    { kind: 'bytes', body: () => new TextEncoder().encode('content') },
    { kind: 'a Blob', body: () => new Blob(['content']) },
    { kind: 'a stream', body: () => new Blob(['content']).stream() },
    { kind: 'text', body: () => 'content' },
  ])('send $kind as body', async ({ body }) => {
    await using stage = await openOpenAIStage(library);
    const headers = { 'content-type': 'application/octet-stream' };
    await rejectionOf(stage.governed().post('/uploads/1/raw', { body: body(), headers }));
    expect(stage.provider.requests).toMatchObject([{ body: 'content', pathname: '/v1/uploads/1/raw' }]);
  });

  test.each([
    { kind: 'a Blob', body: () => new Blob([JSON.stringify(greeting('gpt-4'))]) },
    { kind: 'a stream', body: () => new Blob([JSON.stringify(greeting('gpt-4'))]).stream() },
    { kind: 'a form', body: () => new FormData() },
    { kind: 'no JSON', body: () => 'model=gpt-4' },
  ])('are the only ones that may send $kind', async ({ body }) => {
    await using stage = await openOpenAIStage(library);
    const { decision } = await denialOf(stage.governed().post('/chat/completions', { body: body() }));
    expect(decision.reasonCode).toBe('INVALID_REQUEST');
    expect(stage.provider.requests).toEqual([]);
  });
});
