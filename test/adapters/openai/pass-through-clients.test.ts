import type { ClientOptions } from 'openai';
import { describe, expect, test } from 'vitest';

import { wrapOpenAI } from '../../../adapters/openai/index.ts';
import { createTestControlZero, startLocalProvider } from '../../../src/testing/index.ts';
import { denialOf } from '../../support/denial-of.ts';
import { openAIMajors } from '../../support/openai-majors.ts';
import { greeting, openOpenAIStage } from '../../support/openai-stage.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { modelAllowlist } from '../../support/specification-policies.ts';

interface Outgoing {
  body: string;
}

type WrapInProxy = <Target extends object>(target: Target) => Target;

/** Hands out what it finds, and does so for everything below. */
const readDeeply: WrapInProxy = (target) =>
  new Proxy(target, {
    get: (owner, key, receiver) => {
      const value: unknown = Reflect.get(owner, key, receiver);
      return typeof value === 'object' && value !== null ? readDeeply(value) : value;
    },
  });

/** Binds every method to its owner, as tracing libraries do that wrap everything. */
const bindMethods: WrapInProxy = (target) =>
  new Proxy(target, {
    get: (owner, key) => {
      const value: unknown = Reflect.get(owner, key, owner);
      if (typeof value === 'function') return value.bind(owner) as unknown;
      return typeof value === 'object' && value !== null ? bindMethods(value) : value;
    },
  });

/** Replaces `create` and nothing else, as tracing libraries do that know what they trace. */
const traceCreate: WrapInProxy = (target) =>
  new Proxy(target, {
    get: (owner, key) => {
      const value: unknown = Reflect.get(owner, key, owner);
      if (key === 'create') return async (...given: unknown[]) => Reflect.apply(value as () => unknown, owner, given);
      const isResource = typeof value === 'object' && value !== null && '_client' in value;
      return isResource ? traceCreate(value) : value;
    },
  });

describe.each(openAIMajors)('withOptions() of $name', ({ library }) => {
  test('gives a client that is governed as well, at any depth', async () => {
    await using stage = await openOpenAIStage(library);
    const once = stage.governed().withOptions({ timeout: 5000 });
    const twice = once.withOptions({ maxRetries: 1 }).withOptions({});
    for (const client of [once, twice]) {
      await denialOf(client.chat.completions.create(greeting('gpt-4-turbo')));
      await client.chat.completions.create(greeting('gpt-4'));
    }
    expect(stage.modelsServed()).toEqual(['gpt-4', 'gpt-4']);
    expect(await stage.decisions()).toHaveLength(4);
  });

  test('takes the new options and keeps the others', async () => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governed({ organization: 'org-1', maxRetries: 4 });
    const changed = client.withOptions({ timeout: 1234, defaultHeaders: { 'x-team': 'sales' } });
    expect(changed).toMatchObject({ timeout: 1234, maxRetries: 4, organization: 'org-1' });
    expect(client.timeout).not.toBe(1234);
    await changed.chat.completions.create(greeting('gpt-4'));
    expect(stage.provider.requests[0]?.headers).toMatchObject({ 'x-team': 'sales', 'openai-organization': 'org-1' });
  });

  test('can lead to another server, where the policy holds too', async () => {
    await using stage = await openOpenAIStage(library);
    await using elsewhere = await startLocalProvider();
    const client = stage.governed().withOptions({ baseURL: elsewhere.baseURL });
    await client.chat.completions.create(greeting('gpt-4'));
    await denialOf(client.chat.completions.create(greeting('gpt-4-turbo')));
    expect(elsewhere.requests).toHaveLength(1);
    expect(stage.provider.requests).toEqual([]);
  });

  test('keeps the agent and the fallback', async () => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governed({}, { agentId: 'support', fallback: ['gpt-4'] }).withOptions({ timeout: 5000 });
    await client.chat.completions.create(greeting('gpt-4-turbo'));
    expect(stage.modelsServed()).toEqual(['gpt-4']);
    expect(await stage.decisions()).toMatchObject([{ agentId: 'support' }]);
  });
});

