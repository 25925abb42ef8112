import { InMemoryCache } from '@langchain/core/caches';
import { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { load } from '@langchain/core/load';
import { RunnableBinding, RunnableLambda, RunnableRetry, RunnableSequence } from '@langchain/core/runnables';
import { FakeListChatModel } from '@langchain/core/utils/testing';
import { AzureChatOpenAI, ChatOpenAI, OpenAI } from '@langchain/openai';
import { initChatModel } from 'langchain/chat_models/universal';
import { describe, expect, test } from 'vitest';

import { governChatModel } from '../../../adapters/langchain/index.ts';
import type { PolicyDocument } from '../../../src/index.ts';
import { collect } from '../../support/collect.ts';
import { denialOf } from '../../support/denial-of.ts';
import { modelKinds } from '../../support/langchain-paths.ts';
import type { LangChainStage } from '../../support/langchain-stage.ts';
import { isOldest, openLangChainStage } from '../../support/langchain-stage.ts';
import { LocalChatModel } from '../../support/local-chat-model.ts';
import { RecordingHandler } from '../../support/recording-handler.ts';
import { agentTiers, modelAllowlist } from '../../support/specification-policies.ts';

const DENIED = 'gpt-4-turbo';
const nothing: PolicyDocument = { rules: [] };

function sentModels({ provider }: LangChainStage): (string | undefined)[] {
  return provider.modelRequests.map(({ model }) => model);
}

describe('a governed model is a drop-in', () => {
  test.each(modelKinds)('of the same class, with the same keys and JSON: $name', async ({ create }) => {
    await using stage = await openLangChainStage(modelAllowlist);
    const original = await create(stage, 'gpt-4');
    const before = JSON.stringify(original);
    const governed = governChatModel(original, stage.cz, { agentId: 'support' });
    expect(governed).not.toBe(original);
    expect(governed.constructor).toBe(original.constructor);
    expect(governed).toBeInstanceOf(original.constructor);
    expect(Object.keys(governed)).toEqual(Object.keys(original));
    expect(JSON.stringify(governed)).toBe(before);
    expect(JSON.stringify(original)).toBe(before);
    expect(governed.getName()).toBe(original.getName());
  });

  test.each(modelKinds)('beside an original that stays as it was: $name', async ({ create }) => {
    await using stage = await openLangChainStage(nothing);
    const original = await create(stage, 'gpt-4');
    const governed = governChatModel(original, stage.cz);
    await denialOf(governed.invoke('Hello'));
    expect(stage.provider.requests).toEqual([]);
    await original.invoke('Hello');
    expect(sentModels(stage)).toEqual(['gpt-4']);
    expect(await stage.decisions()).toHaveLength(1);
  });

  test('what is assigned to one of them does not reach the other', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const original = new LocalChatModel({ ...stage.fields, model: 'gpt-4' });
    const governed = governChatModel(original, stage.cz);
    original.model = DENIED;
    await governed.invoke('Hello');
    governed.model = 'gpt-3.5-turbo';
    expect(original.model).toBe(DENIED);
    await governed.invoke('Hello');
    expect(sentModels(stage)).toEqual(['gpt-4', 'gpt-3.5-turbo']);
  });

  test('that says whether it can stream as the original does', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const governed = governChatModel(stage.chat(), stage.cz);
    expect(Reflect.get(governed, '_streamResponseChunks')).not.toBe(BaseChatModel.prototype._streamResponseChunks);
    class Whole extends LocalChatModel {}
    Whole.prototype._streamResponseChunks = BaseChatModel.prototype._streamResponseChunks as never;
    const whole = governChatModel(new Whole({ ...stage.fields, model: 'gpt-4' }), stage.cz);
    expect(Reflect.get(whole, '_streamResponseChunks')).toBe(BaseChatModel.prototype._streamResponseChunks);
    expect(await collect(await whole.stream('Hello'))).toHaveLength(1);
    expect(await stage.decisions()).toHaveLength(1);
  });

  test('that counts tokens, and is asked nothing of the provider by that', async () => {
    await using stage = await openLangChainStage(nothing);
    const fake = governChatModel(new FakeListChatModel({ responses: ['Hi'] }), stage.cz);
    expect(fake.getName()).toBe('FakeListChatModel');
    expect(fake._llmType()).toBe('fake-list');
    expect(stage.provider.requests).toEqual([]);
    expect(await stage.decisions()).toEqual([]);
  });

  test('that keeps its class where LangChain gives the plain one', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const bound = governChatModel(stage.azure('gpt-4'), stage.cz).bindTools([]);
    // In newer versions it is a ChatOpenAI of which only the inner models know Azure.
    expect(bound).toBeInstanceOf(isOldest ? RunnableBinding : ChatOpenAI);
    await bound.invoke('Hello');
    expect(stage.provider.requests[0]?.path).toContain('/openai/deployments/gpt-4/');
  });

  test('given back as it is when it is governed alike, and governed again when not', async () => {
    await using stage = await openLangChainStage(agentTiers);
    await using other = await openLangChainStage(nothing);
    const governed = governChatModel(stage.chat(), stage.cz, { agentId: 'premium-1' });
    expect(governChatModel(governed, stage.cz, { agentId: 'premium-1' })).toBe(governed);
    expect(governChatModel(governed, stage.cz)).toBe(governed);
    expect(governChatModel(governed, stage.cz, { agentId: 'premium-2' })).not.toBe(governed);
    await denialOf(governChatModel(governed, other.cz).invoke('Hello'));
    expect(stage.provider.requests).toEqual([]);
  });

  test('with everything that it hands out', async () => {
    await using stage = await openLangChainStage(nothing);
    const governed = governChatModel(stage.chat(), stage.cz);
    const schema = { title: 'A', type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };
    const handedOut: readonly { invoke(input: never): Promise<unknown> }[] = [
      governed.withConfig({}),
      governed.bindTools([]),
      governed.withStructuredOutput(schema),
      governed.withStructuredOutput(schema, { method: 'jsonMode' }),
      governChatModel(stage.chat({ model: 'gpt-4o' }), stage.cz).withStructuredOutput(schema, { method: 'jsonSchema' }),
      governed.withStructuredOutput(schema, { includeRaw: true }),
      governed.withRetry({ stopAfterAttempt: 2 }),
      governed.withFallbacks([stage.chat()]),
      governed.withListeners({}),
      governed.pipe((message: unknown) => message),
      RunnableSequence.from([governed.withConfig({}), (message: unknown) => message]),
    ];
    for (const part of handedOut) await denialOf(part.invoke('Hello' as never));
    expect(governed.withRetry()).toBeInstanceOf(RunnableRetry);
    expect(stage.provider.requests).toEqual([]);
  });

  test.runIf(isOldest)('with what the oldest versions hand out', async () => {
    await using stage = await openLangChainStage(nothing);
    const governed = governChatModel(stage.chat(), stage.cz) as unknown as {
      bind(options: object): ChatOpenAI;
      predict(text: string): Promise<unknown>;
      call(messages: readonly unknown[]): Promise<unknown>;
      map(): { invoke(inputs: readonly string[]): Promise<unknown> };
    };
    await denialOf(governed.bind({ stop: ['x'] }).invoke('Hello'));
    await denialOf(governed.map().invoke(['Hello']));
    await denialOf(governed.predict('Hello'));
    await denialOf(governed.call([{ role: 'user', content: 'Hello' }]));
    expect(stage.provider.requests).toEqual([]);
  });

  test('of which a fallback is tried with the identity of the model', async () => {
    await using stage = await openLangChainStage(agentTiers);
    const governed = governChatModel(stage.chat({ model: 'gpt-4o' }), stage.cz, { agentId: 'basic' });
    const fallbacks = [stage.chat(), stage.chat({ model: 'gpt-3.5-turbo' })];
    await governed.withFallbacks(fallbacks).invoke('Hello', { metadata: { agent_id: 'premium-1' } });
    expect(sentModels(stage)).toEqual(['gpt-3.5-turbo']);
    expect((await stage.decisions()).map(({ agentId }) => agentId)).toEqual(['basic', 'basic', 'basic']);
  });

  test.runIf('moderateContent' in ChatOpenAI.prototype)('of which moderation passes through', async () => {
    await using stage = await openLangChainStage(nothing);
    const governed = governChatModel(stage.chat(), stage.cz) as unknown as {
      moderateContent(text: string): Promise<unknown>;
    };
    await governed.moderateContent('Hello');
    expect(stage.provider.requests).toMatchObject([{ path: '/v1/moderations' }]);
    expect(await stage.decisions()).toEqual([]);
  });

  test('that load() makes an ungoverned model of, as it is said', async () => {
    await using stage = await openLangChainStage(nothing);
    const text = JSON.stringify(governChatModel(stage.chat(), stage.cz));
    const loaded = await load<ChatOpenAI>(text, {
      secretsMap: { OPENAI_API_KEY: 'local' },
      importMap: { chat_models__openai: { ChatOpenAI } },
    });
    expect(loaded).toBeInstanceOf(ChatOpenAI);
    await loaded.invoke('Hello', { options: { maxRetries: 0 } });
    expect(stage.provider.requests).toHaveLength(1);
  });

  test('a shape of which a graph holds itself can still be handed out', async () => {
    await using stage = await openLangChainStage(nothing);
    const loop = RunnableLambda.from(() => 'Hello').pipe(stage.chat());
    Object.assign(loop, { itself: loop });
    const governed = governChatModel(stage.chat(), stage.cz).withFallbacks([loop as never]);
    await denialOf(governed.invoke('Hello'));
    expect(stage.provider.requests).toEqual([]);
  });
});

