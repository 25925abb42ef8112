import type { OpenAIProvider } from '@ai-sdk/openai';
import type {
  Experimental_BatchV4 as BatchV4,
  Experimental_DecisionModelV4 as DecisionModelV4,
  EmbeddingModelV4,
  ImageModelV4,
  LanguageModelV3,
  LanguageModelV4,
  ProviderV4,
} from '@ai-sdk/provider';
import {
  createProviderRegistry,
  customProvider,
  generateText,
  registerTelemetry,
  streamText,
  tool,
  wrapEmbeddingModel,
  wrapImageModel,
  wrapLanguageModel,
  wrapProvider,
} from 'ai';
import type { LanguageModel, LanguageModelMiddleware, Telemetry } from 'ai';
import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';

import type { AISDKOptions, GovernModelOptions, GovernProviderOptions } from '../../../adapters/ai-sdk/index.ts';
import {
  assertModelAllowed,
  controlZeroMiddleware,
  controlZeroTelemetry,
  governEmbeddingModel,
  governModel,
  governProvider,
  governTools,
  policyDeniedResponse,
} from '../../../adapters/ai-sdk/index.ts';
import type { Context, ControlZero } from '../../../src/index.ts';

declare const cz: ControlZero;
declare const openai: OpenAIProvider;
declare const older: LanguageModelV3;

describe('governed things of AI SDK 7 have the type of what was passed', () => {
  test('models of either specification version', () => {
    expectTypeOf(governModel(openai('gpt-4'), cz)).toEqualTypeOf<LanguageModelV4>();
    expectTypeOf(governModel(older, cz)).toEqualTypeOf<LanguageModelV3>();
    expectTypeOf(governEmbeddingModel(openai.embedding('x'), cz)).toEqualTypeOf<EmbeddingModelV4>();
  });

  test('providers, registries and custom providers', () => {
    expectTypeOf(governProvider(openai, cz)).toEqualTypeOf<OpenAIProvider>();
    expectTypeOf(governProvider(openai, cz)('gpt-4')).toEqualTypeOf<LanguageModelV4>();
    expectTypeOf(governProvider(openai, cz).decisionModel('x')).toEqualTypeOf<DecisionModelV4>();
    expectTypeOf(governProvider(openai, cz).experimental_batch()).toExtend<BatchV4>();
    const registry = createProviderRegistry({ openai });
    expectTypeOf(governProvider(registry, cz)).toEqualTypeOf<typeof registry>();
    const custom = customProvider({ languageModels: { fast: openai('gpt-4') }, fallbackProvider: openai });
    expectTypeOf(governProvider(custom, cz)).toEqualTypeOf<typeof custom>();
    expectTypeOf(governProvider(openai, cz)).toExtend<ProviderV4>();
  });

  test('tools, so that their inputs stay known', () => {
    const weather = tool({ inputSchema: z.object({ city: z.string() }), execute: async ({ city }) => city.length });
    const tools = governTools({ weather }, cz);
    expectTypeOf(tools).toEqualTypeOf<{ weather: typeof weather }>();
    const result = generateText({ model: governModel(openai('gpt-4'), cz), tools, prompt: 'Hello' });
    expectTypeOf<Awaited<typeof result>['toolCalls'][number]['toolName']>().toExtend<string>();
  });
});

