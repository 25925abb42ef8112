import { describe, expect, test } from 'vitest';

import { governEmbeddingModel, governModel, governProvider } from '../../../adapters/ai-sdk/index.ts';
import { PolicyDeniedError, findPolicyDenied } from '../../../src/index.ts';
import { aiSDKMajors } from '../../support/ai-sdk-majors.ts';
import type { AISDKStage } from '../../support/ai-sdk/ai-sdk-stage.ts';
import { openAISDKStage } from '../../support/ai-sdk/ai-sdk-stage.ts';
import type { Embeddings, Model } from '../../support/ai-sdk/attempt-stage.ts';
import { collect } from '../../support/collect.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { whilePolluted } from '../../support/while-polluted.ts';

const AT_ONCE = { 'retry-after-ms': '1' };
const EMBEDDING = 'text-embedding-3-small';

describe.each(aiSDKMajors)('$name', ({ sdk }) => {
  const { ai } = sdk;
  const schema = ai.jsonSchema<{ city: string }>({
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  });
  const look = ai.tool({ inputSchema: schema, execute: async ({ city }) => `sunny in ${city}` });
  const asked = { prompt: 'Hello', maxRetries: 0 } as const;
  const object = { ...asked, schema };
  const steps = { ...asked, tools: { look }, stopWhen: ai.stepCountIs(3) };

  type Ask = (model: Model) => Promise<unknown>;
  const generating: Readonly<Record<string, Ask>> = {
    generateText: async (model) => (await ai.generateText({ model, ...asked })).text,
    streamText: async (model) => collect(ai.streamText({ model, ...asked }).textStream),
    generateObject: async (model) => (await ai.generateObject({ model, ...object })).object,
    streamObject: async (model) => (await collect(ai.streamObject({ model, ...object }).partialObjectStream)).at(-1),
    'Output.object': async (model) =>
      (await ai.generateText({ model, ...asked, output: ai.Output.object({ schema }) })).output,
    'generateText in steps': async (model) => (await ai.generateText({ model, ...steps })).steps.length,
    'streamText in steps': async (model) => (await ai.streamText({ model, ...steps }).steps).length,
    'ToolLoopAgent.generate': async (model) =>
      (await new ai.ToolLoopAgent({ model, tools: { look } }).generate({ prompt: 'Hello' })).text,
    'ToolLoopAgent.stream': async (model) => {
      const streamed = await new ai.ToolLoopAgent({ model, tools: { look } }).stream({ prompt: 'Hello' });
      return collect(streamed.textStream);
    },
  };

  const embedding: Readonly<Record<string, (model: Embeddings) => Promise<unknown>>> = {
    embed: async (model) => (await ai.embed({ model, value: 'a', maxRetries: 0 })).embedding,
    embedMany: async (model) => (await ai.embedMany({ model, values: ['a', 'b'], maxRetries: 0 })).embeddings,
  };

  describe.each(['chat', 'responses'] as const)('with %s models', (api) => {
    test.each(Object.entries(generating))('%s gives and sends what it does ungoverned', async (_, ask) => {
      await using stage = await openAISDKStage(sdk);
      await using other = await openAISDKStage(sdk);
      const answer = await ask(governModel(stage.openai[api]('gpt-4'), stage.cz));
      expect(answer).toEqual(await ask(other.openai[api]('gpt-4')));
      const bodies = stage.server.requests.map(({ body }) => body);
      expect(bodies).toEqual(other.server.requests.map(({ body }) => body));
      // Every step is a call of its own.
      expect(await stage.decisions()).toHaveLength(bodies.length);
    });
  });

  test.each(Object.entries(embedding))('%s gives and sends what it does ungoverned', async (_, ask) => {
    await using stage = await openAISDKStage(sdk);
    await using other = await openAISDKStage(sdk);
    const answer = await ask(governEmbeddingModel(stage.openai.embedding(EMBEDDING), stage.cz));
    expect(answer).toEqual(await ask(other.openai.embedding(EMBEDDING)));
    expect(stage.server.requests.map(({ body }) => body)).toEqual(other.server.requests.map(({ body }) => body));
    expect(await stage.decisions()).toMatchObject([{ action: 'embedding.generate', resource: `model/${EMBEDDING}` }]);
  });

  test.each([
    ...Object.entries(generating).filter(([name]) => !/stream/iu.test(name)),
    ...Object.entries(embedding),
  ] as [string, (model: never) => Promise<unknown>][])('%s rejects with the denial itself', async (name, ask) => {
    await using stage = await openAISDKStage(sdk);
    const governed = governProvider(stage.openai, stage.cz);
    const error = await rejectionOf(ask((name in embedding ? governed.embedding('gpt-4') : governed('o3')) as never));
    expect(error).toBeInstanceOf(PolicyDeniedError);
    expect(findPolicyDenied(error)).toBe(error);
    expect(stage.server.requests).toEqual([]);
    expect(await stage.decisions()).toHaveLength(1);
  });

  describe('in steps', () => {
    test('a model that was taken away between two steps is denied at the second', async () => {
      await using stage = await openAISDKStage(sdk);
      const takeAway = ai.tool({
        inputSchema: schema,
        execute: async () => {
          await stage.setPolicy({ rules: [] });
          return 'done';
        },
      });
      const model = governModel(stage.openai.chat('gpt-4'), stage.cz);
      const agent = new ai.ToolLoopAgent({ model, tools: { takeAway } });
      expect(await rejectionOf(agent.generate({ prompt: 'Hello' }))).toBeInstanceOf(PolicyDeniedError);
      expect(stage.modelsServed()).toEqual(['gpt-4']);
    });

    test('a model that prepareStep exchanges is judged by its own id', async () => {
      await using stage = await openAISDKStage(sdk);
      const openai = governProvider(stage.openai, stage.cz);
      await ai.generateText({
        model: openai.chat('gpt-4'),
        ...steps,
        prepareStep: ({ stepNumber }) => (stepNumber === 1 ? { model: openai.chat('gpt-3.5-turbo') } : {}),
      });
      expect(stage.modelsServed()).toEqual(['gpt-4', 'gpt-3.5-turbo']);
      const events = await stage.decisions();
      expect(events.map(({ resource }) => resource)).toEqual(['model/gpt-4', 'model/gpt-3.5-turbo']);
    });

    test('a tool that asks another governed model hears of the denial as of any failure', async () => {
      await using stage = await openAISDKStage(sdk);
      const openai = governProvider(stage.openai, stage.cz);
      const ask = ai.tool({
        inputSchema: schema,
        execute: async () => (await ai.generateText({ model: openai.chat('gpt-4-turbo'), ...asked })).text,
      });
      const result = await ai.generateText({ model: openai.chat('gpt-4'), ...steps, tools: { ask } });
      const errors = result.steps[0]?.content.flatMap((part) => (part.type === 'tool-error' ? [part.error] : []));
      expect(errors?.map(findPolicyDenied)).toMatchObject([{ code: 'ERR_CZ_POLICY_DENIED' }]);
      expect(stage.modelsServed()).toEqual(['gpt-4', 'gpt-4']);
      // What the model reads of it is safe to show.
      expect(stage.server.requests[1]?.body).toContain('Policy denied llm.generate on model/gpt-4-turbo');
    });
  });

  describe('with ids that are strings', () => {
    test('a governed default provider serves all of them', async () => {
      await using stage = await openAISDKStage(sdk);
      const value = governProvider(stage.openai, stage.cz);
      await whilePolluted(
        { target: globalThis, key: 'AI_SDK_DEFAULT_PROVIDER', property: { value, writable: true } },
        async () => {
          await ai.generateText({ model: 'gpt-4', ...asked });
          await collect(ai.streamText({ model: 'gpt-4', ...asked }).textStream);
          await new ai.ToolLoopAgent({ model: 'gpt-4' }).generate({ prompt: 'Hello' });
          await ai.embed({ model: EMBEDDING, value: 'a' });
          const error = await rejectionOf(ai.generateText({ model: 'gpt-4-turbo', ...asked }));
          expect(error).toBeInstanceOf(PolicyDeniedError);
        },
      );
      expect(stage.modelsServed()).toEqual(['gpt-4', 'gpt-4', 'gpt-4', EMBEDDING]);
      expect(await stage.decisions()).toHaveLength(5);
    });
  });

  describe('when attempts are repeated', () => {
    const failing = { status: 500, headers: AT_ONCE } as const;
    type Named = (stage: AISDKStage) => Promise<unknown>;
    const calls: Readonly<Record<string, Named>> = {
      generateText: async ({ openai, cz }) =>
        ai.generateText({ model: governModel(openai.chat('gpt-4'), cz), prompt: 'Hello' }),
      streamText: async ({ openai, cz }) =>
        collect(ai.streamText({ model: governModel(openai.chat('gpt-4'), cz), prompt: 'Hello' }).textStream),
      generateObject: async ({ openai, cz }) =>
        ai.generateObject({ model: governModel(openai.chat('gpt-4'), cz), prompt: 'Hello', schema }),
      embed: async ({ openai, cz }) =>
        ai.embed({ model: governEmbeddingModel(openai.embedding(EMBEDDING), cz), value: 'a' }),
      embedMany: async ({ openai, cz }) =>
        ai.embedMany({ model: governEmbeddingModel(openai.embedding(EMBEDDING), cz), values: ['a', 'b'] }),
    };

    test.each(Object.entries(calls))('%s is one call with one event', async (_, call) => {
      await using stage = await openAISDKStage(sdk);
      stage.server.failNext({ ...failing, times: 2 });
      await call(stage);
      expect(stage.server.requests).toHaveLength(3);
      expect(await stage.decisions()).toHaveLength(1);
      // A call that is not repeated is another one.
      await call(stage);
      expect(await stage.decisions()).toHaveLength(2);
    });

    test('each is judged anew, and a denial is found inside what the framework throws', async () => {
      await using stage = await openAISDKStage(sdk);
      stage.server.failNext({ ...failing, headers: { 'retry-after-ms': '50' } });
      const call = rejectionOf(
        ai.generateText({ model: governModel(stage.openai.chat('gpt-4'), stage.cz), prompt: 'Hello' }),
      );
      while (stage.server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      await stage.setPolicy({ rules: [] });
      const error = await call;
      expect(error).toMatchObject({ name: 'AI_RetryError' });
      expect(findPolicyDenied(error)).toMatchObject({ status: 403 });
      expect(stage.server.requests).toHaveLength(1);
      const events = await stage.decisions();
      expect(events.map(({ decision }) => decision.allowed)).toEqual([true, false]);
    });

    test('parts of embedMany that fail at the same time are calls of their own', async () => {
      await using stage = await openAISDKStage(sdk);
      stage.server.failNext({ ...failing, times: 2 });
      const model = governEmbeddingModel(stage.openai.embedding(EMBEDDING), stage.cz);
      const values = Array.from({ length: 2100 }, (_, index) => `${index}`);
      await ai.embedMany({ model, values, maxParallelCalls: 2 });
      expect(stage.server.requests).toHaveLength(4);
      expect(await stage.decisions()).toHaveLength(2);
    });

    test('a call that the application repeats with the same prompt is another call', async () => {
      await using stage = await openAISDKStage(sdk);
      const model = governModel(stage.openai.chat('gpt-4'), stage.cz);
      const options = { prompt: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }] } as never;
      await model.doGenerate(options);
      await model.doGenerate(options);
      stage.server.failNext({ status: 400 });
      await rejectionOf(model.doGenerate(options));
      await model.doGenerate(options);
      expect(await stage.decisions()).toHaveLength(4);
    });
  });
});
