import { describe, expect, test } from 'vitest';

import { wrapOpenAI } from '../../../adapters/openai/index.ts';
import { ControlZero } from '../../../src/index.ts';
import { collect } from '../../support/collect.ts';
import { denialOf } from '../../support/denial-of.ts';
import { openAIMajors } from '../../support/openai-majors.ts';
import { greeting, openOpenAIStage } from '../../support/openai-stage.ts';
import { agentTiers, modelAllowlist } from '../../support/specification-policies.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

describe.each(openAIMajors)('the fallback of $name', ({ library }) => {
  test('is recorded in one event with what was asked for and why that was denied', async () => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governed({}, { agentId: 'support', fallback: ['gpt-4'] });
    const answer = await client.chat.completions.create(greeting('gpt-4-turbo'));
    expect(answer.model).toBe('gpt-4');
    const events = await stage.decisions();
    expect(events).toEqual([
      {
        type: 'decision-made',
        id: expect.stringMatching(/^[0-9a-f]{32}$/u) as string,
        latencyMs: expect.any(Number) as number,
        adapter: 'openai',
        at: expect.any(Number) as number,
        action: 'llm.generate',
        resource: 'model/gpt-4',
        agentId: 'support',
        decision: expect.objectContaining({ allowed: true, effect: 'allow', rule: 0 }) as object,
        mode: 'enforce',
        enforced: true,
        fallback: {
          requested: 'model/gpt-4-turbo',
          denied: expect.objectContaining({ allowed: false, effect: 'deny', rule: 2 }) as object,
        },
      },
    ]);
  });

  test('is the first of the list that is allowed, in the order of the list', async () => {
    await using stage = await openOpenAIStage(library);
    const first = stage.governed({}, { fallback: ['gpt-4o', 'gpt-3.5-turbo', 'gpt-4'] });
    const second = stage.governed({}, { fallback: ['gpt-4', 'gpt-3.5-turbo'] });
    await first.chat.completions.create(greeting('gpt-4-turbo'));
    await second.chat.completions.create(greeting('gpt-4-turbo'));
    expect(stage.modelsServed()).toEqual(['gpt-3.5-turbo', 'gpt-4']);
  });

  test('is not what is thrown about when none is allowed', async () => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governed({}, { fallback: ['gpt-4o', 'o3', 'gpt-4-turbo'] });
    const error = await denialOf(client.chat.completions.create(greeting('gpt-4-turbo-preview')));
    expect(error.request).toEqual({ action: 'llm.generate', resource: 'model/gpt-4-turbo-preview' });
    expect(error.decision.rule).toBe(2);
    expect(error.alternatives).toEqual(['gpt-4', 'gpt-3.5-turbo']);
    expect(stage.provider.requests).toEqual([]);
    const events = await stage.decisions();
    expect(events).toMatchObject([{ resource: 'model/gpt-4-turbo-preview', enforced: true }]);
    expect(events[0]).not.toHaveProperty('fallback');
  });

  test('is not used for an empty list', async () => {
    await using stage = await openOpenAIStage(library);
    await denialOf(stage.governed({}, { fallback: [] }).chat.completions.create(greeting('gpt-4-turbo')));
    expect(stage.provider.requests).toEqual([]);
  });

  test('is not used for a call whose model cannot be determined', async () => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governed({}, { fallback: ['gpt-4'] });
    await denialOf(client.chat.completions.create({ ...greeting(''), model: undefined as never }));
    await denialOf(client.responses.create({ input: 'Hello' }));
    expect(stage.provider.requests).toEqual([]);
  });

  test('is picked for the agent of the call', async () => {
    await using stage = await openOpenAIStage(library, { policy: agentTiers });
    const fallback = ['gpt-4', 'gpt-3.5-turbo'];
    for (const agentId of ['premium-support', 'basic-support']) {
      await stage.governed({}, { agentId, fallback }).chat.completions.create(greeting('gpt-4o'));
    }
    expect(stage.modelsServed()).toEqual(['gpt-4', 'gpt-3.5-turbo']);
  });

  test('does not change with the list that was passed', async () => {
    await using stage = await openOpenAIStage(library);
    const fallback = ['gpt-4'];
    const client = stage.governed({}, { fallback });
    fallback[0] = 'gpt-3.5-turbo';
    await client.chat.completions.create(greeting('gpt-4-turbo'));
    expect(stage.modelsServed()).toEqual(['gpt-4']);
  });

  test('serves streams, helpers, every turn of tools, responses, completions and embeddings', async () => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governed({}, { fallback: ['gpt-4', 'text-embedding-3-small'] });
    await collect(await client.chat.completions.create({ ...greeting('gpt-4-turbo'), stream: true }));
    await client.chat.completions.stream(greeting('gpt-4-turbo')).done();
    const tool = {
      type: 'function' as const,
      function: { name: 'tick', description: 'Ticks.', parameters: {}, parse: JSON.parse, function: () => 'tock' },
    };
    await client.chat.completions.runTools({ ...greeting('gpt-4-turbo'), tools: [tool] }).done();
    await client.responses.create({ model: 'gpt-4-turbo', input: 'Hello' });
    await client.completions.create({ model: 'gpt-4-turbo', prompt: 'Hello' });
    await client.embeddings.create({ model: 'text-embedding-3-large', input: 'Hello' });
    expect(stage.modelsServed()).toEqual([...Array.from({ length: 6 }, () => 'gpt-4'), 'text-embedding-3-small']);
    expect(await stage.decisions()).toHaveLength(7);
  });

  test('serves every attempt of a call', async () => {
    await using stage = await openOpenAIStage(library);
    stage.provider.failNext({ status: 500, times: 2, headers: { 'retry-after-ms': '1' } });
    const client = stage.governed({ maxRetries: 2 }, { fallback: ['gpt-4'] });
    await client.chat.completions.create(greeting('gpt-4-turbo'));
    expect(stage.modelsServed()).toEqual(['gpt-4', 'gpt-4', 'gpt-4']);
  });

  test('is recorded once for all attempts of a call', async () => {
    await using stage = await openOpenAIStage(library);
    stage.provider.failNext({ status: 500, times: 2, headers: { 'retry-after-ms': '1' } });
    const client = stage.governed({ maxRetries: 2 }, { fallback: ['gpt-4'] });
    await client.chat.completions.create(greeting('gpt-4-turbo'));
    expect(await stage.decisions()).toHaveLength(1);
  });

  test('takes over at a later attempt when the policy changes in between', async () => {
    await using stage = await openOpenAIStage(library);
    stage.provider.failNext({ status: 500, headers: { 'retry-after-ms': '1' } });
    const client = stage.governed(
      {
        maxRetries: 1,
        fetch: async (input, init) => {
          const response = await fetch(input, init);
          await stage.setPolicy({
            rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-3.5-turbo' }],
          });
          return response;
        },
      },
      { fallback: ['gpt-3.5-turbo'] },
    );
    await client.chat.completions.create(greeting('gpt-4'));
    expect(stage.modelsServed()).toEqual(['gpt-4', 'gpt-3.5-turbo']);
    expect((await stage.decisions()).map(({ resource }) => resource)).toEqual(['model/gpt-4', 'model/gpt-3.5-turbo']);
  });
});

