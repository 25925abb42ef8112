import type { LanguageModelMiddleware } from 'ai';
import { describe, expect, test } from 'vitest';

import {
  controlZeroMiddleware,
  governEmbeddingModel,
  governModel,
  governProvider,
} from '../../../adapters/ai-sdk/index.ts';
import { aiSDKMajors } from '../../support/ai-sdk-majors.ts';
import { openAISDKStage } from '../../support/ai-sdk/ai-sdk-stage.ts';
import { denialOf } from '../../support/denial-of.ts';
import { rejectionOf } from '../../support/rejection-of.ts';

const asked = { prompt: 'Hello', maxRetries: 0 } as const;
const EMBEDDING = 'text-embedding-3-small';

describe.each(aiSDKMajors)('the middleware of $name', ({ sdk, major }) => {
  const { wrapLanguageModel, wrapEmbeddingModel, wrapImageModel, wrapProvider, createProviderRegistry } = sdk.ai;

  test('judges the real id behind an alias when it is last', async () => {
    await using stage = await openAISDKStage(sdk);
    const alias: LanguageModelMiddleware = { overrideModelId: () => 'gpt-4' };
    const middleware = [alias, controlZeroMiddleware(stage.cz)];
    const model = wrapLanguageModel({ model: stage.openai.chat('gpt-4-turbo'), middleware });
    expect(model.modelId).toBe('gpt-4');
    await denialOf(sdk.ai.generateText({ model, ...asked }));
    const wrapped = wrapLanguageModel({ model, middleware: [], modelId: 'gpt-4' });
    await denialOf(sdk.ai.generateText({ model: wrapped, ...asked }));
    expect(stage.server.requests).toEqual([]);
  });

  test('takes out what is meant for Control Zero, and hears it', async () => {
    await using stage = await openAISDKStage(sdk);
    const seen: unknown[] = [];
    const looking: LanguageModelMiddleware = {
      wrapGenerate: async ({ doGenerate, params }) => {
        seen.push(params.providerOptions);
        return doGenerate();
      },
    };
    const model = wrapLanguageModel({
      model: stage.openai.chat('gpt-4'),
      middleware: [controlZeroMiddleware(stage.cz), looking],
    });
    const providerOptions = { controlzero: { agentId: 'support' } };
    await sdk.ai.generateText({ model, ...asked, providerOptions });
    expect(seen).toEqual([undefined]);
    expect(await stage.decisions()).toMatchObject([{ agentId: 'support' }]);
  });

  test('governs embeddings, and leaves images alone', async () => {
    await using stage = await openAISDKStage(sdk);
    const middleware = controlZeroMiddleware(stage.cz);
    const allowed = wrapEmbeddingModel({ model: stage.openai.embedding(EMBEDDING), middleware });
    await sdk.ai.embed({ model: allowed, value: 'a' });
    const denied = wrapEmbeddingModel({ model: stage.openai.embedding('gpt-4'), middleware });
    const { request } = await denialOf(sdk.ai.embed({ model: denied, value: 'a' }));
    expect(request.action).toBe('embedding.generate');
    const image = wrapImageModel({ model: stage.openai.image('gpt-image-1'), middleware });
    await rejectionOf(sdk.ai.generateImage({ model: image, prompt: 'A cat', maxRetries: 0 }));
    expect(stage.server.requests.map(({ pathname }) => pathname)).toEqual(['/v1/embeddings', '/v1/images/generations']);
    expect(await stage.decisions()).toHaveLength(2);
  });

  test('governs the language models of wrapProvider and registries, and not their embeddings', async () => {
    await using stage = await openAISDKStage(sdk, { policy: { rules: [] } });
    const languageModelMiddleware = controlZeroMiddleware(stage.cz);
    const provider = wrapProvider({ provider: stage.openai, languageModelMiddleware });
    const registry = createProviderRegistry({ local: stage.openai }, { languageModelMiddleware });
    await denialOf(sdk.ai.generateText({ model: provider.languageModel('gpt-4'), ...asked }));
    await denialOf(sdk.ai.generateText({ model: registry.languageModel('local:gpt-4'), ...asked }));
    expect(stage.server.requests).toEqual([]);
    // Which is why governProvider is there.
    await sdk.ai.embed({ model: provider.embeddingModel(EMBEDDING), value: 'a' });
    await sdk.ai.embed({ model: registry.embeddingModel(`local:${EMBEDDING}`), value: 'a' });
    expect(stage.server.requests).toHaveLength(2);
  });

  test('does not judge a model again that is governed already', async () => {
    await using stage = await openAISDKStage(sdk);
    const { openai, cz } = stage;
    const middleware = controlZeroMiddleware(cz);
    const model = wrapLanguageModel({ model: governModel(openai.chat('gpt-4'), cz), middleware });
    await sdk.ai.generateText({ model, ...asked });
    const embedding = wrapEmbeddingModel({ model: governEmbeddingModel(openai.embedding(EMBEDDING), cz), middleware });
    await sdk.ai.embed({ model: embedding, value: 'a' });
    expect(await stage.decisions()).toHaveLength(2);
    const other = wrapLanguageModel({
      model: governModel(openai.chat('gpt-4'), cz),
      middleware: controlZeroMiddleware(cz, { agentId: 'support' }),
    });
    await sdk.ai.generateText({ model: other, ...asked });
    expect(await stage.decisions()).toHaveLength(4);
  });

  test('records one event for a call that is repeated', async () => {
    await using stage = await openAISDKStage(sdk);
    const middleware = controlZeroMiddleware(stage.cz);
    const model = wrapLanguageModel({ model: stage.openai.chat('gpt-4'), middleware });
    const embedding = wrapEmbeddingModel({ model: stage.openai.embedding(EMBEDDING), middleware });
    const failure = { status: 500, times: 2, headers: { 'retry-after-ms': '1' } };
    stage.server.failNext(failure);
    await sdk.ai.generateText({ model, prompt: 'Hello' });
    stage.server.failNext(failure);
    await sdk.ai.streamText({ model, prompt: 'Hello' }).consumeStream();
    stage.server.failNext(failure);
    await sdk.ai.embed({ model: embedding, value: 'a' });
    expect(stage.server.requests).toHaveLength(9);
    expect(await stage.decisions()).toHaveLength(3);
  });

  test('denies a model without an id, which version 6 makes of a string', async () => {
    await using stage = await openAISDKStage(sdk, {
      policy: { rules: [{ effect: 'allow', action: '*', resource: '*' }] },
    });
    const wrap = (): ReturnType<typeof wrapLanguageModel> =>
      wrapLanguageModel({ model: 'gpt-4' as never, middleware: controlZeroMiddleware(stage.cz) });
    if (major === 7) return expect(wrap).toThrow(TypeError);
    const { decision } = await denialOf(sdk.ai.generateText({ model: wrap(), ...asked }));
    return expect(decision.reasonCode).toBe('INVALID_REQUEST');
  });

  test('refuses options of the wrong kind', async () => {
    await using stage = await openAISDKStage(sdk);
    const { cz } = stage;
    expect(() => controlZeroMiddleware({} as never)).toThrow('controlZeroMiddleware() takes a ControlZero');
    expect(() => controlZeroMiddleware(cz, { fallback: [] } as never)).toThrow('has no option "fallback"');
    expect(() => controlZeroMiddleware(cz, { trustMetadata: 'no' } as never)).toThrow(
      'takes true or false as trustMetadata',
    );
    expect(() => controlZeroMiddleware(cz, { agentid: 'a' } as never)).toThrow('has no option "agentid"');
  });
});

