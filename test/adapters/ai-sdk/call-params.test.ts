import { describe, expect, test } from 'vitest';

import { readParams } from '../../../adapters/ai-sdk/call-params.ts';
import { governEmbeddingModel, governModel } from '../../../adapters/ai-sdk/index.ts';
import { aiSDKMajors } from '../../support/ai-sdk-majors.ts';
import { openAISDKStage } from '../../support/ai-sdk/ai-sdk-stage.ts';
import { denialOf } from '../../support/denial-of.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { agentTiers } from '../../support/specification-policies.ts';

describe('what is read from the options of a call', () => {
  test('is nothing where there are no provider options', () => {
    expect(readParams({ prompt: 'x' })).toEqual({ params: { prompt: 'x' }, claimed: undefined, others: [] });
    expect(readParams(undefined)).toEqual({ params: {}, claimed: undefined, others: [] });
    expect(readParams({ providerOptions: null }).others).toEqual([]);
  });

  test('takes out what is meant for Control Zero and leaves the rest, and the original, as they are', () => {
    const providerOptions = { controlzero: { agentId: 'a', context: { region: 'eu' } }, openai: { seed: 1 } };
    const given = { prompt: 'x', providerOptions };
    const before = structuredClone(given);
    const { params, claimed } = readParams(given);
    expect(params).toEqual({ prompt: 'x', providerOptions: { openai: { seed: 1 } } });
    expect(claimed).toEqual({ agent_id: 'a', region: 'eu' });
    expect(given).toEqual(before);
    expect(given.providerOptions).toBe(providerOptions);
    expect(readParams({ providerOptions: { controlzero: { agentId: 'a' } } }).params).toEqual({
      providerOptions: undefined,
    });
  });

  test.each([
    [{ agentId: '' }, {}],
    [{ agentId: 5 }, {}],
    [{ context: { agent_id: 'a' } }, {}],
    [{ context: 'x' }, {}],
    [{ agentId: 'a', context: { agent_id: 'b' } }, { agent_id: 'a' }],
    ['a', undefined],
    [['a'], undefined],
    [Object.create({ agentId: 'a' }), {}],
  ])('claims of %j are %j', (controlzero, claimed) => {
    expect(readParams({ providerOptions: { controlzero } }).claimed).toEqual(claimed);
  });

  test.each([
    [{ gateway: { models: ['a', 'b'] } }, ['a', 'b']],
    [{ local: { model: 'a' }, other: { Model: 'b' } }, ['a', 'b']],
    [{ local: { fallbacks: ['a', { model: 'b' }] } }, ['a', 'b']],
    [{ local: { model: null, models: undefined } }, []],
    [{ local: { extra_body: { top_k: 1 } } }, []],
    [{ openai: { modelNames: 'a', seed: 1 }, text: 'model' }, []],
  ])('%j names %j', (providerOptions, others) => {
    expect(readParams({ providerOptions })).toMatchObject({ others });
    expect(readParams({ providerOptions })).not.toHaveProperty('fault');
  });

  test.each([
    { local: { model: 5 } },
    { local: { model: ['a'] } },
    { local: { models: 'a' } },
    { local: { models: [5] } },
    { local: { fallbacks: [{ id: 'a' }] } },
    { local: { extraBody: { model: 'a' } } },
    { local: { extra_body: { MODELS: ['a'] } } },
    { local: { extra_body: 'model=a' } },
  ])('%j names a model that cannot be told', (providerOptions) => {
    expect(readParams({ providerOptions }).fault).toContain('by something that is not an id');
  });
});