describe('governed things fit where AI SDK 7 takes them', () => {
  test('models', () => {
    expectTypeOf(governModel(openai('gpt-4'), cz)).toExtend<LanguageModel>();
    void generateText({ model: governModel(openai('gpt-4'), cz), prompt: 'Hello' });
    streamText({ model: governModel(older, cz), prompt: 'Hello' });
    globalThis.AI_SDK_DEFAULT_PROVIDER = governProvider(openai, cz);
  });

  test('the middleware, in every wrapping function', () => {
    const middleware = controlZeroMiddleware(cz);
    expectTypeOf(middleware).toExtend<LanguageModelMiddleware>();
    expectTypeOf(wrapLanguageModel({ model: openai('gpt-4'), middleware })).toEqualTypeOf<LanguageModelV4>();
    wrapLanguageModel({ model: openai('gpt-4'), middleware: [{}, middleware] });
    expectTypeOf(wrapEmbeddingModel({ model: openai.embedding('x'), middleware })).toEqualTypeOf<EmbeddingModelV4>();
    expectTypeOf(wrapImageModel({ model: openai.image('x'), middleware })).toEqualTypeOf<ImageModelV4>();
    wrapProvider({ provider: openai, languageModelMiddleware: middleware, imageModelMiddleware: middleware });
    createProviderRegistry({ openai }, { languageModelMiddleware: middleware });
  });

  test('the telemetry', () => {
    expectTypeOf(controlZeroTelemetry(cz)).toExtend<Telemetry>();
    registerTelemetry(controlZeroTelemetry(cz, { onUngoverned: ({ modelId }) => void modelId?.length }));
    void generateText({ model: 'gpt-4', prompt: 'x', telemetry: { integrations: [controlZeroTelemetry(cz)] } });
  });
});

describe('options', () => {
  test('are what the documentation says', () => {
    expectTypeOf<AISDKOptions>().toEqualTypeOf<{
      readonly agentId?: string;
      readonly context?: Context;
      readonly modelAliases?: Readonly<Record<string, string>>;
      readonly trustMetadata?: boolean;
    }>();
    expectTypeOf<GovernProviderOptions['fallback']>().toEqualTypeOf<readonly string[] | undefined>();
    expectTypeOf<GovernModelOptions['fallback']>().not.toEqualTypeOf<readonly string[] | undefined>();
  });

  test('of the wrong kind are refused', () => {
    expectTypeOf<{ fallback: string }>().not.toExtend<GovernProviderOptions>();
    governModel(openai('gpt-4'), cz, { fallback: [openai('gpt-4o')] });
    // @ts-expect-error Ids are for providers.
    governModel(openai('gpt-4'), cz, { fallback: ['gpt-4o'] });
    // @ts-expect-error A model of another specification version cannot stand in.
    governModel(openai('gpt-4'), cz, { fallback: [older] });
    // @ts-expect-error Embeddings have no fallback.
    governEmbeddingModel(openai.embedding('x'), cz, { fallback: [openai.embedding('y')] });
    // @ts-expect-error Models are for governModel.
    governProvider(openai, cz, { fallback: [openai('gpt-4')] });
    // @ts-expect-error The middleware cannot exchange a model.
    controlZeroMiddleware(cz, { fallback: [openai('gpt-4')] });
    // @ts-expect-error It is agentId.
    governModel(openai('gpt-4'), cz, { agent_id: 'support' });
  });

  test('do not replace what is missing or of another kind', () => {
    expectTypeOf<Promise<ControlZero> | undefined>().not.toExtend<Parameters<typeof governModel>[1]>();
    // @ts-expect-error An id is no model.
    governModel('gpt-4', cz);
    // @ts-expect-error An embedding model does not generate.
    governModel(openai.embedding('x'), cz);
    // @ts-expect-error A language model does not embed.
    governEmbeddingModel(openai('gpt-4'), cz);
    // @ts-expect-error A model is no provider.
    governProvider(openai('gpt-4'), cz);
    // @ts-expect-error A ControlZero is needed.
    governModel(openai('gpt-4'));
    // @ts-expect-error A promise of one is none.
    governProvider(openai, Promise.resolve(cz));
  });
});

test('questions and answers', () => {
  expectTypeOf(assertModelAllowed).returns.resolves.toEqualTypeOf<void>();
  void assertModelAllowed(governModel(openai('gpt-4'), cz));
  void assertModelAllowed(openai.embedding('x'), cz, { agentId: 'support' });
  void assertModelAllowed('gpt-4', cz);
  // @ts-expect-error An image model is not governed.
  void assertModelAllowed(openai.image('x'), cz);
  expectTypeOf(policyDeniedResponse).parameter(0).toBeUnknown();
  expectTypeOf(policyDeniedResponse).returns.toEqualTypeOf<Response>();
});
