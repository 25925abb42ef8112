import type { OpenAIProvider } from '@ai-sdk/openai';
import { describe, expect, test } from 'vitest';

import { governEmbeddingModel, governModel, governProvider } from '../../../adapters/ai-sdk/index.ts';
import { PolicyDeniedError } from '../../../src/index.ts';
import { aiSDKMajors } from '../../support/ai-sdk-majors.ts';
import { openAISDKStage } from '../../support/ai-sdk/ai-sdk-stage.ts';
import type { Model } from '../../support/ai-sdk/attempt-stage.ts';
import { callOptions } from '../../support/ai-sdk/attempt-stage.ts';
import { ClassProvider } from '../../support/ai-sdk/class-provider.ts';
import { WireModel } from '../../support/ai-sdk/wire-model.ts';
import { denialOf } from '../../support/denial-of.ts';
import { rejectionOf } from '../../support/rejection-of.ts';

const EMBEDDING = 'text-embedding-3-small';
const asked = { prompt: 'Hello', maxRetries: 0 } as const;

describe.each(aiSDKMajors)('a governed model of $name', ({ sdk }) => {
  test('shows what the original shows, getters of its class included', async () => {
    await using stage = await openAISDKStage(sdk);
    const original = stage.openai.responses('gpt-4');
    const model = governModel(original, stage.cz);
    for (const name of ['specificationVersion', 'provider', 'modelId'] as const)
      expect(model[name]).toBe(original[name]);
    expect(await model.supportedUrls).toEqual(await original.supportedUrls);
    expect(Object.keys(model)).toEqual(expect.arrayContaining(Object.keys(original)));
  });

  test('is no object of the class, and hands out no way to make another', async () => {
    await using stage = await openAISDKStage(sdk);
    const model = governModel(stage.openai.chat('gpt-4'), stage.cz);
    expect(model.constructor).toBe(Object);
    expect(Reflect.ownKeys(model)).not.toContain('constructor');
    expect(Object.getPrototypeOf(model)).toBe(Object.prototype);
  });

  test('shows as much to what is put around it', async () => {
    await using stage = await openAISDKStage(sdk);
    const model = governModel(stage.openai.chat('gpt-4'), stage.cz);
    for (const around of [new Proxy(model, {}), Object.create(model) as typeof model, { ...model }])
      expect([around.modelId, around.provider]).toEqual(['gpt-4', 'openai.chat']);
  });

  test('shows as much by its own properties on another object, and to a proxy that wraps all it reads', async () => {
    await using stage = await openAISDKStage(sdk);
    const original = new WireModel(stage.server.baseURL, 'gpt-4');
    const model = governModel(original, stage.cz);
    const deep = <Held extends object>(held: Held): Held =>
      new Proxy(held, {
        get: (target, name, self) => {
          const value: unknown = Reflect.get(target, name, self);
          return typeof value === 'object' && value !== null ? deep(value) : value;
        },
      });
    for (const around of [deep(model), Object.defineProperties({}, Object.getOwnPropertyDescriptors(model))]) {
      Object.assign(around, { modelId: 'gpt-4-turbo' });
      expect([Reflect.get(around, 'modelId'), original.modelId]).toEqual(['gpt-4-turbo', 'gpt-4-turbo']);
      original.modelId = 'gpt-4';
    }
  });

  test('has the same accessors as others of its class, so that they share a shape', async () => {
    await using stage = await openAISDKStage(sdk);
    const accessorsOf = (model: object): unknown[] =>
      Object.values(Object.getOwnPropertyDescriptors(model)).flatMap(({ get, set }) => (get ? [get, set] : []));
    const [first, second] = ['gpt-4', 'gpt-4-turbo'].map((id) => governModel(stage.openai.chat(id), stage.cz));
    expect(accessorsOf(first as object).length).toBeGreaterThan(0);
    expect(accessorsOf(first as object)).toEqual(accessorsOf(second as object));
    expect([first?.modelId, second?.modelId]).toEqual(['gpt-4', 'gpt-4-turbo']);
  });

  test('shows nothing that is hidden by the symbols that are its own', async () => {
    await using stage = await openAISDKStage(sdk);
    const model = governModel(new WireModel(stage.server.baseURL, 'gpt-4-turbo'), stage.cz);
    const found = Object.getOwnPropertySymbols(model).map((symbol) => Reflect.get(model, symbol) as () => unknown);
    expect(found.map((lead) => lead() === model)).toEqual([true]);
  });

  test('is taken for governed only as itself, not as what copies or imitates it', async () => {
    await using stage = await openAISDKStage(sdk);
    const original = stage.openai.chat('gpt-4-turbo');
    const model = governModel(original, stage.cz);
    const ungoverned = { doGenerate: original.doGenerate.bind(original) };
    const imitations = [
      { ...model, ...ungoverned },
      Object.assign(Object.create(model) as typeof model, ungoverned),
      new Proxy(model, {
        get: (target, name, self) => Reflect.get(name in ungoverned ? ungoverned : target, name, self),
      }),
    ];
    for (const imitation of imitations) {
      const governed = governModel(imitation, stage.cz);
      expect(governed).not.toBe(imitation);
      await denialOf(sdk.ai.generateText({ model: governed, ...asked }));
    }
    expect(stage.server.requests).toEqual([]);
  });

  test('works for a class with private fields and getters only', async () => {
    await using stage = await openAISDKStage(sdk);
    const original = new WireModel(stage.server.baseURL, 'gpt-4');
    const model = governModel(original, stage.cz);
    expect([model.modelId, model.provider]).toEqual(['gpt-4', 'wire.chat']);
    expect((await sdk.ai.generateText({ model: model as unknown as Model, ...asked })).text).toContain(
      'local provider',
    );
    original.modelId = 'gpt-4-turbo';
    expect(model.modelId).toBe('gpt-4-turbo');
    await denialOf(model.doGenerate({}));
    model.modelId = 'gpt-4';
    await model.doGenerate({});
    expect(stage.modelsServed()).toEqual(['gpt-4', 'gpt-4']);
  });

  test('hides what makes it run in a way that is not known', async () => {
    await using stage = await openAISDKStage(sdk);
    const model = governModel(new WireModel(stage.server.baseURL, 'gpt-4'), stage.cz);
    expect(model.doCompact).toBeUndefined();
  });

  test('keeps the symbols by which embeddings are cut into parts', async () => {
    await using stage = await openAISDKStage(sdk);
    const limit = Symbol.for('vercel.ai.embeddingModel.maxInputBytesPerCall');
    const original = Object.assign(stage.openai.embedding(EMBEDDING), { [limit]: 3 });
    const model = governEmbeddingModel(original, stage.cz);
    expect(Reflect.get(model, limit)).toBe(3);
    expect([model.maxEmbeddingsPerCall, model.supportsParallelCalls]).toEqual([
      original.maxEmbeddingsPerCall,
      original.supportsParallelCalls,
    ]);
  });

  test('is not judged twice by the same client and options', async () => {
    await using stage = await openAISDKStage(sdk);
    const openai = governProvider(stage.openai, stage.cz, { agentId: 'a' });
    const model = openai.chat('gpt-4');
    expect(governModel(model, stage.cz)).toBe(model);
    expect(governModel(model, stage.cz, { agentId: 'a' })).toBe(model);
    expect(governModel(model, stage.cz, { agentId: 'b' })).not.toBe(model);
    const embeddings = openai.embedding(EMBEDDING);
    expect(governEmbeddingModel(embeddings, stage.cz)).toBe(embeddings);
    await sdk.ai.generateText({ model: governProvider(openai, stage.cz).chat('gpt-4'), ...asked });
    expect(await stage.decisions()).toHaveLength(1);
  });

  test('has to be allowed by both where two clients govern it', async () => {
    await using stage = await openAISDKStage(sdk);
    await using other = await openAISDKStage(sdk, {
      policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4-turbo' }] },
    });
    const both = governModel(governModel(stage.openai.chat('gpt-4'), stage.cz), other.cz);
    await denialOf(sdk.ai.generateText({ model: both, ...asked }));
    expect(stage.server.requests).toEqual([]);
  });
});