describe('a call is judged once', () => {
  test('with two prompts, and with several answers', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const governed = governChatModel(stage.chat(), stage.cz);
    const prompt = { toString: () => 'Hello', toChatMessages: () => [] };
    await governed.generatePrompt([prompt as never, prompt as never]);
    expect(stage.provider.requests).toHaveLength(2);
    expect(await stage.decisions()).toHaveLength(1);
  });

  test('by each of a batch', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    await governChatModel(stage.chat(), stage.cz).batch(['One', 'Two', 'Three']);
    expect(stage.provider.requests).toHaveLength(3);
    expect(await stage.decisions()).toHaveLength(3);
  });

  test('where the class streams although nobody asked it to', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const handler = { lc_prefer_streaming: true, handleLLMNewToken: (): void => undefined };
    await governChatModel(stage.chat(), stage.cz).invoke('Hello', { callbacks: [handler] });
    expect(stage.provider.requests).toMatchObject([{ json: { stream: true } }]);
    expect(await stage.decisions()).toHaveLength(1);
    // One that streams counts tokens afterwards, which needs the network.
    await denialOf(governChatModel(stage.chat({ model: DENIED, streaming: true }), stage.cz).invoke('Hello'));
    expect(stage.provider.requests).toHaveLength(1);
  });
});

