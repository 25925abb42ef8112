import { describe, expect, test } from 'vitest';

import type { WrapOpenAIOptions } from '../../../adapters/openai/index.ts';
import { wrapOpenAI } from '../../../adapters/openai/index.ts';
import type { ControlZero, PolicySource } from '../../../src/index.ts';
import { ControlZero as Client } from '../../../src/index.ts';
import { denialOf } from '../../support/denial-of.ts';
import { whilePolluted } from '../../support/while-polluted.ts';
import { openAIBuilds, openAIMajors } from '../../support/openai-majors.ts';
import { greeting, openOpenAIStage } from '../../support/openai-stage.ts';
import { agentTiers, modelAllowlist } from '../../support/specification-policies.ts';

interface Outgoing {
  body: unknown;
  method?: unknown;
}

const cz: ControlZero = new Client({ policy: modelAllowlist });

describe('wrapOpenAI() refuses with a TypeError', () => {
  test.each<{ what: string; client: unknown }>([
    { what: 'nothing', client: undefined },
    { what: 'null', client: null },
    { what: 'a text', client: 'openai' },
    { what: 'a function', client: () => undefined },
    { what: 'an empty object', client: {} },
    { what: 'an object that only looks like a client', client: { chat: { completions: { create: () => undefined } } } },
    {
      what: 'a client of version 4',
      client: { chat: {}, embeddings: {}, baseURL: '', prepareRequest: () => undefined },
    },
  ])('$what as client', ({ client }) => {
    const wrap = (): unknown => wrapOpenAI(client as never, cz);
    expect(wrap).toThrow(TypeError);
    expect(wrap).toThrow('wrapOpenAI() takes a client of the openai package, version 6 or 7.');
  });

  test.each(openAIBuilds)('the class, a resource or a copy of a client of $name', ({ library: { OpenAI } }) => {
    const client = new OpenAI({ apiKey: 'local' });
    const { chat } = client;
    for (const given of [OpenAI, chat, Object.assign({}, client)]) {
      expect(() => wrapOpenAI(given as never, cz)).toThrow('wrapOpenAI() takes a client of the openai package');
    }
  });

  test.each(openAIBuilds)('anything but a ControlZero as second argument, with a client of $name', ({ library }) => {
    const client = new library.OpenAI({ apiKey: 'local' });
    for (const given of [undefined, null, {}, { enforce: () => undefined }, 'cz', Promise.resolve(cz)]) {
      expect(() => wrapOpenAI(client, given as never)).toThrow('wrapOpenAI() takes a ControlZero');
      expect(() => wrapOpenAI(client, given as never)).toThrow(TypeError);
    }
  });

  test.each<{ what: string; options: unknown; message: string }>([
    { what: 'an empty agentId', options: { agentId: '' }, message: 'as agentId' },
    { what: 'an agentId that is no text', options: { agentId: 7 }, message: 'as agentId' },
    { what: 'an agentId of null', options: { agentId: null }, message: 'as agentId' },
    { what: 'a context that is no object', options: { context: 'eu' }, message: 'an object as context' },
    { what: 'a context of null', options: { context: null }, message: 'an object as context' },
    { what: 'a fallback that is no list', options: { fallback: 'gpt-4' }, message: 'a list of model ids as fallback' },
    { what: 'an empty entry of fallback', options: { fallback: ['gpt-4', ''] }, message: 'an entry of fallback' },
    { what: 'a missing entry of fallback', options: { fallback: [undefined] }, message: 'an entry of fallback' },
    { what: 'an entry of fallback that is no text', options: { fallback: [{}] }, message: 'an entry of fallback' },
    { what: 'an alias that is no text', options: { modelAliases: { a: 4 } }, message: 'a value of modelAliases' },
    { what: 'an option that is misspelt', options: { agent_id: 'a' }, message: 'has no option "agent_id"' },
    { what: 'an empty alias', options: { modelAliases: { a: '' } }, message: 'a value of modelAliases' },
  ])('$what', ({ options, message }) => {
    for (const { library } of openAIMajors) {
      const client = new library.OpenAI({ apiKey: 'local' });
      const wrap = (): unknown => wrapOpenAI(client, cz, options as WrapOpenAIOptions);
      expect(wrap).toThrow(TypeError);
      expect(wrap).toThrow(message);
    }
  });
});