describe.each(aiSDKMajors)('a call of $name', ({ sdk }) => {
  const asked = { prompt: 'Hello', maxRetries: 0 } as const;
  const claim = { controlzero: { agentId: 'premium-1' } };

  test('by a gateway sends nothing that is meant for Control Zero', async () => {
    await using stage = await openAISDKStage(sdk, {
      policy: { rules: [{ effect: 'allow', action: '*', resource: 'model/openai/*' }] },
    });
    const gateway = sdk.ai.createGateway({ baseURL: `${stage.server.url}/v1/ai`, apiKey: 'local' });
    const providerOptions = { ...claim, gateway: { order: ['azure'] } };
    await rejectionOf(
      sdk.ai.generateText({ model: governModel(gateway('openai/gpt-4'), stage.cz), ...asked, providerOptions }),
    );
    expect(stage.server.requests).toMatchObject([
      {
        headers: { 'ai-language-model-id': 'openai/gpt-4' },
        json: { providerOptions: { gateway: { order: ['azure'] } } },
      },
    ]);
    expect(stage.server.requests[0]?.body).not.toContain('controlzero');
    await rejectionOf(sdk.ai.generateText({ model: gateway('openai/gpt-4'), ...asked, providerOptions }));
    expect(stage.server.requests[1]?.body).toContain('controlzero');
  });

  test('with the prefix of a provider is stopped by a rule for the bare name', async () => {
    await using stage = await openAISDKStage(sdk, {
      policy: {
        rules: [
          { effect: 'deny', action: 'llm.generate', resource: 'model/gpt-4-turbo*' },
          { effect: 'allow', action: 'llm.generate', resource: 'model/**' },
        ],
      },
    });
    const gateway = sdk.ai.createGateway({ baseURL: `${stage.server.url}/v1/ai`, apiKey: 'local' });
    const model = governModel(gateway('openai/gpt-4-turbo'), stage.cz);
    await denialOf(sdk.ai.generateText({ model, ...asked }));
    const allowed = governModel(gateway('openai/gpt-4'), stage.cz);
    const providerOptions = { gateway: { models: ['azure/gpt-4-turbo-preview'] } };
    const { request } = await denialOf(sdk.ai.generateText({ model: allowed, ...asked, providerOptions }));
    expect(request.resource).toBe('model/azure/gpt-4-turbo-preview');
    expect(stage.server.requests).toEqual([]);
  });

  test('may name models in its provider options that are allowed', async () => {
    await using stage = await openAISDKStage(sdk);
    const compatible = sdk.createOpenAICompatible({ baseURL: stage.server.baseURL, name: 'local' });
    const model = governModel(compatible.chatModel('gpt-4'), stage.cz);
    await sdk.ai.generateText({ model, ...asked, providerOptions: { local: { model: 'gpt-3.5-turbo', seed: 7 } } });
    expect(stage.server.requests).toMatchObject([{ model: 'gpt-3.5-turbo', json: { seed: 7 } }]);
    expect(await stage.decisions()).toMatchObject([{ resource: 'model/gpt-4' }]);
  });

  test('names its agent, and that of an embedding too', async () => {
    await using stage = await openAISDKStage(sdk, {
      policy: {
        rules: [{ effect: 'allow', action: '*', resource: '*', conditions: { agent_id: 'premium-*', region: 'eu' } }],
      },
    });
    const { openai, cz } = stage;
    const providerOptions = { controlzero: { agentId: 'premium-1', context: { region: 'eu' } } };
    const model = governModel(openai.chat('gpt-4'), cz);
    await sdk.ai.generateText({ model, ...asked, providerOptions });
    await denialOf(sdk.ai.generateText({ model, ...asked, providerOptions: claim }));
    const embeddings = governEmbeddingModel(openai.embedding('text-embedding-3-small'), cz);
    await sdk.ai.embed({ model: embeddings, value: 'a', providerOptions });
    await denialOf(sdk.ai.embed({ model: embeddings, value: 'a' }));
    expect(stage.server.requests).toHaveLength(2);
  });

  test('is not believed where trustMetadata is false', async () => {
    await using stage = await openAISDKStage(sdk, { policy: agentTiers });
    const model = governModel(stage.openai.chat('gpt-4'), stage.cz, { trustMetadata: false });
    await denialOf(sdk.ai.generateText({ model, ...asked, providerOptions: claim }));
    const [event] = await stage.decisions();
    expect(event?.agentId).toBeUndefined();
    expect(stage.server.requests).toEqual([]);
  });

  test('may be of a model whose id says nothing, where an alias says it', async () => {
    await using stage = await openAISDKStage(sdk);
    const modelAliases = { 'prod-1': 'gpt-4', 'prod-2': 'gpt-4-turbo' };
    await sdk.ai.generateText({
      model: governModel(stage.openai.chat('prod-1'), stage.cz, { modelAliases }),
      ...asked,
    });
    await denialOf(
      sdk.ai.generateText({ model: governModel(stage.openai.chat('prod-2'), stage.cz, { modelAliases }), ...asked }),
    );
    expect(stage.modelsServed()).toEqual(['prod-1']);
  });

  test('in shadow mode goes ahead as it is, without what is meant for Control Zero', async () => {
    await using stage = await openAISDKStage(sdk, { mode: 'shadow' });
    const compatible = sdk.createOpenAICompatible({ baseURL: stage.server.baseURL, name: 'local' });
    const model = governModel(compatible.chatModel('o3'), stage.cz, { fallback: [] });
    await sdk.ai.generateText({ model, ...asked, providerOptions: { ...claim, local: { model: 'o1' } } });
    expect(stage.modelsServed()).toEqual(['o1']);
    expect(stage.server.requests[0]?.body).not.toContain('controlzero');
    expect(await stage.decisions()).toMatchObject([{ enforced: false, agentId: 'premium-1' }]);
  });
});
