import { createOpenAI } from '@ai-sdk/openai';
import { generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai';
import { createAgent } from 'langchain';
import OpenAI from 'openai';
import { ChatOpenAI } from '@langchain/openai';
import { describe, expect, test } from 'vitest';

import { governProvider, governTools } from '../../../adapters/ai-sdk/index.ts';
import { controlZeroMiddleware, governChatModel } from '../../../adapters/langchain/index.ts';
import { wrapOpenAI } from '../../../adapters/openai/index.ts';
import { instrumentControlZero } from '../../../adapters/otel/index.ts';
import type { ControlZero, PolicyDocument } from '../../../src/index.ts';
import { findPolicyDenied } from '../../../src/index.ts';
import { createTestControlZero, startLocalProvider } from '../../../src/testing/index.ts';
import { collect } from '../../support/collect.ts';
import { QUESTION, countingTool } from '../../support/langchain-agents.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { telemetryStage } from '../../support/telemetry-stage.ts';

const policy: PolicyDocument = {
  rules: [
    { effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' },
    { effect: 'allow', action: 'tool.call', resource: 'tool/look_up' },
  ],
};

interface Target {
  readonly apiKey: string;
  readonly baseURL: string;
}

type Stream = (cz: ControlZero, target: Target, model: string) => Promise<unknown>;

const streams: Readonly<Record<string, Stream>> = {
  openai: async (cz, target, model) => {
    const openai = wrapOpenAI(new OpenAI(target), cz);
    const stream = await openai.chat.completions.create({
      model,
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
    });
    return collect(stream);
  },
  langchain: async (cz, { apiKey, ...configuration }, model) =>
    collect(await governChatModel(new ChatOpenAI({ model, apiKey, configuration }), cz).stream('Hello')),
  'ai-sdk': async (cz, target, model) => {
    const openai = governProvider(createOpenAI(target), cz);
    let failure: unknown;
    const { textStream } = streamText({
      model: openai.chat(model),
      prompt: 'Hello',
      onError: ({ error }) => void (failure = error),
    });
    const parts = await collect(textStream);
    if (failure !== undefined) throw failure as Error;
    return parts;
  },
};

interface Scene extends AsyncDisposable {
  readonly cz: ControlZero;
  readonly target: Target;
  readonly requests: () => number;
}

async function openScene(): Promise<Scene> {
  const provider = await startLocalProvider();
  const { cz } = await createTestControlZero(policy);
  instrumentControlZero(cz);
  return {
    cz,
    target: { apiKey: 'local', baseURL: provider.baseURL },
    requests: () => provider.modelRequests.length,
    [Symbol.asyncDispose]: async () => {
      await cz.close();
      await provider.close();
    },
  };
}

describe.each(Object.entries(streams))('a stream of %s', (name, stream) => {
  test('leaves its decision on the span that is active around it', async () => {
    const telemetry = telemetryStage();
    await using scene = await openScene();
    const { cz, target } = scene;
    await telemetry.inSpan('allowed', async () => stream(cz, target, 'gpt-4'));
    const error = await rejectionOf(telemetry.inSpan('denied', async () => stream(cz, target, 'gpt-4-turbo')));
    expect(findPolicyDenied(error)).toBeDefined();
    const told = telemetry
      .spans()
      .map(({ name: span, events }) => [
        span,
        events.map(({ attributes }) => attributes?.['controlzero.decision.effect']),
      ]);
    expect(told).toEqual([
      ['allowed', ['allow']],
      ['denied', ['deny']],
    ]);
    expect(telemetry.spans()[0]?.events[0]?.attributes).toMatchObject({ 'controlzero.adapter': name });
    expect(scene.requests()).toBe(1);
  });
});

describe('an agent', () => {
  const expected = [
    ['chat', 'gpt-4', undefined],
    ['execute_tool', undefined, 'look_up'],
    ['chat', 'gpt-4', undefined],
  ];
  const toldBy = (telemetry: ReturnType<typeof telemetryStage>): unknown =>
    telemetry
      .spans()
      .flatMap(({ events }) => events)
      .map(({ attributes }) =>
        ['gen_ai.operation.name', 'gen_ai.request.model', 'gen_ai.tool.name'].map((key) => attributes?.[key]),
      );

  test('of LangChain.js leaves the decisions about its models and tools on one span', async () => {
    const telemetry = telemetryStage();
    await using scene = await openScene();
    const { cz, target } = scene;
    const { apiKey, ...configuration } = target;
    const model = new ChatOpenAI({ model: 'gpt-4', apiKey, configuration });
    const agent = createAgent({
      model,
      tools: [countingTool('look_up').tool],
      middleware: [controlZeroMiddleware(cz, { tools: true })],
    });
    await telemetry.inSpan('request', async () => agent.invoke(QUESTION));
    expect(toldBy(telemetry)).toEqual(expected);
    expect(scene.requests()).toBe(2);
  });

  test('of the AI SDK does so too', async () => {
    const telemetry = telemetryStage();
    await using scene = await openScene();
    const { cz, target } = scene;
    const inputSchema = jsonSchema<object>({ type: 'object', properties: {} });
    const tools = { look_up: tool({ inputSchema, execute: async () => 'found' }) };
    await telemetry.inSpan('request', async () =>
      generateText({
        model: governProvider(createOpenAI(target), cz).chat('gpt-4'),
        tools: governTools(tools, cz),
        stopWhen: stepCountIs(2),
        prompt: 'Hello',
      }),
    );
    expect(toldBy(telemetry)).toEqual(expected);
    expect(scene.requests()).toBe(2);
  });
});
