import type { BaseCallbackHandler } from '@langchain/core/callbacks/base';
import type { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { RunnableLambda } from '@langchain/core/runnables';
import { FakeListChatModel } from '@langchain/core/utils/testing';
import { OpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { initChatModel } from 'langchain/chat_models/universal';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { ControlZeroCallbackHandlerOptions } from '../../../adapters/langchain/index.ts';
import { ControlZeroCallbackHandler, governChatModel } from '../../../adapters/langchain/index.ts';
import { runAs } from '../../../src/index.ts';
import { collect } from '../../support/collect.ts';
import { denialOf } from '../../support/denial-of.ts';
import type { CallPath } from '../../support/langchain-paths.ts';
import { chatPaths, commonPaths, eventPaths, structuredPaths } from '../../support/langchain-paths.ts';
import type { LangChainStage } from '../../support/langchain-stage.ts';
import { hasEventStreams, isOldest, openLangChainStage } from '../../support/langchain-stage.ts';
import { RecordingHandler } from '../../support/recording-handler.ts';
import { agentTiers, modelAllowlist } from '../../support/specification-policies.ts';
import { unhandledRejectionsOf } from '../../support/unhandled-rejections.ts';

const DENIED = 'gpt-4-turbo';

function handlerOf(stage: LangChainStage, options: ControlZeroCallbackHandlerOptions = {}): ControlZeroCallbackHandler {
  return new ControlZeroCallbackHandler(stage.cz, options);
}

function watched(stage: LangChainStage, fields: object = {}): ReturnType<LangChainStage['chat']> {
  return stage.chat({ callbacks: [handlerOf(stage)], ...fields });
}

function sentModels({ provider }: LangChainStage): (string | undefined)[] {
  return provider.modelRequests.map(({ model }) => model);
}

beforeEach(() => {
  // LangChain prints what handlers throw.
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

// Streams of events are the hole; retries ask again, which takes seconds.
const heard: readonly CallPath[] = [...commonPaths, ...chatPaths, ...structuredPaths].filter(
  ({ name }) => !name.startsWith('withRetry'),
);

describe('a handler of the constructor', () => {
  test.each(heard)('denies without a request and lets one through: $name', async ({ call }) => {
    await using stage = await openLangChainStage(modelAllowlist);
    const unhandled = await unhandledRejectionsOf(async () => {
      await denialOf(call(watched(stage, { model: DENIED })));
    });
    expect(unhandled).toEqual([]);
    expect(stage.provider.requests).toEqual([]);
    expect(await stage.decisions()).toMatchObject([{ action: 'llm.generate', resource: `model/${DENIED}` }]);
    await call(watched(stage));
    expect(sentModels(stage)).toEqual(['gpt-4']);
    expect(await stage.decisions()).toHaveLength(2);
  });

  test('hears of models that other code makes, of text as well', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const callbacks = [handlerOf(stage)];
    const chain = RunnableLambda.from(async () => stage.chat({ model: DENIED }).invoke('Hello'));
    await denialOf(chain.invoke('', { callbacks }));
    const text = new OpenAI({ ...stage.fields, modelKwargs: { model: DENIED }, callbacks });
    await denialOf(text.invoke('Hello'));
    const configurable = await initChatModel(DENIED, { modelProvider: 'openai', ...stage.fields });
    await denialOf(configurable.invoke('Hello', { callbacks }));
    expect(stage.provider.requests).toEqual([]);
  });

  test('judges the deployment on Azure, and what modelKwargs and a body of the call name', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const callbacks = [handlerOf(stage)];
    await denialOf(stage.azure(DENIED).invoke('Hello', { callbacks }));
    await denialOf(stage.chat({ modelKwargs: { model: DENIED } }).invoke('Hello', { callbacks }));
    await denialOf(stage.chat().invoke('Hello', { callbacks, options: { body: { model: DENIED } } }));
    await denialOf(
      stage
        .chat()
        .stream('Hello', { callbacks, body: { model: DENIED } } as never)
        .then(collect),
    );
    await denialOf(stage.chat().invoke('Hello', { callbacks, options: { fetchOptions: { body: '' } } as never }));
    expect(stage.provider.requests).toEqual([]);
    await stage.azure('gpt-4').invoke('Hello', { callbacks });
    expect(sentModels(stage)).toEqual(['gpt-4']);
  });

  test('denies an Azure model that does not say its deployment', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const model = stage.azure('gpt-4');
    const serialized = { lc: 1, type: 'constructor', id: ['langchain', 'AzureChatOpenAI'], kwargs: {} } as const;
    model.toJSON = () => serialized as never;
    const { decision } = await denialOf(model.invoke('Hello', { callbacks: [handlerOf(stage)] }));
    expect(decision.reasonCode).toBe('INVALID_REQUEST');
  });

  test('denies a model that does not name itself, unless modelId does', async () => {
    await using stage = await openLangChainStage({
      rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/fake' }],
    });
    const fake = new FakeListChatModel({ responses: ['Hi'] });
    await denialOf(fake.invoke('Hello', { callbacks: [handlerOf(stage)] }));
    const answer = await fake.invoke('Hello', { callbacks: [handlerOf(stage, { modelId: 'fake' })] });
    expect(answer.content).toBe('Hi');
  });

  test('finds the agent: bound, runAs(), metadata, client', async () => {
    await using stage = await openLangChainStage(agentTiers, { agentId: 'basic' });
    const claim = { metadata: { agent_id: 'premium-claim' } };
    const call = async (options: ControlZeroCallbackHandlerOptions, config: object = {}): Promise<unknown> =>
      stage
        .chat()
        .invoke('Hello', { ...config, callbacks: [handlerOf(stage, options)] })
        .catch(() => undefined);
    await call({ agentId: 'premium-bound' }, { metadata: { agent_id: 'basic' } });
    await runAs('premium-run', async () => call({}, claim));
    await call({}, claim);
    await call({ trustMetadata: false }, claim);
    await call({});
    expect((await stage.decisions()).map(({ agentId }) => agentId)).toEqual([
      'premium-bound',
      'premium-run',
      'premium-claim',
      'basic',
      'basic',
    ]);
    expect(stage.provider.requests).toHaveLength(3);
  });

  test('keeps nothing of a call: of 20 at a time each is judged for itself', async () => {
    await using stage = await openLangChainStage(agentTiers);
    const callbacks = [handlerOf(stage)];
    const agents = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? `premium-${index}` : `basic-${index}`));
    const results = await Promise.allSettled(
      agents.map(async (agent) => stage.chat().invoke('Hello', { callbacks, metadata: { agent_id: agent } })),
    );
    expect(results.map(({ status }) => status === 'fulfilled')).toEqual(agents.map((agent) => agent.startsWith('p')));
  });

  test.each(['true', 'false'])('whether or not LangChain runs callbacks in the background: %s', async (background) => {
    await using stage = await openLangChainStage(modelAllowlist);
    vi.stubEnv('LANGCHAIN_CALLBACKS_BACKGROUND', background);
    const unhandled = await unhandledRejectionsOf(async () => {
      await denialOf(watched(stage, { model: DENIED }).invoke('Hello'));
      await denialOf(watched(stage, { model: DENIED }).stream('Hello').then(collect));
    });
    expect(unhandled).toEqual([]);
    expect(stage.provider.requests).toEqual([]);
  });

  test('copies of it are itself, it raises what it throws, and it is awaited', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const handler = handlerOf(stage);
    expect(handler.copy()).toBe(handler);
    expect(handler).toMatchObject({ raiseError: true, awaitHandlers: true, name: 'controlzero' });
  });

  test('an error of the provider is none of its business', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    stage.provider.failNext({ status: 401 });
    await expect(watched(stage, { maxRetries: 0 }).invoke('Hello')).rejects.toMatchObject({ status: 401 });
  });

  test.each([{ fallback: ['gpt-4'] }, { agent: 'support' }, { modelId: 4 }, { trustMetadata: 'no' }])(
    'refuses options that it does not have: %j',
    async (options) => {
      await using stage = await openLangChainStage(modelAllowlist);
      expect(() => handlerOf(stage, options as never)).toThrow(TypeError);
    },
  );
});