describe.each(aiSDKMajors)('a governed provider of $name', ({ sdk, major }) => {
  test('is called as the original, and every property is the same thing at each look', async () => {
    await using stage = await openAISDKStage(sdk);
    const openai = governProvider(stage.openai, stage.cz);
    expect(typeof openai).toBe('function');
    expect(openai.specificationVersion).toBe(stage.openai.specificationVersion);
    expect(Object.keys(openai)).toEqual(expect.arrayContaining(Object.keys(stage.openai)));
    expect(openai.chat).toBe(openai.chat);
    expect(openai.tools).toBe(openai.tools);
    await sdk.ai.generateText({ model: openai('gpt-4'), ...asked });
    expect(stage.modelsServed()).toEqual(['gpt-4']);
    expect(() => new (openai as unknown as new (id: string) => unknown)('gpt-4')).toThrow(TypeError);
  });

  test('leaves everything else as it is', async () => {
    await using stage = await openAISDKStage(sdk);
    const openai = governProvider(stage.openai, stage.cz);
    for (const name of ['image', 'speech', ...(major === 7 ? ['files', 'skills'] : [])] as const) {
      const factory = name as 'image';
      expect(openai[factory]('any').constructor).toBe(stage.openai[factory]('any').constructor);
    }
    expect(openai.tools.webSearch({})).toMatchObject({ id: 'openai.web_search' });
    const transcribing = { model: openai.transcription('whisper-1'), audio: new Uint8Array(1), maxRetries: 0 };
    await rejectionOf(sdk.ai.experimental_transcribe(transcribing));
    expect(stage.server.requests.map(({ pathname }) => pathname)).toEqual(['/v1/audio/transcriptions']);
    expect(await stage.decisions()).toEqual([]);
  });

  test('lets models through that speak or listen and look like language models', async () => {
    await using stage = await openAISDKStage(sdk);
    const transcription = {
      specificationVersion: 'v4',
      provider: 'local.transcription',
      modelId: 'whisper-1',
      doGenerate: async () => 'text',
      doStream: async () => 'stream',
      doGenerateFromUrl: async () => 'text from a URL',
    };
    const provider = { languageModel: stage.openai.chat, transcriptionModel: (_id: string) => transcription };
    const model = governProvider(provider, stage.cz).transcriptionModel('whisper-1');
    const call = model.doGenerate as (options: object) => Promise<string>;
    expect(await call({ audio: new Uint8Array(1), mediaType: 'audio/wav' })).toBe('text');
    expect(await (model.doStream as typeof call)({ text: 'Hello', voice: 'alloy' })).toBe('stream');
    expect(await model.doGenerateFromUrl()).toBe('text from a URL');
    await denialOf(call({ prompt: [] }));
  });

  test('may be a class, whose fields may be private', async () => {
    await using stage = await openAISDKStage(sdk);
    class PrivateProvider {
      readonly #openai: OpenAIProvider = stage.openai;
      languageModel(id: string): Model {
        return this.#openai.chat(id);
      }
    }
    const provider = governProvider(new PrivateProvider(), stage.cz);
    await sdk.ai.generateText({ model: provider.languageModel('gpt-4'), ...asked });
    await denialOf(sdk.ai.generateText({ model: provider.languageModel('o3'), ...asked }));
    expect(stage.modelsServed()).toEqual(['gpt-4']);
  });

  test('stays governed in a registry that takes it apart for its video models', async () => {
    await using stage = await openAISDKStage(sdk);
    const provider = governProvider(new ClassProvider(stage.openai), stage.cz);
    expect(provider.name).toBe('ClassProvider');
    const registry = sdk.ai.createProviderRegistry({ local: provider as unknown as OpenAIProvider });
    const { usage } = await sdk.ai.generateText({ model: registry.languageModel('local:gpt-4'), ...asked });
    expect(usage.totalTokens).toBe(2);
    await denialOf(sdk.ai.generateText({ model: registry.languageModel('local:o3'), ...asked }));
    expect(stage.modelsServed()).toEqual(['gpt-4']);
  });

  test('may be a registry or a custom provider, judged by what an alias stands for', async () => {
    await using stage = await openAISDKStage(sdk);
    const { openai, cz } = stage;
    const registry = governProvider(sdk.ai.createProviderRegistry({ local: openai }, { separator: '/' }), cz);
    await sdk.ai.generateText({ model: registry.languageModel('local/gpt-4'), ...asked });
    await sdk.ai.embed({ model: registry.embeddingModel(`local/${EMBEDDING}`), value: 'a' });
    const languageModels = { fast: openai.chat('gpt-3.5-turbo'), 'gpt-4': openai.chat('gpt-4-turbo') };
    const custom = governProvider(sdk.ai.customProvider({ languageModels, fallbackProvider: openai }), cz);
    await sdk.ai.generateText({ model: custom.languageModel('fast'), ...asked });
    await denialOf(sdk.ai.generateText({ model: custom.languageModel('gpt-4'), ...asked }));
    expect(stage.modelsServed()).toEqual(['gpt-4', EMBEDDING, 'gpt-3.5-turbo']);
    const events = await stage.decisions();
    expect(events.map(({ resource }) => resource)).toEqual([
      'model/gpt-4',
      `model/${EMBEDDING}`,
      'model/gpt-3.5-turbo',
      'model/gpt-4-turbo',
    ]);
  });

  test('hands on the error of a factory that knows no such model', async () => {
    await using stage = await openAISDKStage(sdk);
    const custom = governProvider(sdk.ai.customProvider({ languageModels: {} }), stage.cz);
    expect(() => custom.languageModel('none' as never)).toThrow(
      expect.objectContaining({ name: 'AI_NoSuchModelError' }),
    );
  });

  test('governs models in lists, and promises of models', async () => {
    await using stage = await openAISDKStage(sdk);
    const provider = {
      languageModel: stage.openai.chat,
      all: [stage.openai.chat('gpt-4-turbo'), 'gpt-4-turbo'] as const,
      load: async (id: string) => stage.openai.chat(id),
    };
    const governed = governProvider(provider, stage.cz);
    const [model, id] = governed.all;
    expect(id).toBe('gpt-4-turbo');
    for (const one of [model, await governed.load('gpt-4-turbo')])
      expect(await rejectionOf(one.doGenerate(callOptions()))).toBeInstanceOf(PolicyDeniedError);
    expect(stage.server.requests).toEqual([]);
  });
});