describe.each(openAIMajors)('the body that a fallback of $name sends', ({ library }) => {
  test.each([
    { what: 'a plain body', body: '{"model":"gpt-4-turbo","n":1}', sent: '{"model":"gpt-4","n":1}' },
    {
      what: 'numbers that JavaScript cannot hold',
      body: '{"seed":12345678901234567890,"model":"gpt-4-turbo","temperature":0.10}',
      sent: '{"seed":12345678901234567890,"model":"gpt-4","temperature":0.10}',
    },
    {
      what: 'spaces, escapes and the order of keys',
      body: '{ "z" : "\\u00e9 é 👋 \\\\\\"" ,\n"model"\t: "gpt-4-turbo" , "a":{"model":"gpt-4-turbo"}, "b":["model"] }',
      sent: '{ "z" : "\\u00e9 é 👋 \\\\\\"" ,\n"model"\t: "gpt-4" , "a":{"model":"gpt-4-turbo"}, "b":["model"] }',
    },
    {
      what: 'a name that is escaped',
      body: String.raw`{"mod\u0065l":"gpt\u002d4-turbo","n":1}`,
      sent: String.raw`{"mod\u0065l":"gpt-4","n":1}`,
    },
    {
      what: 'a list of models, which is emptied',
      body: '{"models":["gpt-4-turbo", {"model":"o3"}],"model":"gpt-4-turbo","fallbacks":["gpt-4"],"x":1}',
      sent: '{"models":null,"model":"gpt-4","fallbacks":null,"x":1}',
    },
    {
      what: 'an extra_body that names no model, which is kept',
      body: '{"extra_body":{"tags":["a"]},"model":"gpt-4-turbo"}',
      sent: '{"extra_body":{"tags":["a"]},"model":"gpt-4"}',
    },
  ])('keeps its bytes but for the model: $what', async ({ body, sent }) => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governed({}, { fallback: ['gpt-4'] });
    await client.post('/chat/completions', { body, headers: JSON_TYPE });
    await client.post('/chat/completions', { body: new TextEncoder().encode(body), headers: JSON_TYPE });
    expect(stage.provider.requests.map((request) => request.body)).toEqual([sent, sent]);
    expect(stage.provider.requests[0]?.headers['content-length']).toBe(String(new TextEncoder().encode(sent).length));
  });

  test('is that of an object in the order of its keys', async () => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governed({}, { fallback: ['gpt-4'] });
    const { messages } = greeting('');
    await client.chat.completions.create({ user: 'é', messages, model: 'gpt-4-turbo', seed: 7 });
    const sent = JSON.stringify({ user: 'é', messages, model: 'gpt-4', seed: 7 });
    expect(stage.provider.requests.map(({ body }) => body)).toEqual([sent]);
  });

  test('names a model with quotes and other characters as JSON text', async () => {
    const model = 'quoted"\\ü';
    const rule = { effect: 'allow', action: 'llm.generate', resource: '*' } as const;
    const deny = { effect: 'deny', action: 'llm.generate', resource: 'model/gpt-4-turbo' } as const;
    await using stage = await openOpenAIStage(library, { policy: { rules: [deny, rule] } });
    await stage.governed({}, { fallback: [model] }).chat.completions.create(greeting('gpt-4-turbo'));
    expect(stage.modelsServed()).toEqual([model]);
  });
});