describe.each(openAIMajors)('a governed client of $name', ({ library }) => {
  const { OpenAI } = library;

  test('is an instance of its class and no other object than what it looks like', async () => {
    await using stage = await openOpenAIStage(library);
    const [plain, governed] = [stage.plain(), stage.governed()];
    expect(governed).toBeInstanceOf(OpenAI);
    expect(governed.constructor).toBe(OpenAI);
    expect(Object.getOwnPropertyNames(governed)).toEqual(Object.getOwnPropertyNames(plain));
    expect(Object.getOwnPropertySymbols(Object.assign({}, governed))).toEqual([]);
    expect(governed.chat.completions.constructor).toBe(plain.chat.completions.constructor);
  });

  test('has every method of the class, those behind private fields included', async () => {
    await using stage = await openOpenAIStage(library);
    const [plain, governed] = [stage.plain(), stage.governed()];
    expect(governed.buildURL('/models', { limit: 2 })).toBe(plain.buildURL('/models', { limit: 2 }));
    const [sent, expected] = await Promise.all(
      [governed, plain].map((client) => client.buildRequest({ method: 'get', path: '/models' })),
    );
    expect(sent?.url).toBe(expected?.url);
    expect([...(sent?.req.headers ?? [])]).toEqual([...(expected?.req.headers ?? [])]);
    expect((await governed.get('/models')) as object).toMatchObject({ object: 'list' });
    expect((await governed.request({ method: 'get', path: '/models' })) as object).toMatchObject({ object: 'list' });
  });

  test('leaves the one that was passed as it is, and ungoverned', async () => {
    await using stage = await openOpenAIStage(library);
    const client = stage.plain();
    const before = Object.getOwnPropertyDescriptors(client);
    const prototype: unknown = Object.getPrototypeOf(client);
    wrapOpenAI(client, stage.cz, { agentId: 'support', fallback: ['gpt-4'] });
    expect(Object.getOwnPropertyDescriptors(client)).toEqual(before);
    expect(Object.getPrototypeOf(client)).toBe(prototype);
    await client.chat.completions.create(greeting('gpt-4-turbo'));
    expect(stage.modelsServed()).toEqual(['gpt-4-turbo']);
    expect(await stage.decisions()).toEqual([]);
  });

  test('does not change other clients of the class', async () => {
    await using stage = await openOpenAIStage(library);
    const methods = Reflect.ownKeys(OpenAI.prototype);
    stage.governed();
    expect(Reflect.ownKeys(OpenAI.prototype)).toEqual(methods);
    await stage.plain().chat.completions.create(greeting('gpt-4-turbo'));
    expect(stage.modelsServed()).toEqual(['gpt-4-turbo']);
  });
});

