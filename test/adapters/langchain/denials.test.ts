import { AsyncLocalStorage } from 'node:async_hooks';

import type { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { StringOutputParser } from '@langchain/core/output_parsers';
import { ChatPromptTemplate } from '@langchain/core/prompts';
import { RunnableLambda, RunnableMap, RunnableSequence } from '@langchain/core/runnables';
import type { Run } from '@langchain/core/tracers/base';
import { BaseTracer } from '@langchain/core/tracers/base';
import { AsyncCaller } from '@langchain/core/utils/async_caller';
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import { createReactAgent, ToolNode } from '@langchain/langgraph/prebuilt';
import { tool } from '@langchain/core/tools';
import { AIMessage } from '@langchain/core/messages';
import { describe, expect, test } from 'vitest';

import { governChatModel } from '../../../adapters/langchain/index.ts';
import { PolicyDeniedError, findPolicyDenied } from '../../../src/index.ts';
import { collect } from '../../support/collect.ts';
import { denialOf } from '../../support/denial-of.ts';
import type { CallPath } from '../../support/langchain-paths.ts';
import { chatPaths, commonPaths, eventPaths, structuredPaths } from '../../support/langchain-paths.ts';
import type { LangChainStage } from '../../support/langchain-stage.ts';
import { isOldest, openLangChainStage } from '../../support/langchain-stage.ts';
import { LocalChatModel } from '../../support/local-chat-model.ts';
import { RecordingHandler } from '../../support/recording-handler.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { modelAllowlist } from '../../support/specification-policies.ts';
import { unhandledRejectionsOf } from '../../support/unhandled-rejections.ts';

const DENIED = 'gpt-4-turbo';
const state = Annotation.Root({ text: Annotation<string>(), other: Annotation<string>() });

function deniedModel(stage: LangChainStage): ReturnType<LangChainStage['chat']> {
  return governChatModel(stage.chat({ model: DENIED }), stage.cz);
}

const ONE_DENIAL = { requests: 0, decisions: 1 };

async function countsOf(stage: LangChainStage): Promise<typeof ONE_DENIAL> {
  return { requests: stage.provider.requests.length, decisions: (await stage.decisions()).length };
}

describe('a denial reaches the caller as it was thrown', () => {
  test.each<CallPath>([...commonPaths, ...chatPaths, ...structuredPaths, ...eventPaths])(
    'through $name, at the first attempt, without an unhandled rejection',
    async ({ call }) => {
      await using stage = await openLangChainStage(modelAllowlist);
      let error: unknown;
      const unhandled = await unhandledRejectionsOf(async () => {
        error = await rejectionOf(call(deniedModel(stage)));
      });
      expect(error).toBeInstanceOf(PolicyDeniedError);
      expect(unhandled).toEqual([]);
      expect(await countsOf(stage)).toEqual(ONE_DENIAL);
    },
  );

  test('through AsyncCaller, which does not try again', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const model = deniedModel(stage);
    await denialOf(new AsyncCaller({ maxRetries: 6 }).call(async () => model.invoke('Hello')));
    expect(await countsOf(stage)).toEqual(ONE_DENIAL);
  });

  test('through a provider that has AsyncCaller around the governed model', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const model = governChatModel(new LocalChatModel({ ...stage.fields, model: DENIED, maxRetries: 6 }), stage.cz);
    await denialOf(model.invoke('Hello'));
    expect(await countsOf(stage)).toEqual(ONE_DENIAL);
  });

  test('through withRetry(), whose own onFailedAttempt is not asked about denials, and is about other errors', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const seen: unknown[] = [];
    const onFailedAttempt = (error: unknown): void => {
      seen.push(error);
      throw error;
    };
    await denialOf(deniedModel(stage).withRetry({ stopAfterAttempt: 3, onFailedAttempt }).invoke('Hello'));
    expect(seen).toEqual([]);
    expect(await countsOf(stage)).toEqual(ONE_DENIAL);
    stage.provider.failNext({ status: 401 });
    const allowed = governChatModel(stage.chat({ maxRetries: 0 }), stage.cz);
    await rejectionOf(allowed.withRetry({ stopAfterAttempt: 3, onFailedAttempt }).invoke('Hello'));
    expect(seen).toHaveLength(1);
  });

  test('through a retry that was put around the model before it was governed', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const retrying = governChatModel(stage.chat({ model: DENIED }).withRetry({ stopAfterAttempt: 3 }), stage.cz);
    await denialOf(retrying.invoke('Hello'));
    expect(await countsOf(stage)).toEqual(ONE_DENIAL);
  });

  test('in the results of batch() with returnExceptions', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const results = await deniedModel(stage).batch(['One', 'Two'], {}, { returnExceptions: true });
    expect(results.every((result) => (result as unknown) instanceof PolicyDeniedError)).toBe(true);
    expect(results[0]).not.toBe(results[1]);
    expect(stage.provider.requests).toEqual([]);
  });

  test('while other calls of a batch go on', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const model = governChatModel(stage.chat(), stage.cz, { context: { region: 'eu' } });
    const chain = RunnableMap.from({ allowed: model, denied: deniedModel(stage) });
    await denialOf(chain.invoke('Hello'));
    expect(stage.provider.modelRequests.map(({ model: sent }) => sent)).toEqual(
      stage.provider.modelRequests.map(() => 'gpt-4'),
    );
  });

  test('and a fallback that is allowed answers instead', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const answer = await deniedModel(stage).withFallbacks([stage.chat()]).invoke('Hello');
    expect(answer.content).toBe('Hello from the local provider.');
    expect(stage.provider.modelRequests.map(({ model }) => model)).toEqual(['gpt-4']);
  });

  test('and a stream yields nothing before it', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const chain = RunnableSequence.from([
      ChatPromptTemplate.fromMessages([['human', 'Hello']]),
      deniedModel(stage),
      new StringOutputParser(),
    ]);
    const seen: unknown[] = [];
    const consume = async (): Promise<void> => {
      for await (const chunk of await chain.stream({})) seen.push(chunk);
    };
    await denialOf(consume());
    expect(seen).toEqual([]);
  });

  test('when the stream is aborted the next moment', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const controller = new AbortController();
    const unhandled = await unhandledRejectionsOf(async () => {
      const stream = deniedModel(stage).stream('Hello', { signal: controller.signal });
      controller.abort();
      await rejectionOf(stream);
    });
    expect(unhandled).toEqual([]);
    expect(stage.provider.requests).toEqual([]);
  });
});