describe.each(openAIMajors)('a list of models in a request of $name', ({ library }) => {
  const post = async (stage: Awaited<ReturnType<typeof openOpenAIStage>>, body: object, fallback: string[] = []) =>
    stage.governed({}, { fallback }).post('/chat/completions', { body });

  test('passes unchanged when every entry is allowed', async () => {
    await using stage = await openOpenAIStage(library);
    const body = { ...greeting('gpt-4'), models: ['gpt-3.5-turbo', { model: 'gpt-4' }], fallbacks: null };
    await post(stage, body);
    expect(stage.provider.requests).toMatchObject([{ json: body }]);
    expect(await stage.decisions()).toMatchObject([{ resource: 'model/gpt-4' }]);
  });

  test.each(['models', 'fallbacks', 'Models'])(
    'is denied for the first entry of "%s" that is not allowed',
    async (key) => {
      await using stage = await openOpenAIStage(library);
      const { request } = await denialOf(
        post(stage, { ...greeting('gpt-4'), [key]: ['gpt-3.5-turbo', 'gpt-4o', 'o3'] }),
      );
      expect(request.resource).toBe('model/gpt-4o');
      expect(stage.provider.requests).toEqual([]);
      expect(await stage.decisions()).toHaveLength(1);
    },
  );

  test('is judged as a whole at the very first call, which waits for the policy', async () => {
    await using stage = await openOpenAIStage(library);
    const client = wrapOpenAI(stage.plain(), new ControlZero({ policy: modelAllowlist }));
    const { request } = await denialOf(
      client.post('/chat/completions', { body: { ...greeting('gpt-4'), models: ['gpt-4o'] } }),
    );
    expect(request.resource).toBe('model/gpt-4o');
    expect(stage.provider.requests).toEqual([]);
  });

  test('is served by a fallback alone when an entry is not allowed', async () => {
    await using stage = await openOpenAIStage(library);
    await post(stage, { ...greeting('gpt-4'), models: ['gpt-4o'] }, ['gpt-3.5-turbo']);
    expect(stage.provider.requests).toMatchObject([{ json: { model: 'gpt-3.5-turbo', models: null } }]);
    expect(await stage.decisions()).toMatchObject([{ fallback: { requested: 'model/gpt-4o' } }]);
  });

  test('stops a call whose query names a model that cannot be exchanged', async () => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governed({}, { fallback: ['gpt-4'] });
    await denialOf(client.chat.completions.create(greeting('gpt-4'), { query: { model: 'gpt-4-turbo' } }));
    await client.chat.completions.create(greeting('gpt-4'), { query: { model: 'gpt-3.5-turbo' } });
    expect(stage.provider.requests).toHaveLength(1);
  });
});