describe.each(openAIMajors)('a subclass of $name', ({ library }) => {
  const { OpenAI } = library;

  test('that takes the options of its class is governed and keeps its methods', async () => {
    await using stage = await openOpenAIStage(library);
    class Tenant extends OpenAI {
      readonly tenant: string;
      constructor(options: ClientOptions & { readonly tenant?: string } = {}) {
        super(options);
        this.tenant = options.tenant ?? 'none';
      }
      async ask(model: string): Promise<string | null | undefined> {
        const completion = await this.chat.completions.create(greeting(model));
        return completion.choices[0]?.message.content;
      }
    }
    const options = { apiKey: 'local', baseURL: stage.provider.baseURL, tenant: 'acme' };
    const client = wrapOpenAI(new Tenant(options), stage.cz);
    expect(client).toBeInstanceOf(Tenant);
    expect(client.tenant).toBe('acme');
    expect(await client.ask('gpt-4')).toBe('Hello from the local provider.');
    await denialOf(client.ask('gpt-4-turbo'));
    expect(stage.provider.requests).toHaveLength(1);
  });

  test('that takes something else is refused by name of the reason', async () => {
    await using stage = await openOpenAIStage(library);
    const { baseURL } = stage.provider;
    class Tenant extends OpenAI {
      constructor(tenant: string) {
        super({ apiKey: 'local', baseURL: `${baseURL}/${tenant}` });
      }
    }
    const wrap = (): unknown => wrapOpenAI(new Tenant('acme'), stage.cz);
    expect(wrap).toThrow(TypeError);
    expect(wrap).toThrow('A subclass must take the options object of OpenAI');
  });

  test('that gives back itself from withOptions() is refused', async () => {
    await using stage = await openOpenAIStage(library);
    class Frozen extends OpenAI {
      override withOptions(): this {
        return this;
      }
    }
    const client = new Frozen({ apiKey: 'local', baseURL: stage.provider.baseURL });
    expect(() => wrapOpenAI(client, stage.cz)).toThrow('wrapOpenAI() could not clone this client');
    expect(Object.hasOwn(client, 'prepareRequest')).toBe(false);
  });

  test('whose hook cannot be replaced is refused', async () => {
    await using stage = await openOpenAIStage(library);
    class Fixed extends OpenAI {
      constructor(options: ClientOptions) {
        super(options);
        Object.defineProperty(this, 'prepareRequest', { value: async () => undefined });
      }
    }
    const client = new Fixed({ apiKey: 'local', baseURL: stage.provider.baseURL });
    const wrap = (): unknown => wrapOpenAI(client, stage.cz);
    expect(wrap).toThrow(TypeError);
    expect(wrap).toThrow('its prepareRequest() cannot be replaced');
  });

  test('for another cloud, BedrockOpenAI, is governed', async () => {
    await using stage = await openOpenAIStage(library);
    const options = { apiKey: 'local', baseURL: stage.provider.baseURL, maxRetries: 0 };
    const client = wrapOpenAI(new library.BedrockOpenAI(options), stage.cz);
    expect(client).toBeInstanceOf(library.BedrockOpenAI);
    await client.chat.completions.create(greeting('gpt-4'));
    await denialOf(client.chat.completions.create(greeting('gpt-4-turbo')));
    await denialOf(client.withOptions({ timeout: 5000 }).responses.create({ model: 'gpt-4-turbo', input: 'Hello' }));
    expect(stage.modelsServed()).toEqual(['gpt-4']);
  });

  test('is judged by what its own prepareRequest() makes of the body', async () => {
    await using stage = await openOpenAIStage(library);
    class Rewriting extends OpenAI {
      override async prepareRequest(request: RequestInit): Promise<void> {
        const outgoing = request as Outgoing;
        outgoing.body = outgoing.body.replace('"alias"', '"gpt-4"').replace('"gpt-3.5-turbo"', '"gpt-4-turbo"');
      }
    }
    const client = wrapOpenAI(new Rewriting({ apiKey: 'local', baseURL: stage.provider.baseURL }), stage.cz);
    await client.chat.completions.create(greeting('alias'));
    const { request } = await denialOf(client.chat.completions.create(greeting('gpt-3.5-turbo')));
    expect(request.resource).toBe('model/gpt-4-turbo');
    expect(stage.modelsServed()).toEqual(['gpt-4']);
  });

  test('is judged by what its own prepareOptions() makes of the call', async () => {
    await using stage = await openOpenAIStage(library);
    class Upgrading extends OpenAI {
      override async prepareOptions(options: { body?: unknown }): Promise<void> {
        options.body = { ...(options.body as object), model: 'gpt-4-turbo' };
      }
    }
    const client = wrapOpenAI(new Upgrading({ apiKey: 'local', baseURL: stage.provider.baseURL }), stage.cz);
    await denialOf(client.chat.completions.create(greeting('gpt-4')));
    expect(stage.provider.requests).toEqual([]);
  });

  test('is judged although its hooks are fields', async () => {
    await using stage = await openOpenAIStage(library);
    const calls: string[] = [];
    class Logging extends OpenAI {
      protected override prepareRequest = async (_: RequestInit, { url }: { readonly url: string }): Promise<void> => {
        calls.push(url);
      };
    }
    const client = wrapOpenAI(new Logging({ apiKey: 'local', baseURL: stage.provider.baseURL }), stage.cz);
    await denialOf(client.chat.completions.create(greeting('gpt-4-turbo')));
    expect(calls).toEqual([`${stage.provider.baseURL}/chat/completions`]);
    expect(stage.provider.requests).toEqual([]);
  });
});