describe('a denial inside a graph', () => {
  type Node = (input: typeof state.State) => Promise<Partial<typeof state.State>>;
  const asking =
    (model: BaseChatModel): Node =>
    async ({ text }) => ({ text: JSON.stringify(await model.invoke(text)) });

  test('ends it, and is not tried again by a node with a retryPolicy', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const graph = new StateGraph(state)
      .addNode('ask', asking(deniedModel(stage)), { retryPolicy: { maxAttempts: 3, initialInterval: 1 } })
      .addEdge(START, 'ask')
      .addEdge('ask', END)
      .compile();
    await denialOf(graph.invoke({ text: 'Hello' }));
    expect(await countsOf(stage)).toEqual(ONE_DENIAL);
    await denialOf(graph.stream({ text: 'Hello' }).then(collect));
  });

  test('is found in the AggregateError of nodes that run at a time', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const ask = asking(deniedModel(stage));
    const graph = new StateGraph(state)
      .addNode('one', ask)
      .addNode('two', async (input) => ({ other: (await ask(input)).text ?? '' }))
      .addEdge(START, 'one')
      .addEdge(START, 'two')
      .addEdge('one', END)
      .addEdge('two', END)
      .compile();
    const unhandled = await unhandledRejectionsOf(async () => {
      const error = await rejectionOf(graph.invoke({ text: 'Hello' }));
      expect(findPolicyDenied(error)).toBeInstanceOf(PolicyDeniedError);
      // Of the oldest versions the first error comes as it is.
      if (!isOldest) expect(error).toBeInstanceOf(AggregateError);
    });
    expect(unhandled).toEqual([]);
    expect(stage.provider.requests).toEqual([]);
    expect(await stage.decisions()).toHaveLength(2);
  });

  test('comes out of createReactAgent', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const lookUp = tool(() => 'Found.', {
      name: 'look_up',
      description: 'Looks up.',
      schema: { type: 'object' } as never,
    });
    const agent = createReactAgent({ llm: deniedModel(stage), tools: [lookUp] });
    await denialOf(agent.invoke({ messages: [{ role: 'user', content: 'Hello' }] }));
    expect(await countsOf(stage)).toEqual(ONE_DENIAL);
    const allowed = createReactAgent({ llm: governChatModel(stage.chat(), stage.cz), tools: [] });
    await allowed.invoke({ messages: [{ role: 'user', content: 'Hello' }] });
    expect(stage.provider.requests).toHaveLength(1);
  });

  test('comes out of createReactAgent where the model is asked for a format, for which it is unwrapped', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const responseFormat = { title: 'A', type: 'object', properties: { a: { type: 'string' } } };
    const run = async (model: string): Promise<unknown> => {
      const llm = governChatModel(stage.chat({ model }), stage.cz);
      return createReactAgent({ llm, tools: [], responseFormat }).invoke({ messages: [['human', 'Hello']] });
    };
    await denialOf(run(DENIED));
    expect(stage.provider.requests).toEqual([]);
    // The local provider answers by a text here, which newer versions do not take.
    await run('gpt-4').catch(() => undefined);
    expect(stage.provider.requests).toHaveLength(2);
    expect(new Set(stage.provider.modelRequests.map(({ model }) => model))).toEqual(new Set(['gpt-4']));
    expect(await stage.decisions()).toHaveLength(3);
  });

  test('of a model inside a tool becomes a message that holds nothing of the policy', async () => {
    await using stage = await openLangChainStage({
      rules: [{ effect: 'deny', action: '*', resource: '*', id: 'secret-rule', reason: 'A secret reason.' }],
    });
    const model = deniedModel(stage);
    const ask = tool(async () => model.invoke('Hello'), {
      name: 'ask',
      description: 'Asks.',
      schema: { type: 'object' } as never,
    });
    const call = new AIMessage({ content: '', tool_calls: [{ name: 'ask', args: {}, id: '1', type: 'tool_call' }] });
    const { messages } = (await new ToolNode([ask]).invoke({ messages: [call] })) as {
      messages: { content: string }[];
    };
    expect(messages[0]?.content).toContain('Policy denied');
    expect(messages[0]?.content).not.toMatch(/secret/iu);
    expect(stage.provider.requests).toEqual([]);
  });

  test('takes what LangGraph and LangChain write on it', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const error = await denialOf(deniedModel(stage).invoke('Hello'));
    expect(Object.assign(error, { pregelTaskId: '1', input: 'Hello' })).toBe(error);
    expect(Reflect.get(error, 'is_bubble_up')).toBeUndefined();
    expect(error).toMatchObject({ status: 403, name: 'PolicyDeniedError' });
    const stamp = Symbol.for('langchain.errors.retryable');
    expect(
      Object.getOwnPropertyDescriptor(error, stamp) ??
        Object.getOwnPropertyDescriptor(Object.getPrototypeOf(error), stamp),
    ).toMatchObject({
      value: false,
      enumerable: false,
    });
  });
});

