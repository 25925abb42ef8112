import { FakeListChatModel } from '@langchain/core/utils/testing';
import type { ChatOpenAI } from '@langchain/openai';
import { AzureChatOpenAI } from '@langchain/openai';
import { initChatModel } from 'langchain/chat_models/universal';
import { describe, expect, test } from 'vitest';

import { governChatModel } from '../../../adapters/langchain/index.ts';
import type { Policy } from '../../../src/index.ts';
import { collect } from '../../support/collect.ts';
import { denialOf } from '../../support/denial-of.ts';
import type { LangChainStage } from '../../support/langchain-stage.ts';
import { isOldest, openLangChainStage } from '../../support/langchain-stage.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { modelAllowlist } from '../../support/specification-policies.ts';

const allowAll: Policy = { rules: [{ effect: 'allow', action: '*', resource: '*' }] };

function allow(...models: string[]): Policy {
  return { rules: [{ effect: 'allow', action: 'llm.generate', resource: models.map((model) => `model/${model}`) }] };
}

function sentModels({ provider }: LangChainStage): (string | undefined)[] {
  return provider.modelRequests.map(({ model }) => model);
}

async function judged(stage: LangChainStage): Promise<string[]> {
  return (await stage.decisions()).map(({ resource }) => resource);
}

describe('the model that is judged is the one that is sent', () => {
  test.each(['gpt-4', 'gpt-4-turbo'])('by modelKwargs: %s', async (model) => {
    await using stage = await openLangChainStage(allowAll);
    await governChatModel(stage.chat({ model: 'gpt-3.5-turbo', modelKwargs: { model } }), stage.cz).invoke('Hello');
    expect(sentModels(stage)).toEqual([model]);
    expect(await judged(stage)).toEqual([`model/${model}`]);
  });

  test('by a model that was assigned before the call', async () => {
    await using stage = await openLangChainStage(allowAll);
    const model = governChatModel(stage.chat(), stage.cz);
    model.model = 'gpt-4o';
    await model.invoke('Hello');
    expect(await judged(stage)).toEqual(sentModels(stage).map((sent) => `model/${sent}`));
  });

  test('by a model that was assigned while the decision was made', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const model = governChatModel(stage.chat(), stage.cz);
    const inner = isOldest ? model : (model as unknown as { completions: ChatOpenAI }).completions;
    const call = model.invoke('Hello');
    let ticks = 0;
    const exchange = (): void => {
      inner.model = ticks % 2 === 0 ? 'gpt-4-turbo' : 'gpt-4';
      ticks += 1;
      if (ticks < 100) queueMicrotask(exchange);
    };
    queueMicrotask(exchange);
    await call.catch(() => undefined);
    expect(sentModels(stage).filter((sent) => sent !== 'gpt-4')).toEqual([]);
  });

  test.each(['gpt-4', 'gpt-4-turbo'])('by the options of the request: a body with %s', async (model) => {
    await using stage = await openLangChainStage(modelAllowlist);
    const governed = governChatModel(stage.chat({ model: 'gpt-3.5-turbo' }), stage.cz);
    const body = { model, messages: [{ role: 'user', content: 'Hello' }] };
    const call = governed.invoke('Hello', { options: { body } });
    const stream = governed.stream('Hello', { body: { ...body, stream: true } } as never);
    if (model === 'gpt-4') {
      await call;
      await collect(await stream);
      expect(sentModels(stage)).toEqual(['gpt-4', 'gpt-4']);
    } else {
      await Promise.all([denialOf(call), denialOf(stream)]);
      expect(stage.provider.requests).toEqual([]);
    }
    expect(await judged(stage)).toEqual([`model/${model}`, `model/${model}`]);
  });

  test('by the configuration of the model: a body', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const body = { model: 'gpt-4-turbo', messages: [] };
    const configuration = { ...stage.fields.configuration, body } as never;
    await denialOf(governChatModel(stage.chat({ configuration }), stage.cz).invoke('Hello'));
    expect(stage.provider.requests).toEqual([]);
  });

  test.each([
    { what: 'a body without a model', options: { body: { messages: [] } } },
    { what: 'a body that is a text', options: { body: '{"model":"gpt-4"}' } },
    { what: 'another path', options: { path: '/embeddings' } },
    { what: 'another method', options: { method: 'put' } },
  ])('not by options that cannot be judged: $what', async ({ options }) => {
    await using stage = await openLangChainStage(allowAll);
    const governed = governChatModel(stage.chat(), stage.cz);
    const first = await denialOf(governed.invoke('Hello', { options } as never));
    const second = await denialOf(governed.stream('Hello', options as never));
    for (const { decision } of [first, second]) expect(decision.reasonCode).toBe('INVALID_REQUEST');
    expect(stage.provider.requests).toEqual([]);
  });

  test('nor without a body, where the options of a call get as far as the request', async () => {
    await using stage = await openLangChainStage(allowAll);
    const governed = governChatModel(stage.chat(), stage.cz);
    const withoutBody = { body: undefined } as never;
    await stage
      .chat({ maxRetries: 0 })
      .invoke('Hello', { options: withoutBody })
      .catch(() => undefined);
    expect(stage.provider.requests).toMatchObject([{ body: '' }]);
    await denialOf(governed.invoke('Hello', { options: withoutBody }));
    expect(stage.provider.requests).toHaveLength(1);
    // Of the options of a stream LangChain drops what is undefined.
    await collect(await governed.stream('Hello', withoutBody));
    expect(sentModels(stage)).toEqual([undefined, 'gpt-4']);
    expect(await judged(stage)).toEqual(['(undetermined model)', 'model/gpt-4']);
  });

  test.each([
    { what: 'a list of models', modelKwargs: { models: ['gpt-4', 'gpt-4-turbo'] } },
    { what: 'fallbacks', modelKwargs: { fallbacks: [{ model: 'gpt-4-turbo' }] } },
  ])('and every other one that a gateway may pick: $what', async ({ modelKwargs }) => {
    await using stage = await openLangChainStage(modelAllowlist);
    const { request } = await denialOf(governChatModel(stage.chat({ modelKwargs }), stage.cz).invoke('Hello'));
    expect(request.resource).toBe('model/gpt-4-turbo');
    expect(stage.provider.requests).toEqual([]);
    expect(await stage.decisions()).toHaveLength(1);
  });

  test.each([
    { what: 'a list that holds something else', modelKwargs: { models: [4] } },
    { what: 'an extra_body that names a model', modelKwargs: { extra_body: { model: 'gpt-4' } } },
  ])('and nothing that cannot be read: $what', async ({ modelKwargs }) => {
    await using stage = await openLangChainStage(allowAll);
    const { decision } = await denialOf(governChatModel(stage.chat({ modelKwargs }), stage.cz).invoke('Hello'));
    expect(decision.reasonCode).toBe('INVALID_REQUEST');
    expect(stage.provider.requests).toEqual([]);
  });

  test.each([4, null, ['gpt-4'], { toString: () => 'gpt-4' }])(
    'and not a model that is no text, which some versions of LangChain trip over themselves: %j',
    async (model) => {
      await using stage = await openLangChainStage(allowAll);
      const governed = governChatModel(stage.chat({ modelKwargs: { model } }), stage.cz);
      await rejectionOf(governed.invoke('Hello'));
      await rejectionOf(collect(governed.streamEvents('Hello', { version: 'v2' })));
      expect(stage.provider.requests).toEqual([]);
    },
  );

  test('of the query as well', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const call = governChatModel(stage.chat(), stage.cz).invoke('Hello', {
      options: { query: { model: 'gpt-4-turbo' } },
    });
    expect((await denialOf(call)).request.resource).toBe('model/gpt-4-turbo');
    expect(stage.provider.requests).toEqual([]);
  });

  test('a request that is sent past all of that', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const governed = governChatModel(stage.chat(), stage.cz);
    const direct = (isOldest ? governed : (governed as unknown as { completions: object }).completions) as {
      completionWithRetry(request: object, options?: object): Promise<unknown>;
    };
    await denialOf(direct.completionWithRetry({ model: 'gpt-4-turbo', messages: [] }));
    await denialOf(direct.completionWithRetry({ messages: [], model: undefined }));
    await denialOf(direct.completionWithRetry({ model: 'gpt-4', messages: [] }, { body: { model: 'gpt-4-turbo' } }));
    expect(stage.provider.requests).toEqual([]);
    await direct.completionWithRetry({ model: 'gpt-3.5-turbo', messages: [] });
    expect(sentModels(stage)).toEqual(['gpt-3.5-turbo']);
  });
});