describe.each(openAIMajors)('a Proxy around a governed client of $name', ({ library }) => {
  test.each([
    { kind: 'binds every method', wrap: bindMethods },
    { kind: 'replaces create()', wrap: traceCreate },
  ])('that $kind changes nothing about the decision', async ({ wrap }) => {
    await using stage = await openOpenAIStage(library);
    const client = wrap(stage.governed());
    const answer = await client.chat.completions.create(greeting('gpt-4'));
    expect(answer.model).toBe('gpt-4');
    await denialOf(client.chat.completions.create(greeting('gpt-4-turbo')));
    await denialOf(client.embeddings.create({ model: 'gpt-4', input: 'Hello' }));
    await denialOf(client.responses.create({ model: 'gpt-4-turbo', input: 'Hello' }));
    await denialOf(client.chat.completions.stream(greeting('gpt-4-turbo')).finalContent());
    expect(stage.provider.requests).toHaveLength(1);
  });

  test('that the library itself cannot stand never lets a denied call through', async () => {
    await using stage = await openOpenAIStage(library);
    const client = readDeeply(stage.governed());
    const complete = async (): Promise<unknown> => client.chat.completions.create(greeting('gpt-4-turbo'));
    const embed = async (): Promise<unknown> => client.embeddings.create({ model: 'gpt-4', input: 'Hello' });
    await rejectionOf(complete());
    await rejectionOf(embed());
    expect(stage.provider.requests).toEqual([]);
  });

  test('that binds every method reaches clones that are governed', async () => {
    await using stage = await openOpenAIStage(library);
    const client = bindMethods(stage.governed()).withOptions({ timeout: 5000 });
    await denialOf(client.chat.completions.create(greeting('gpt-4-turbo')));
    expect(stage.provider.requests).toEqual([]);
  });

  test('can be wrapped itself when it binds methods', async () => {
    await using stage = await openOpenAIStage(library);
    const client = wrapOpenAI(bindMethods(stage.plain()), stage.cz);
    await denialOf(client.chat.completions.create(greeting('gpt-4-turbo')));
    await client.chat.completions.create(greeting('gpt-4'));
    expect(stage.provider.requests).toHaveLength(1);
  });
});

describe.each(openAIMajors)('wrapping a client of $name twice', ({ library }) => {
  test('lets a call pass only when both policies allow it', async () => {
    await using stage = await openOpenAIStage(library);
    const second = await createTestControlZero({
      rules: [{ effect: 'allow', action: 'llm.generate', resource: ['model/gpt-4', 'model/gpt-4-turbo'] }],
    });
    const client = wrapOpenAI(stage.governed({}, { agentId: 'inner' }), second.cz, { agentId: 'outer' });
    await client.chat.completions.create(greeting('gpt-4'));
    await denialOf(client.chat.completions.create(greeting('gpt-4-turbo')));
    await denialOf(client.chat.completions.create(greeting('gpt-3.5-turbo')));
    expect(stage.modelsServed()).toEqual(['gpt-4']);
    expect((await stage.decisions()).map(({ agentId }) => agentId)).toEqual(['inner', 'inner', 'inner']);
    expect((await second.decisions()).map(({ agentId }) => agentId)).toEqual(['outer', 'outer']);
  });

  test('with the same policy records a decision for each gate', async () => {
    await using stage = await openOpenAIStage(library);
    await wrapOpenAI(stage.governed(), stage.cz).chat.completions.create(greeting('gpt-4'));
    expect(stage.provider.requests).toHaveLength(1);
    expect(await stage.decisions()).toHaveLength(2);
  });

  test('does not let the fallback of one gate past the other', async () => {
    await using stage = await openOpenAIStage(library);
    const { cz: strict } = await createTestControlZero({
      rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-3.5-turbo' }],
    });
    const inner = wrapOpenAI(stage.plain(), strict);
    await denialOf(
      wrapOpenAI(inner, stage.cz, { fallback: ['gpt-4'] }).chat.completions.create(greeting('gpt-4-turbo')),
    );
    const lenient = stage.governed({}, { fallback: ['gpt-4'] });
    await denialOf(wrapOpenAI(lenient, strict).chat.completions.create(greeting('gpt-4-turbo')));
    expect(stage.provider.requests).toEqual([]);
  });

  test('keeps both gates in clones', async () => {
    await using stage = await openOpenAIStage(library, { policy: { rules: [] } });
    const { cz: second } = await createTestControlZero(modelAllowlist);
    const client = wrapOpenAI(wrapOpenAI(stage.plain(), second), stage.cz).withOptions({ timeout: 5000 });
    await denialOf(client.chat.completions.create(greeting('gpt-4')));
    const other = wrapOpenAI(wrapOpenAI(stage.plain(), stage.cz), second).withOptions({ timeout: 5000 });
    await denialOf(other.chat.completions.create(greeting('gpt-4')));
    expect(stage.provider.requests).toEqual([]);
  });
});