describe('a cached answer', () => {
  const kinds = [
    {
      what: 'a chat model',
      create: (stage: LangChainStage, cache: InMemoryCache, model = 'gpt-4') => stage.chat({ model, cache }),
    },
    {
      what: 'an LLM',
      create: ({ fields }: LangChainStage, cache: InMemoryCache, model = 'gpt-4') =>
        new OpenAI({ ...fields, modelKwargs: { model }, cache }),
    },
  ] as const;

  test.each(kinds)('of $what is served to a call that is allowed', async ({ create }) => {
    await using stage = await openLangChainStage(modelAllowlist);
    const governed = governChatModel(create(stage, new InMemoryCache()) as ChatOpenAI, stage.cz);
    await governed.invoke('Hello');
    await governed.invoke('Hello');
    expect(stage.provider.requests).toHaveLength(1);
    expect(await stage.decisions()).toHaveLength(2);
  });

  test.each(kinds)('of $what is not served to a call that is denied', async ({ create }) => {
    await using stage = await openLangChainStage(modelAllowlist);
    const cache = new InMemoryCache();
    const handler = new RecordingHandler();
    const governed = governChatModel(create(stage, cache) as ChatOpenAI, stage.cz);
    await governed.invoke('Hello');
    await stage.setPolicy(nothing);
    await denialOf(governed.invoke('Hello', { callbacks: [handler] }));
    expect(handler.events).toEqual(['start', 'error']);
    expect(stage.provider.requests).toHaveLength(1);
    expect(await stage.decisions()).toHaveLength(2);
    await stage.setPolicy(modelAllowlist);
    await governed.invoke('Hello');
    expect(stage.provider.requests).toHaveLength(1);
  });

  test('of one agent is not served to another one that may not use the model', async () => {
    await using stage = await openLangChainStage(agentTiers);
    const model = stage.chat({ cache: new InMemoryCache() });
    await governChatModel(model, stage.cz, { agentId: 'premium-1' }).invoke('Hello');
    await denialOf(governChatModel(model, stage.cz, { agentId: 'basic' }).invoke('Hello'));
    expect(stage.provider.requests).toHaveLength(1);
  });

  test('is kept apart for the fallback that served a call', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const cache = new InMemoryCache();
    const governed = governChatModel(stage.chat({ model: DENIED, cache }), stage.cz, { fallback: ['gpt-4'] });
    await governed.invoke('Hello');
    await governed.invoke('Hello');
    expect(sentModels(stage)).toEqual(['gpt-4']);
    await stage.setPolicy({ rules: [{ effect: 'allow', action: '*', resource: `model/${DENIED}` }] });
    await governed.invoke('Hello');
    expect(sentModels(stage)).toEqual(['gpt-4', DENIED]);
    await stage.setPolicy(modelAllowlist);
    await governed.invoke('Hello');
    expect(sentModels(stage)).toEqual(['gpt-4', DENIED]);
  });
});