describe('what a handler cannot stop', () => {
  const modelsSentBy = async (
    call: (stage: LangChainStage, handler: BaseCallbackHandler) => Promise<unknown>,
  ): Promise<unknown[]> => {
    await using stage = await openLangChainStage(modelAllowlist);
    await call(stage, handlerOf(stage));
    return sentModels(stage);
  };

  test.runIf(hasEventStreams).each(eventPaths.filter(({ name }) => !name.includes('handler')))(
    '$name',
    async ({ call }) => {
      await using stage = await openLangChainStage(modelAllowlist);
      await call(watched(stage, { model: DENIED }));
      expect(sentModels(stage)).toEqual([DENIED]);
      expect(await stage.decisions()).toEqual([]);
    },
  );

  test('embeddings', async () => {
    await using stage = await openLangChainStage({ rules: [] });
    const embeddings = new OpenAIEmbeddings({ ...stage.fields, model: 'text-embedding-3-large' });
    const callbacks = [handlerOf(stage)];
    await RunnableLambda.from(async () => embeddings.embedQuery('Hello')).invoke('', { callbacks });
    expect(sentModels(stage)).toEqual(['text-embedding-3-large']);
  });

  test('a call inside that passes callbacks of its own, or none', async () => {
    const sent = await modelsSentBy(async (stage, handler) => {
      const model = stage.chat({ model: DENIED });
      const chain = RunnableLambda.from(async () => model.invoke('Hello', { callbacks: [] }));
      await chain.invoke('', { callbacks: [handler] });
    });
    expect(sent).toEqual([DENIED]);
  });

  test('a model that got it after it was made, as soon as it makes another one of itself', async () => {
    const call = async (stage: LangChainStage, handler: BaseCallbackHandler): Promise<void> => {
      const model = stage.chat({ model: DENIED });
      model.callbacks = [handler];
      await denialOf(model.invoke('Hello'));
      await model.withConfig({ tags: ['a'] }).invoke('Hello');
    };
    // The oldest versions keep the model inside a binding.
    if (isOldest) await expect(modelsSentBy(call)).rejects.toThrow(/Policy denied/u);
    else expect(await modelsSentBy(call)).toEqual([DENIED]);
  });

  test('a model that has it by withConfig() while the call has others', async () => {
    const call = async (stage: LangChainStage, handler: BaseCallbackHandler): Promise<void> => {
      const model = stage.chat({ model: DENIED }).withConfig({ callbacks: [handler] });
      await model.invoke('Hello', { callbacks: [new RecordingHandler()] });
    };
    if (isOldest) await expect(modelsSentBy(call)).rejects.toThrow(/Policy denied/u);
    else expect(await modelsSentBy(call)).toEqual([DENIED]);
  });

  test('what initChatModel gives, when it was set there', async () => {
    const sent = await modelsSentBy(async (stage, handler) => {
      const model = await initChatModel(DENIED, { modelProvider: 'openai', ...stage.fields });
      Object.assign(model, { callbacks: [handler] });
      await model.invoke('Hello');
    });
    expect(sent).toEqual([DENIED]);
  });

  test('a body in the configuration of a model', async () => {
    const sent = await modelsSentBy(async (stage, handler) => {
      const body = { model: DENIED, messages: [{ role: 'user', content: 'Hello' }] };
      const configuration = { ...stage.fields.configuration, body } as never;
      await stage.chat({ configuration, callbacks: [handler] }).invoke('Hello');
    });
    expect(sent).toEqual([DENIED]);
  });

  test('fetchOptions and a deployment in the configuration of a model', async () => {
    const sent = await modelsSentBy(async (stage, handler) => {
      const baseURL = `${stage.provider.url}/openai/deployments/${DENIED}`;
      await stage.chat({ configuration: { baseURL }, callbacks: [handler] }).invoke('Hello');
      if (isOldest) return;
      const body = JSON.stringify({ model: DENIED, messages: [] });
      const configuration = { ...stage.fields.configuration, fetchOptions: { body } } as never;
      await stage.chat({ configuration, callbacks: [handler] }).invoke('Hello');
    });
    expect(new Set(sent)).toEqual(new Set([DENIED]));
  });

  test('that before LangChain 1.1 configurable names an agent', async () => {
    await using stage = await openLangChainStage(agentTiers);
    const options = { callbacks: [handlerOf(stage)], configurable: { agent_id: 'premium-1' } };
    await stage
      .chat()
      .invoke('Hello', options)
      .catch(() => undefined);
    expect((await stage.decisions()).map(({ agentId }) => agentId)).toEqual([isOldest ? 'premium-1' : undefined]);
  });

  test('the model inside a model, when it is called itself', async () => {
    const sent = await modelsSentBy(async (stage, handler) => {
      const model = stage.chat({ model: DENIED, callbacks: [handler] });
      const inner = isOldest ? model : (model as unknown as { completions: BaseChatModel }).completions;
      await (inner as unknown as { completionWithRetry(request: object): Promise<unknown> }).completionWithRetry({
        model: DENIED,
        messages: [],
      });
    });
    expect(sent).toEqual([DENIED]);
  });

  test('that a retry asks again, and that a run stays open', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const recording = new RecordingHandler();
    const stop = { stopAfterAttempt: 2, onFailedAttempt: () => undefined };
    const model = watched(stage, { model: DENIED, callbacks: [recording, handlerOf(stage)] });
    await denialOf(model.withRetry(stop).invoke('Hello'));
    expect(recording.events.filter((event) => event !== 'start')).toEqual([]);
    expect(await stage.decisions()).toHaveLength(2);
    expect(stage.provider.requests).toEqual([]);
  });

  test('that a governed model judges again', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    await governChatModel(watched(stage), stage.cz).invoke('Hello');
    expect(await stage.decisions()).toHaveLength(2);
    expect(stage.provider.requests).toHaveLength(1);
  });
});