describe.each(openAIMajors)('wrapOpenAI() with a client of $name', ({ library }) => {
  test('takes a ControlZero that has no policy yet', async () => {
    await using stage = await openOpenAIStage(library);
    const late = new Client({ policy: modelAllowlist });
    const client = wrapOpenAI(stage.plain(), late);
    expect(late.status().usable).toBe(false);
    await client.chat.completions.create(greeting('gpt-4'));
    expect(late.status().usable).toBe(true);
    expect(stage.provider.requests).toHaveLength(1);
  });

  test('reads its options once', async () => {
    await using stage = await openOpenAIStage(library, { policy: agentTiers });
    const options = { context: { agent_id: 'premium-support' } as Record<string, unknown> };
    const client = stage.governed({}, options);
    options.context['agent_id'] = 'basic-support';
    await client.chat.completions.create(greeting('gpt-4'));
    expect(await stage.decisions()).toMatchObject([{ agentId: 'premium-support', decision: { allowed: true } }]);
  });

  test('lets agentId win over agent_id in the context', async () => {
    await using stage = await openOpenAIStage(library, { policy: agentTiers });
    const client = stage.governed({}, { agentId: 'basic-support', context: { agent_id: 'premium-support' } });
    const { request } = await denialOf(client.chat.completions.create(greeting('gpt-4')));
    expect(request.agentId).toBe('basic-support');
    expect(stage.provider.requests).toEqual([]);
  });

  test('lets several clients of one ControlZero stay apart', async () => {
    await using stage = await openOpenAIStage(library, { policy: agentTiers });
    const original = stage.plain();
    const premium = wrapOpenAI(original, stage.cz, { agentId: 'premium-a' });
    const basic = wrapOpenAI(original, stage.cz, { agentId: 'basic-a' });
    await premium.chat.completions.create(greeting('gpt-4'));
    await denialOf(basic.chat.completions.create(greeting('gpt-4')));
    expect(stage.provider.requests).toHaveLength(1);
  });
});

describe.each(openAIMajors)('what a governed client of $name keeps for itself', ({ library }) => {
  test('can be taken away, and then nothing is sent', async () => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governed();
    for (const key of Object.getOwnPropertySymbols(client)) Reflect.deleteProperty(client, key);
    await expect(client.chat.completions.create(greeting('gpt-4'))).rejects.toThrow('was called on something else');
    expect(stage.provider.requests).toEqual([]);
  });

  test('is handed on by a Proxy and by what inherits from it', async () => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governed();
    for (const like of [new Proxy(client, {}), Object.create(client) as typeof client]) {
      await denialOf(like.withOptions({}).chat.completions.create(greeting('gpt-4-turbo')));
      await denialOf(like.chat.completions.create(greeting('gpt-4-turbo')));
    }
    expect(stage.provider.requests).toEqual([]);
  });
});

describe.each(openAIMajors)('a request of $name that is not what it looks like', ({ library }) => {
  const body = JSON.stringify(greeting('gpt-4'));

  test.each<{ what: string; options: object; reason: string }>([
    {
      what: 'its method is an object',
      options: { body, fetchOptions: { method: { toString: () => 'POST' } } },
      reason: 'The method of the request is not a string.',
    },
    {
      what: 'its headers declare a form',
      options: { body, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      reason: 'The headers of the request declare another body than JSON text.',
    },
    {
      what: 'its headers declare a compression',
      options: { body, headers: { 'content-encoding': 'gzip' } },
      reason: 'The headers of the request declare another body than JSON text.',
    },
  ])('is denied when $what', async ({ options, reason }) => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governed({}, { fallback: ['gpt-4'] });
    const { decision } = await denialOf(client.post('/chat/completions', options));
    expect(decision).toMatchObject({ reasonCode: 'INVALID_REQUEST', reason });
    expect(stage.provider.requests).toEqual([]);
  });

  test('goes ahead in shadow mode and is reported', async () => {
    await using stage = await openOpenAIStage(library, { mode: 'shadow' });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    await stage.governed().post('/chat/completions', { body, headers });
    expect(stage.provider.requests).toMatchObject([{ body, headers }]);
    expect(await stage.decisions()).toMatchObject([{ enforced: false, decision: { reasonCode: 'INVALID_REQUEST' } }]);
  });
});