describe.each(aiSDKMajors)('governing functions of $name refuse', ({ sdk }) => {
  test('what is nothing of the kind that they take', async () => {
    await using stage = await openAISDKStage(sdk);
    const { openai, cz } = stage;
    for (const wrong of ['gpt-4', undefined, null, {}, openai.embedding(EMBEDDING), openai.image('x'), openai])
      expect(() => governModel(wrong as never, cz)).toThrow(
        "governModel() takes a language model, for example openai('gpt-4')",
      );
    for (const wrong of [EMBEDDING, undefined, openai.chat('gpt-4')])
      expect(() => governEmbeddingModel(wrong as never, cz)).toThrow('governEmbeddingModel() takes an embedding model');
  });

  test('what hands out no models, and fallbacks of a provider that are no ids', async () => {
    await using stage = await openAISDKStage(sdk);
    const { openai, cz } = stage;
    for (const wrong of ['openai', undefined, null, {}, openai.chat('gpt-4'), () => openai.chat('gpt-4')])
      expect(() => governProvider(wrong as never, cz)).toThrow(
        'governProvider() takes a provider, for example openai.',
      );
    for (const fallback of ['gpt-4', [''], [openai.chat('gpt-4')]])
      expect(() => governProvider(openai, cz, { fallback: fallback as never })).toThrow('takes a list of model ids');
    expect(() => governProvider(openai, {} as never)).toThrow('governProvider() takes a ControlZero');
  });

  test('fallbacks that are no models of the same version', async () => {
    await using stage = await openAISDKStage(sdk);
    const { openai, cz } = stage;
    const model = openai.chat('gpt-4');
    expect(() => governModel(model, cz, { fallback: 'gpt-4' as never })).toThrow('takes a list of models as fallback');
    expect(() => governModel(model, cz, { fallback: ['gpt-4'] as never })).toThrow('takes models as fallback');
    const older = { ...openai.chat('o3'), specificationVersion: 'v2', doGenerate: () => 1, doStream: () => 1 };
    expect(() => governModel(model, cz, { fallback: [older] as never })).toThrow('of the same specification version');
    expect(() => governEmbeddingModel(openai.embedding(EMBEDDING), cz, { fallback: [] } as never)).toThrow(
      'has no option',
    );
  });
});
