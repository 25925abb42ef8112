import { describe, expect, test } from 'vitest';

import { assertModelAllowed, governModel, governProvider } from '../../../adapters/ai-sdk/index.ts';
import { aiSDKMajors } from '../../support/ai-sdk-majors.ts';
import { openAISDKStage } from '../../support/ai-sdk/ai-sdk-stage.ts';
import { collect } from '../../support/collect.ts';
import { denialOf } from '../../support/denial-of.ts';

const asked = { prompt: 'Hello', maxRetries: 0 } as const;

describe.each(aiSDKMajors)('a fallback of $name', ({ sdk }) => {
  test('serves generated text and streams, and the answer names it', async () => {
    await using stage = await openAISDKStage(sdk);
    const { openai, cz } = stage;
    const fallback = [openai.responses('gpt-4o'), openai.chat('gpt-4')];
    const model = governModel(openai.responses('gpt-4-turbo'), cz, { fallback });
    const { response } = await sdk.ai.generateText({ model, ...asked });
    expect(response.modelId).toBe('gpt-4');
    const streamed = sdk.ai.streamText({ model, ...asked });
    expect((await collect(streamed.textStream)).join('')).toBe('Hello from the local provider.');
    expect((await streamed.response).modelId).toBe('gpt-4');
    expect(stage.server.requests.map(({ route }) => route)).toEqual(['chat/completions', 'chat/completions']);
    expect(await stage.decisions()).toMatchObject([
      { resource: 'model/gpt-4', fallback: { requested: 'model/gpt-4-turbo' } },
      { resource: 'model/gpt-4', fallback: { requested: 'model/gpt-4-turbo' } },
    ]);
  });

  test('of a provider is made by the factory that made the denied model', async () => {
    await using stage = await openAISDKStage(sdk);
    const openai = governProvider(stage.openai, stage.cz, { fallback: ['o3', 'gpt-3.5-turbo'] });
    for (const model of [openai('o1'), openai.chat('o1'), openai.responses('o1'), openai.completion('o1')])
      await sdk.ai.generateText({ model, ...asked });
    expect(stage.server.requests.map(({ route, model }) => `${route} ${model}`)).toEqual([
      'responses gpt-3.5-turbo',
      'chat/completions gpt-3.5-turbo',
      'responses gpt-3.5-turbo',
      'completions gpt-3.5-turbo',
    ]);
    await assertModelAllowed(openai('o1'));
  });

  test('of a registry is named as the registry names it, and passed over where it knows none', async () => {
    await using stage = await openAISDKStage(sdk);
    const registry = sdk.ai.createProviderRegistry({ local: stage.openai });
    const governed = governProvider(registry, stage.cz, { fallback: ['gpt-4', 'other:gpt-4', 'local:gpt-4'] });
    await sdk.ai.generateText({ model: governed.languageModel('local:o1'), ...asked });
    expect(stage.modelsServed()).toEqual(['gpt-4']);
  });

  test('never serves embeddings, whose vectors would not compare', async () => {
    await using stage = await openAISDKStage(sdk);
    const openai = governProvider(stage.openai, stage.cz, { fallback: ['text-embedding-3-small'] });
    await denialOf(sdk.ai.embed({ model: openai.embedding('text-embedding-3-large'), value: 'a' }));
    expect(stage.server.requests).toEqual([]);
  });

  test('does not serve a call whose options name a model that would come along', async () => {
    await using stage = await openAISDKStage(sdk);
    const local = sdk.createOpenAICompatible({ baseURL: stage.server.baseURL, name: 'local' });
    const fallback = [local.chatModel('gpt-4')];
    const model = governModel(local.chatModel('gpt-3.5-turbo'), stage.cz, { fallback });
    const providerOptions = { local: { model: 'gpt-4-turbo' } };
    await denialOf(sdk.ai.generateText({ model, ...asked, providerOptions }));
    expect(stage.server.requests).toEqual([]);
  });

  test('serves a step of an agent and leaves the others alone', async () => {
    await using stage = await openAISDKStage(sdk);
    const openai = governProvider(stage.openai, stage.cz, { fallback: ['gpt-3.5-turbo'] });
    const look = sdk.ai.tool({
      inputSchema: sdk.ai.jsonSchema<object>({ type: 'object', properties: {} }),
      execute: async () => 'done',
    });
    const agent = new sdk.ai.ToolLoopAgent({
      model: openai.chat('gpt-4'),
      tools: { look },
      prepareStep: ({ stepNumber }) => (stepNumber === 1 ? { model: openai.chat('gpt-4-turbo') } : {}),
    });
    await agent.generate({ prompt: 'Hello' });
    expect(stage.modelsServed()).toEqual(['gpt-4', 'gpt-3.5-turbo']);
  });
});