describe('on Azure the deployment is judged', () => {
  test('whatever the model says', async () => {
    await using stage = await openLangChainStage(allow('gpt-3.5-turbo', 'prod'));
    await denialOf(governChatModel(stage.azure('gpt-4-turbo'), stage.cz).invoke('Hello'));
    expect(stage.provider.requests).toEqual([]);
    await governChatModel(stage.azure('prod'), stage.cz).invoke('Hello');
    expect(sentModels(stage)).toEqual(['prod']);
    expect(await judged(stage)).toEqual(['model/gpt-4-turbo', 'model/prod']);
  });

  test('after withConfig() and bindTools() too', async () => {
    await using stage = await openLangChainStage(allow('prod'));
    const governed = governChatModel(stage.azure('prod'), stage.cz);
    await governed.withConfig({ tags: ['a'] }).invoke('Hello');
    await governed.bindTools([]).invoke('Hello');
    expect(sentModels(stage)).toEqual(['prod', 'prod']);
    expect(await judged(stage)).toEqual(['model/prod', 'model/prod']);
  });

  test('by the model behind it where that is told', async () => {
    await using stage = await openLangChainStage({
      rules: [
        { effect: 'deny', action: 'llm.generate', resource: 'model/eu-2' },
        { effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' },
      ],
    });
    const modelAliases = { 'eu-1': 'gpt-4', 'eu-2': 'gpt-4', 'eu-3': 'gpt-4-turbo' };
    await governChatModel(stage.azure('eu-1'), stage.cz, { modelAliases }).invoke('Hello');
    await denialOf(governChatModel(stage.azure('eu-2'), stage.cz, { modelAliases }).invoke('Hello'));
    await denialOf(governChatModel(stage.azure('eu-3'), stage.cz, { modelAliases }).invoke('Hello'));
    expect(sentModels(stage)).toEqual(['eu-1']);
  });

  test('also when it comes from a base path', async () => {
    await using stage = await openLangChainStage(allow('gpt-3.5-turbo'));
    const model = new AzureChatOpenAI({
      azureOpenAIApiKey: 'local',
      azureOpenAIApiVersion: '2024-10-21',
      azureOpenAIApiDeploymentName: 'gpt-4-turbo',
      azureOpenAIBasePath: `${stage.provider.url}/openai/deployments`,
    });
    await denialOf(governChatModel(model, stage.cz).invoke('Hello'));
    expect(stage.provider.requests).toEqual([]);
  });

  test('also when a client of OpenAI goes there by its base URL', async () => {
    await using stage = await openLangChainStage(allow('gpt-4'));
    const configuration = { baseURL: `${stage.provider.url}/openai/deployments/gpt-4-turbo` };
    const { request } = await denialOf(governChatModel(stage.chat({ configuration }), stage.cz).invoke('Hello'));
    expect(request.resource).toBe('model/gpt-4-turbo');
    expect(stage.provider.requests).toEqual([]);
  });
});

describe('a configurable model', () => {
  test('is judged for each configuration', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const configurable = await initChatModel(undefined, {
      modelProvider: 'openai',
      model: 'gpt-4',
      ...stage.fields,
    } as never);
    const governed = governChatModel(configurable, stage.cz);
    await governed.invoke('Hello', { configurable: { model: 'gpt-4' } });
    await denialOf(governed.invoke('Hello', { configurable: { model: 'gpt-4-turbo' } }));
    await governed.invoke('Hello', { configurable: { model: 'gpt-3.5-turbo' } });
    await denialOf(governed.stream('Hello', { configurable: { model: 'gpt-4-turbo' } }));
    expect(sentModels(stage)).toEqual(['gpt-4', 'gpt-3.5-turbo']);
  });

  test('does not answer from a cache of its own', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const configurable = await initChatModel('gpt-4', { modelProvider: 'openai', ...stage.fields });
    Reflect.set(configurable, 'cache', { lookup: async () => [{ text: 'kept' }], update: async () => undefined });
    const governed = governChatModel(configurable, stage.cz);
    await stage.setPolicy({ rules: [] });
    await denialOf(governed.generatePrompt([{ toString: () => 'x', toChatMessages: () => [] } as never]));
    expect(stage.provider.requests).toEqual([]);
  });
});

describe('a model that does not name itself', () => {
  test('is denied although everything is allowed', async () => {
    await using stage = await openLangChainStage(allowAll);
    const governed = governChatModel(new FakeListChatModel({ responses: ['Hi'] }), stage.cz);
    const { decision, message } = await denialOf(governed.invoke('Hello'));
    expect(decision.reasonCode).toBe('INVALID_REQUEST');
    expect(message).toContain('names no model');
  });

  test('is judged by modelId', async () => {
    await using stage = await openLangChainStage(allow('fake'));
    const fake = new FakeListChatModel({ responses: ['Hi'] });
    expect((await governChatModel(fake, stage.cz, { modelId: 'fake' }).invoke('Hello')).content).toBe('Hi');
    await denialOf(governChatModel(fake, stage.cz, { modelId: 'other' }).invoke('Hello'));
  });

  test('modelId does not rename one that does', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    await denialOf(
      governChatModel(stage.chat({ model: 'gpt-4-turbo' }), stage.cz, { modelId: 'gpt-4' }).invoke('Hello'),
    );
    expect(stage.provider.requests).toEqual([]);
  });
});