/** A source that waits, so that a request can be changed while it is judged. */
function slowSource(): {
  readonly source: PolicySource;
  readonly reading: Promise<void>;
  readonly release: () => void;
} {
  const reading = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const source: PolicySource = {
    kind: 'test',
    refreshIntervalMs: 0,
    read: async () => {
      reading.resolve();
      await released.promise;
      return { revision: '1', origin: 'a slow place', parse: async () => ({ document: modelAllowlist }) };
    },
  };
  return { source, reading: reading.promise, release: released.resolve };
}

describe.each(openAIMajors)('a request of $name that changes while it is judged', ({ library }) => {
  test.each<{ what: string; change: (request: Outgoing) => void }>([
    { what: 'another body', change: (request) => void (request.body = JSON.stringify(greeting('gpt-4-turbo'))) },
    { what: 'another method', change: (request) => void (request.method = 'PUT') },
  ])('is denied: $what', async ({ change }) => {
    await using stage = await openOpenAIStage(library);
    const held: Outgoing[] = [];
    class Holding extends library.OpenAI {
      override async prepareRequest(request: RequestInit): Promise<void> {
        held.push(request as Outgoing);
      }
    }
    const { source, reading, release } = slowSource();
    const slow = new Client({ source });
    const client = wrapOpenAI(new Holding({ apiKey: 'local', baseURL: stage.provider.baseURL }), slow);
    const call = client.chat.completions.create(greeting('gpt-4'));
    await Promise.race([reading, call]);
    for (const request of held) change(request);
    release();
    const { decision } = await denialOf(call);
    expect(decision).toMatchObject({
      reasonCode: 'INVALID_REQUEST',
      reason: expect.stringContaining('changed') as string,
    });
    expect(stage.provider.requests).toEqual([]);
  });

  test('sends what was judged when the bytes of its body change', async () => {
    await using stage = await openOpenAIStage(library);
    const body = new TextEncoder().encode(JSON.stringify(greeting('gpt-4')));
    const { source, reading, release } = slowSource();
    const client = wrapOpenAI(stage.plain(), new Client({ source }));
    const call = client.post('/chat/completions', { body, headers: { 'content-type': 'application/json' } });
    await Promise.race([reading, call]);
    body.set(new TextEncoder().encode('{"model":"gpt-9"'));
    release();
    await call;
    expect(stage.modelsServed()).toEqual(['gpt-4']);
  });

  test('cannot be changed after it was judged', async () => {
    await using stage = await openOpenAIStage(library);
    const held: Outgoing[] = [];
    class Holding extends library.OpenAI {
      override async prepareRequest(request: RequestInit): Promise<void> {
        held.push(request as Outgoing);
      }
      protected override async fetchWithAuth(...given: never[]): Promise<Response> {
        for (const request of held) Reflect.set(request, 'body', JSON.stringify(greeting('gpt-4-turbo')));
        const send = library.OpenAI.prototype as unknown as { fetchWithAuth(...given: never[]): Promise<Response> };
        return send.fetchWithAuth.apply(this, given);
      }
    }
    const client = wrapOpenAI(new Holding({ apiKey: 'local', baseURL: stage.provider.baseURL }), stage.cz);
    await client.chat.completions.create(greeting('gpt-4'));
    expect(stage.modelsServed()).toEqual(['gpt-4']);
  });
});

test.each(openAIMajors)(
  'what is patched after a client of $name was wrapped is used, and judged',
  async ({ library }) => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governed();
    const key = 'buildBody';
    const build = Reflect.get(library.OpenAI.prototype, key) as (given: object) => { readonly body: unknown };
    const value = function patched(this: unknown, given: object): object {
      const encoded = build.call(this, given);
      return { ...encoded, body: String(encoded.body).replace('gpt-4', 'gpt-4-turbo') };
    };
    await whilePolluted({ target: library.OpenAI.prototype, key, property: { value, writable: true } }, async () => {
      const { request } = await denialOf(client.chat.completions.create(greeting('gpt-4')));
      expect(request.resource).toBe('model/gpt-4-turbo');
    });
    expect(stage.provider.requests).toEqual([]);
  },
);