describe('a fallback', () => {
  test.each<{ what: string; create: (stage: LangChainStage) => BaseChatModel }>([
    { what: 'of ChatOpenAI', create: (stage) => stage.chat({ model: DENIED }) },
    { what: 'of the Responses API', create: (stage) => stage.chat({ model: DENIED, useResponsesApi: true }) },
    { what: 'on Azure', create: (stage) => stage.azure(DENIED) },
    { what: 'over modelKwargs', create: (stage) => stage.chat({ modelKwargs: { model: DENIED, models: [DENIED] } }) },
    { what: 'of a binding', create: (stage) => stage.chat({ model: DENIED }).withListeners({}) as never },
    { what: 'of another provider', create: ({ fields }) => new LocalChatModel({ ...fields, model: DENIED }) },
  ])('serves what is denied, also as a stream: $what', async ({ create }) => {
    await using stage = await openLangChainStage(modelAllowlist);
    const governed = governChatModel(create(stage), stage.cz, { fallback: ['gpt-4o', 'gpt-4'] });
    await governed.invoke('Hello');
    await collect(await governed.stream('Hello'));
    expect(sentModels(stage)).toEqual(['gpt-4', 'gpt-4']);
    expect(await stage.decisions()).toHaveLength(2);
  });

  test('serves a finished request, where only its model has to change', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const governed = governChatModel(stage.chat(), stage.cz, { fallback: ['gpt-4'] });
    const inner = (isOldest ? governed : Reflect.get(governed, 'completions')) as {
      completionWithRetry(request: object): Promise<unknown>;
    };
    await inner.completionWithRetry({ model: DENIED, messages: [] });
    await denialOf(inner.completionWithRetry({ model: DENIED, models: [DENIED], messages: [] }));
    expect(sentModels(stage)).toEqual(['gpt-4']);
  });

  test('of a configurable model serves what is denied', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const model = await initChatModel(DENIED, { modelProvider: 'openai', ...stage.fields });
    await governChatModel(model, stage.cz, { fallback: ['gpt-4'] }).invoke('Hello');
    expect(sentModels(stage)).toEqual(['gpt-4']);
  });

  test('is refused at once where a model cannot be made to ask for another one', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const fake = new FakeListChatModel({ responses: ['Hi'] });
    const options = { modelId: 'fake', fallback: ['gpt-4'] };
    expect(() => governChatModel(fake, stage.cz, options)).toThrow(/withFallbacks/u);
    const several = stage.chat().withFallbacks([fake as never]);
    expect(() => governChatModel(several, stage.cz, options)).toThrow(/FakeListChatModel/u);
  });
});

