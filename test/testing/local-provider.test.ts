import { connect } from 'node:net';

import { afterEach, describe, expect, test } from 'vitest';

import type { LocalProvider } from '../../src/testing/index.ts';
import { startLocalProvider } from '../../src/testing/index.ts';
import { sampleJson } from '../../src/testing/local-provider/sample-json.ts';
import { openAIMajors } from '../support/openai-majors.ts';

const messages = [{ role: 'user' as const, content: 'Hello' }];
const tools = [
  {
    type: 'function' as const,
    function: {
      name: 'look_up',
      parameters: { type: 'object', properties: { city: { type: 'string' } } },
      function: (given: { city: string }) => `sunny in ${given.city}`,
      parse: JSON.parse as (text: string) => { city: string },
    },
  },
];

let provider: LocalProvider | undefined;
afterEach(async () => provider?.close());

async function start(...options: Parameters<typeof startLocalProvider>): Promise<LocalProvider> {
  provider = await startLocalProvider(...options);
  return provider;
}

describe.each(openAIMajors)('the local provider and the client of $name', ({ library: { OpenAI, AzureOpenAI } }) => {
  const client = ({ baseURL }: LocalProvider, maxRetries = 0): InstanceType<typeof OpenAI> =>
    new OpenAI({ apiKey: 'local', baseURL, maxRetries });

  test('chat completions, plain and streamed', async () => {
    const local = await start({ reply: 'one two' });
    const openai = client(local);
    const plain = await openai.chat.completions.create({ model: 'gpt-4', messages });
    expect(plain).toMatchObject({
      model: 'gpt-4',
      choices: [{ message: { content: 'one two' }, finish_reason: 'stop' }],
    });
    const stream = await openai.chat.completions.create({
      model: 'gpt-4',
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    const texts: string[] = [];
    let usage: unknown;
    for await (const chunk of stream) {
      texts.push(chunk.choices[0]?.delta.content ?? '');
      usage = chunk.usage ?? usage;
    }
    expect(texts.join('')).toBe('one two');
    expect(usage).toMatchObject({ total_tokens: 2 });
    expect(await openai.chat.completions.stream({ model: 'gpt-4', messages }).finalContent()).toBe('one two');
    expect(local.modelRequests.map(({ model }) => model)).toEqual(['gpt-4', 'gpt-4', 'gpt-4']);
  });

  test('tools in two turns, plain and streamed', async () => {
    const local = await start({ reply: (request) => `after ${request.route}` });
    for (const stream of [false, true] as const) {
      local.reset();
      const runner = client(local).chat.completions.runTools({ model: 'gpt-4', messages, tools, stream } as never) as {
        finalContent(): Promise<string | null>;
      };
      expect(await runner.finalContent()).toBe('after chat/completions');
      expect(local.modelRequests).toHaveLength(2);
      expect(local.modelRequests[1]?.body).toContain('sunny in sample');
    }
  });

  test.each([
    ['that is demanded', 'second', { type: 'function', function: { name: 'third' } }, ['third']],
    ['that the message speaks of', 'please use second', 'auto', ['second']],
    ['that comes first', 'do something', undefined, ['first']],
    ['that comes first, where nothing is said of it', 'do something', null, ['first']],
    ['at all, when none is wanted', 'please use second', 'none', []],
    ['that was never offered', 'please use second', { type: 'function', function: { name: 'fourth' } }, []],
  ])('calls the tool %s', async (_, content, choice, expected) => {
    const openai = client(await start());
    const parameters = { type: 'object', properties: {} };
    const answer = await openai.chat.completions.create({
      model: 'gpt-4',
      messages: [{ role: 'user', content }],
      tools: ['first', 'second', 'third'].map((name) => ({ type: 'function', function: { name, parameters } })),
      ...(choice !== undefined && { tool_choice: choice as 'auto' }),
    });
    const calls = answer.choices[0]?.message.tool_calls ?? [];
    expect(calls.map((call) => 'function' in call && call.function.name)).toEqual(expected);
  });

  test('answers in JSON where JSON is asked for', async () => {
    const local = await start();
    const schema = {
      type: 'object',
      properties: {
        city: { type: 'string' },
        warm: { type: 'boolean' },
        days: { type: 'array', items: { type: 'integer' } },
      },
    };
    const response_format = { type: 'json_schema' as const, json_schema: { name: 'weather', strict: true, schema } };
    const parsed = await client(local).chat.completions.parse({ model: 'gpt-4', messages, response_format });
    expect(parsed.choices[0]?.message.parsed).toEqual({ city: 'sample', warm: true, days: [1] });
    const object = await client(local).chat.completions.create({
      model: 'gpt-4',
      messages,
      response_format: { type: 'json_object' },
    });
    expect(object.choices[0]?.message.content).toBe('{}');
    const response = await client(local).responses.parse({
      model: 'gpt-4',
      input: 'x',
      text: { format: { type: 'json_schema', name: 'weather', schema } },
    });
    expect(response.output_parsed).toEqual({ city: 'sample', warm: true, days: [1] });
  });

  test('tools of responses, plain and streamed, called once each', async () => {
    const local = await start();
    const openai = client(local);
    const [{ function: described }] = tools as [(typeof tools)[0]];
    const tool = { type: 'function' as const, strict: false, name: 'look_up', parameters: described.parameters };
    const asked = { model: 'gpt-4', tools: [tool], input: 'Weather?' };
    const call = { type: 'function_call', name: 'look_up', arguments: '{"city":"sample"}' } as const;
    const { output } = await openai.responses.create(asked);
    expect(output).toMatchObject([call]);
    const streamed = await openai.responses.stream(asked).finalResponse();
    expect(streamed.output).toMatchObject([call]);
    const result = { type: 'function_call_output' as const, call_id: 'call_1', output: 'sunny' };
    const answered = await openai.responses.create({ ...asked, input: [{ ...call, call_id: 'call_1' }, result] });
    expect(answered.output_text).toBe('Hello from the local provider.');
  });

  test('responses, plain and streamed, and what belongs to them', async () => {
    const local = await start({ reply: 'one two' });
    const openai = client(local);
    expect((await openai.responses.create({ model: 'gpt-4', input: 'x' })).output_text).toBe('one two');
    const stream = openai.responses.stream({ model: 'gpt-4', input: 'x' });
    expect((await stream.finalResponse()).output_text).toBe('one two');
    await openai.responses.compact({ model: 'gpt-4', input: 'x' });
    expect(local.modelRequests.map(({ route }) => route)).toEqual(['responses', 'responses', 'responses/compact']);
    expect((await openai.responses.retrieve('resp_9')).id).toBe('resp_9');
    expect((await openai.responses.inputTokens.count({ model: 'gpt-4', input: 'x' })).input_tokens).toBe(1);
    expect(local.modelRequests).toHaveLength(3);
  });

  test('completions and embeddings', async () => {
    const openai = client(await start({ reply: 'one two' }));
    expect((await openai.completions.create({ model: 'gpt-4', prompt: 'x' })).choices[0]?.text).toBe('one two');
    const texts: string[] = [];
    for await (const part of await openai.completions.create({ model: 'gpt-4', prompt: 'x', stream: true }))
      texts.push(part.choices[0]?.text ?? '');
    expect(texts.join('')).toBe('one two');
    const base64 = await openai.embeddings.create({ model: 'e', input: ['a', 'b', 'a'], dimensions: 4 });
    const floats = await openai.embeddings.create({ model: 'e', input: 'a', dimensions: 4, encoding_format: 'float' });
    expect(base64.data.map(({ embedding }) => embedding.length)).toEqual([4, 4, 4]);
    expect(base64.data[0]?.embedding).toEqual(base64.data[2]?.embedding);
    expect(base64.data[0]?.embedding).not.toEqual(base64.data[1]?.embedding);
    expect(Array.from(base64.data[0]?.embedding ?? [])).toEqual(floats.data[0]?.embedding);
    expect((await openai.embeddings.create({ model: 'e', input: [1, 2] })).data).toHaveLength(1);
  });

  test('models, files over two pages, and other resources', async () => {
    const local = await start({ models: ['a', 'b'] });
    const openai = client(local);
    const models: string[] = [];
    for await (const { id } of openai.models.list()) models.push(id);
    expect(models).toEqual(['a', 'b']);
    expect((await openai.models.retrieve('a')).id).toBe('a');
    const files: string[] = [];
    for await (const { id } of openai.files.list()) files.push(id);
    expect(files).toEqual(['file-1', 'file-2', 'file-3']);
    expect((await openai.files.create({ file: new File(['x'], 'x.jsonl'), purpose: 'batch' })).id).toBe('file-4');
    expect((await openai.files.retrieve('file-1')).id).toBe('file-1');
    expect(await (await openai.files.content('file-1')).text()).toBe('{}\n');
    expect((await openai.files.delete('file-1')).deleted).toBe(true);
    expect((await openai.moderations.create({ input: 'x' })).results).toHaveLength(1);
    expect((await openai.beta.assistants.create({ model: 'gpt-4' })).id).toBe('asst_1');
    expect((await openai.beta.threads.create()).id).toBe('thread_1');
    expect((await openai.batches.list()).data).toEqual([]);
    await expect(openai.get('/nowhere')).rejects.toMatchObject({ status: 404 });
    expect(local.modelRequests).toEqual([]);
  });

  test('a planned failure makes the client try again, once', async () => {
    const local = await start();
    local.failNext({ status: 500, headers: { 'retry-after-ms': '1' } });
    await client(local, 2).chat.completions.create({ model: 'gpt-4', messages });
    expect(local.requests).toHaveLength(2);
    local.failNext({ status: 429, times: 2 });
    local.reset();
    await client(local).chat.completions.create({ model: 'gpt-4', messages });
    expect(local.requests).toHaveLength(1);
  });

  test('a deployment of Azure is the model', async () => {
    const local = await start();
    const azure = new AzureOpenAI({
      apiKey: 'local',
      endpoint: local.url,
      apiVersion: '2024-10-21',
      deployment: 'prod',
    });
    await azure.chat.completions.create({ model: 'x', messages });
    expect(local.modelRequests[0]).toMatchObject({ model: 'prod', route: 'chat/completions' });
  });
});

describe('the local provider', () => {
  test.each([
    '/v1/chat/completions/',
    '/v1//chat/completions',
    '/V1/CHAT/Completions',
    '/v1/chat%2Fcompletions',
    '/v1/chat/%2563ompletions',
    '/chat/completions;x=1',
    '/v1\\chat/completions',
  ])('counts %s as a model request', async (path) => {
    const local = await start();
    const response = await fetch(local.url + path, { method: 'POST', body: '{"model":"m"}' });
    expect(response.status).toBe(200);
    expect(local.modelRequests).toMatchObject([{ model: 'm' }]);
  });

  test('answers and counts requests that make no sense', async () => {
    const local = await start();
    const send = async (body: string): Promise<number> =>
      (await fetch(`${local.baseURL}/chat/completions`, { method: 'POST', body })).status;
    expect([await send('{'), await send('[]'), await send('{"model":5}'), await send('null'), await send('')]).toEqual([
      400, 400, 400, 400, 400,
    ]);
    expect((await fetch(`${local.url}/%E0%A4%A`)).status).toBe(404);
    expect(local.requests).toHaveLength(6);
  });

  test('ends at once, with connections still open', async () => {
    const local = await start();
    const socket = connect(Number(new URL(local.url).port), '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    await local[Symbol.asyncDispose]();
    await closed;
    await expect(fetch(local.url)).rejects.toThrow();
  });

  test('can take its time', async () => {
    const local = await start({ delayMs: 1 });
    expect((await fetch(`${local.baseURL}/models`)).status).toBe(200);
  });

  test('drops a connection whose body is too large', async () => {
    const local = await start();
    const body = new Uint8Array(65 * 1024 * 1024);
    await expect(fetch(`${local.baseURL}/files`, { method: 'POST', body })).rejects.toThrow();
    expect(local.requests).toEqual([]);
  });
});

test.each<readonly [unknown, unknown]>([
  [undefined, 'sample'],
  [{}, 'sample'],
  [{ enum: ['a', 'b'] }, 'a'],
  [{ const: 5 }, 5],
  [{ type: ['null', 'string'] }, null],
  [{ type: 'number' }, 1],
  [{ type: 'object' }, {}],
  [{ type: 'array', items: { type: 'object', properties: { a: { type: 'boolean' } } } }, [{ a: true }]],
])('a sample for %j is %j', (schema, expected) => {
  expect(sampleJson(schema)).toEqual(expected);
});