class CollectingTracer extends BaseTracer {
  readonly name = 'collecting';
  readonly runs: Run[] = [];

  protected override async persistRun(run: Run): Promise<void> {
    this.runs.push(run);
  }
}

describe('the trace of a denied call', () => {
  const ways: readonly CallPath[] = [...commonPaths, ...chatPaths].filter(
    // These have callbacks of their own, or none of ours.
    ({ name }) => !/listeners|handler|lambda|graph|Retry/iu.test(name),
  );

  test.each(ways)('is started and ended with the error: $name', async ({ call }) => {
    await using stage = await openLangChainStage(modelAllowlist);
    const handler = new RecordingHandler();
    const model = governChatModel(stage.chat({ model: DENIED, callbacks: [handler] }), stage.cz);
    const error = await rejectionOf(call(model));
    expect(handler.events).toEqual(['start', 'error']);
    expect(handler.errors).toEqual([error]);
  });

  test('is one closed run, also of a chain', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const tracer = new CollectingTracer();
    await denialOf(
      deniedModel(stage)
        .pipe(new StringOutputParser() as never)
        .invoke('Hello', { callbacks: [tracer] }),
    );
    await new Promise((resolve) => setImmediate(resolve));
    const [run] = tracer.runs;
    expect(run).toMatchObject({ run_type: 'chain', error: expect.stringContaining('Policy denied') as string });
    expect(run?.child_runs).toMatchObject([
      {
        run_type: 'llm',
        error: expect.stringContaining('Policy denied') as string,
        end_time: expect.any(Number) as number,
      },
    ]);
  });

  test('of an allowed call is as it is without governance', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const [governed, plain] = [new RecordingHandler(), new RecordingHandler()];
    await governChatModel(stage.chat({ callbacks: [governed] }), stage.cz).invoke('Hello');
    await stage.chat({ callbacks: [plain] }).invoke('Hello');
    expect(governed.events).toEqual(plain.events);
  });

  test('keeps the context of the caller', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const storage = new AsyncLocalStorage<string>();
    let seen: string | undefined;
    const model = governChatModel(
      stage.chat({ callbacks: [{ handleLLMEnd: () => (seen = storage.getStore()), awaitHandlers: true }] }),
      stage.cz,
    );
    await storage.run('caller', async () => RunnableLambda.from(async () => model.invoke('Hello')).invoke(''));
    expect(seen).toBe('caller');
  });
});