describe('what cannot be governed is refused', () => {
  test.each<{ what: string; value: unknown }>([
    { what: 'a text', value: 'openai:gpt-4' },
    { what: 'nothing', value: undefined },
    { what: 'null', value: null },
    { what: 'a function', value: () => 'Hello' },
    { what: 'a plain object', value: { invoke: async () => 'Hello' } },
    { what: 'an object without a class', value: Object.create(null) },
    { what: 'a promise of a model', value: Promise.resolve(new FakeListChatModel({ responses: [] })) },
    { what: 'a lambda', value: RunnableLambda.from(() => 'Hello') },
    { what: 'a sequence', value: RunnableLambda.from(() => 'Hello').pipe(new FakeListChatModel({ responses: [] })) },
    { what: 'a binding of something else', value: RunnableLambda.from(() => 'Hello').withConfig({}) },
    {
      what: 'a model with fallbacks that are none',
      value: new FakeListChatModel({ responses: [] }).withFallbacks([RunnableLambda.from(() => 'Hello') as never]),
    },
  ])('$what', async ({ value }) => {
    await using stage = await openLangChainStage(modelAllowlist);
    expect(() => governChatModel(value as never, stage.cz)).toThrow(/governChatModel\(\) takes a chat model/u);
  });

  test('a model whose methods cannot be replaced', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const model = Object.defineProperty(stage.chat(), '_generate', { value: async () => ({ generations: [] }) });
    expect(() => governChatModel(model, stage.cz)).toThrow(/cannot be governed: its _generate/u);
  });

  test('a model with private fields fails before anything is sent', async () => {
    class Private extends LocalChatModel {
      readonly #secret = 'gpt-4';
      override _identifyingParams(): Record<string, unknown> {
        return { secret: this.#secret };
      }
      override invocationParams(): { model: string } {
        return { model: this.#secret };
      }
    }
    await using stage = await openLangChainStage(modelAllowlist);
    const governed = governChatModel(new Private({ ...stage.fields, model: 'gpt-4' }), stage.cz);
    await expect(governed.invoke('Hello')).rejects.toThrow(TypeError);
    expect(stage.provider.requests).toEqual([]);
  });

  test.each([
    { agent: 'support' },
    { agentId: 4 },
    { modelId: '' },
    { modelId: 4 },
    { trustMetadata: 'yes' },
    { fallback: 'gpt-4' },
    { modelAliases: { a: 4 } },
    { tools: true },
  ])('options of the wrong kind: %j', async (options) => {
    await using stage = await openLangChainStage(modelAllowlist);
    expect(() => governChatModel(stage.chat(), stage.cz, options as never)).toThrow(TypeError);
  });

  test('something else than a client', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    expect(() => governChatModel(stage.chat(), {} as never)).toThrow(/governChatModel\(\)/u);
  });
});

test('types stay what they are', async () => {
  await using stage = await openLangChainStage(modelAllowlist);
  const chat: ChatOpenAI = governChatModel(stage.chat(), stage.cz);
  const azure: AzureChatOpenAI = governChatModel(stage.azure('gpt-4'), stage.cz);
  const text: OpenAI = governChatModel(new OpenAI(stage.fields), stage.cz);
  expect([chat, azure, text]).toHaveLength(3);
  expect(azure).toBeInstanceOf(AzureChatOpenAI);
});
