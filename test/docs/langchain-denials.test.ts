import { MemoryVectorStore } from '@langchain/classic/vectorstores/memory';
import type { StructuredToolInterface } from '@langchain/core/tools';
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import { createReactAgent } from '@langchain/langgraph/prebuilt';
import { OpenAIEmbeddings } from '@langchain/openai';
import type { AgentMiddleware } from 'langchain';
import {
  createAgent,
  llmToolSelectorMiddleware,
  modelFallbackMiddleware,
  modelRetryMiddleware,
  openAIModerationMiddleware,
  summarizationMiddleware,
  tool,
  toolEmulatorMiddleware,
} from 'langchain';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import type { ControlZeroMiddlewareOptions } from '../../adapters/langchain/index.ts';
import {
  ControlZeroCallbackHandler,
  controlZeroMiddleware,
  governChatModel,
  governEmbeddings,
} from '../../adapters/langchain/index.ts';
import type { Policy } from '../../src/index.ts';
import { findPolicyDenied, PolicyDeniedError } from '../../src/index.ts';
import { collect } from '../support/collect.ts';
import type { LangChainStage } from '../support/langchain-stage.ts';
import { openLangChainStage } from '../support/langchain-stage.ts';
import { silentLogger } from '../support/silent-logger.ts';

// What docs/langchain.md says about the ways on which a denial arrives, row by row.
// LangChain's own middleware do not fit its createAgent() with exactOptionalPropertyTypes, hence the casts.

const DENIED = 'gpt-4-turbo';
const policy: Policy = {
  rules: [
    { effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' },
    { effect: 'allow', action: 'tool.call', resource: 'tool/ask_model' },
  ],
};
const question = { messages: [{ role: 'user', content: 'Hello' }] };
const schema = z.object({ text: z.string() });
const refund: StructuredToolInterface = tool(() => 'paid back', {
  name: 'issue_refund',
  description: 'Pays back',
  schema,
});

type Middleware = AgentMiddleware | ReturnType<typeof controlZeroMiddleware>;

interface AgentParts {
  readonly model?: string;
  readonly middleware?: readonly unknown[];
  readonly tools?: StructuredToolInterface[];
}

// The last message of an agent: its kind, its status, its text.
async function runAgent(stage: LangChainStage, parts: AgentParts): Promise<string> {
  const { model = DENIED, middleware = [], tools = [] } = parts;
  const agent = createAgent({
    model: stage.chat({ model }),
    tools,
    middleware: middleware as Middleware[],
  });
  const { messages } = await agent.invoke(question);
  return messages.map((message) => `${message.type}: ${message.text}`).join('\n');
}

const governed = (stage: LangChainStage, model = DENIED): ReturnType<LangChainStage['chat']> =>
  governChatModel(stage.chat({ model }), stage.cz);
const ours = (
  stage: LangChainStage,
  options?: ControlZeroMiddlewareOptions,
): ReturnType<typeof controlZeroMiddleware> => controlZeroMiddleware(stage.cz, options);

function graphOf(names: readonly string[], ask: () => Promise<{ text: string }>) {
  const state = Annotation.Root({ text: Annotation<string>({ reducer: (_, next) => next, default: () => '' }) });
  const graph = new StateGraph(state);
  for (const name of names) {
    graph.addNode(name, ask, { retryPolicy: { maxAttempts: 3 } });
    graph.addEdge(START, name as never);
    graph.addEdge(name as never, END);
  }
  return graph.compile();
}

async function arrivalOf(run: Promise<unknown>): Promise<string> {
  return run.then(
    (value) => String(value),
    (error: unknown) => {
      if (error instanceof PolicyDeniedError) return 'PolicyDeniedError';
      return `${(error as Error).constructor.name} with ${findPolicyDenied(error)?.name}`;
    },
  );
}

const askModel = (stage: LangChainStage): StructuredToolInterface =>
  tool(async () => (await governed(stage).invoke('Hello')).text, { name: 'ask_model', description: 'Asks', schema });

const paths: readonly (readonly [path: string, run: (stage: LangChainStage) => Promise<unknown>, arrival: RegExp])[] = [
  ['invoke', async (stage) => governed(stage).invoke('Hello'), /^PolicyDeniedError$/u],
  ['stream', async (stage) => collect(await governed(stage).stream('Hello')), /^PolicyDeniedError$/u],
  [
    'streamEvents',
    async (stage) => collect(governed(stage).streamEvents('Hello', { version: 'v2' })),
    /^PolicyDen\w+$/u,
  ],
  ['batch', async (stage) => governed(stage).batch(['Hello']), /^PolicyDeniedError$/u],
  [
    'batch that returns exceptions',
    async (stage) =>
      (await governed(stage).batch(['Hello'], {}, { returnExceptions: true })).map(
        (one) => one instanceof PolicyDeniedError,
      ),
    /^true$/u,
  ],
  ['withRetry', async (stage) => governed(stage).withRetry().invoke('Hello'), /^PolicyDeniedError$/u],
  [
    'withFallbacks, all denied',
    async (stage) =>
      governed(stage)
        .withFallbacks([stage.chat({ model: 'gpt-4o' })])
        .invoke('Hello')
        .catch((error: PolicyDeniedError) => error.request.resource),
    /^model\/gpt-4-turbo$/u,
  ],
  [
    'withFallbacks the other way round',
    async (stage) =>
      governChatModel(stage.chat({ model: DENIED }).withFallbacks([stage.chat({ model: DENIED })]), stage.cz).invoke(
        'Hello',
      ),
    /^PolicyDeniedError$/u,
  ],
  [
    'createReactAgent',
    async (stage) => createReactAgent({ llm: governed(stage), tools: [refund] }).invoke(question),
    /^PolicyDeniedError$/u,
  ],
  [
    'createAgent with a governed model',
    async (stage) => createAgent({ model: governed(stage), tools: [] }).invoke(question),
    /^PolicyDeniedError$/u,
  ],
  [
    'a node of a graph, with retries',
    async (stage) => graphOf(['one'], async () => ({ text: (await governed(stage).invoke('x')).text })).invoke({}),
    /^PolicyDeniedError$/u,
  ],
  [
    'two nodes at a time',
    async (stage) =>
      graphOf(['one', 'two'], async () => ({ text: (await governed(stage).invoke('x')).text })).invoke({}),
    /^AggregateError with PolicyDeniedError$/u,
  ],
  [
    'createAgent with our middleware',
    async (stage) => runAgent(stage, { middleware: [ours(stage)] }),
    /^MiddlewareError with PolicyDeniedError$/u,
  ],
  [
    'a retry middleware as it comes',
    async (stage) => runAgent(stage, { middleware: [modelRetryMiddleware({ initialDelayMs: 1 }), ours(stage)] }),
    /ai: Model call failed after 3 attempts/u,
  ],
  [
    'a retry middleware that knows denials',
    async (stage) =>
      runAgent(stage, {
        middleware: [
          modelRetryMiddleware({ onFailure: 'error', retryOn: (error) => !findPolicyDenied(error) }),
          ours(stage),
        ],
      }),
    /^MiddlewareError with PolicyDeniedError$/u,
  ],
  [
    'a denied tool',
    async (stage) => runAgent(stage, { model: 'gpt-4', tools: [refund], middleware: [ours(stage, { tools: true })] }),
    /tool: Policy denied tool\.call on tool\/issue_refund\. Nothing was done\.\nai: Hello/u,
  ],
  [
    'a denied tool that stops the agent',
    async (stage) =>
      runAgent(stage, {
        model: 'gpt-4',
        tools: [refund],
        middleware: [ours(stage, { tools: true, onToolDenied: 'throw' })],
      }),
    /^MiddlewareError with PolicyDeniedError$/u,
  ],
  [
    'a governed model in a tool',
    async (stage) => runAgent(stage, { model: 'gpt-4', tools: [askModel(stage)], middleware: [ours(stage)] }),
    /tool: PolicyDeniedError: Policy denied llm\.generate/u,
  ],
  [
    'a governed model in a governed tool',
    async (stage) =>
      runAgent(stage, { model: 'gpt-4', tools: [askModel(stage)], middleware: [ours(stage, { tools: true })] }),
    /^PolicyDeniedError$/u,
  ],
  [
    'the handler',
    async (stage) =>
      stage.chat({ model: DENIED, callbacks: [new ControlZeroCallbackHandler(stage.cz)] }).invoke('Hello'),
    /^PolicyDeniedError$/u,
  ],
  [
    'a vector store',
    async (stage) =>
      MemoryVectorStore.fromTexts(
        ['a'],
        {},
        governEmbeddings(new OpenAIEmbeddings({ ...stage.fields, model: DENIED }), stage.cz),
      ),
    /^PolicyDeniedError$/u,
  ],
];

const manyMessages = Array.from({ length: 12 }, (_, index) => ({
  role: index % 2 ? 'assistant' : 'user',
  content: 'Hello',
}));

const middlewares: readonly (readonly [
  name: string,
  run: (stage: LangChainStage) => Promise<unknown>,
  arrival: RegExp,
])[] = [
  [
    'summarizationMiddleware',
    async (stage) => {
      const summarize = summarizationMiddleware({
        model: governed(stage),
        trigger: { messages: 5 },
        keep: { messages: 2 },
      } as never);
      const agent = createAgent({
        model: stage.chat(),
        tools: [],
        middleware: [summarize, ours(stage)] as Middleware[],
      });
      return (await agent.invoke({ messages: manyMessages })).messages[0]?.text;
    },
    /Error generating summary: PolicyDeniedError: Policy denied/u,
  ],
  [
    'llmToolSelectorMiddleware',
    async (stage) =>
      runAgent(stage, {
        model: 'gpt-4',
        tools: [refund, askModel(stage)],
        middleware: [llmToolSelectorMiddleware({ model: governed(stage), maxTools: 1 } as never), ours(stage)],
      }),
    /^MiddlewareError with PolicyDeniedError$/u,
  ],
  [
    'toolEmulatorMiddleware',
    async (stage) =>
      runAgent(stage, {
        model: 'gpt-4',
        tools: [refund],
        middleware: [toolEmulatorMiddleware({ model: governed(stage) }), ours(stage)],
      }),
    /^MiddlewareError with PolicyDeniedError$/u,
  ],
  [
    'modelFallbackMiddleware in front',
    async (stage) =>
      runAgent(stage, {
        middleware: [modelFallbackMiddleware(stage.chat({ model: DENIED }), stage.chat()), ours(stage)],
      }),
    /ai: Hello/u,
  ],
  [
    'modelFallbackMiddleware behind, with governed models',
    async (stage) => runAgent(stage, { middleware: [ours(stage), modelFallbackMiddleware(governed(stage))] }),
    /^MiddlewareError with PolicyDeniedError$/u,
  ],
  [
    'openAIModerationMiddleware',
    async (stage) =>
      runAgent(stage, {
        model: 'gpt-4',
        middleware: [openAIModerationMiddleware({ model: stage.chat() }), ours(stage)],
      }),
    /ai: Hello/u,
  ],
];

describe('a denial arrives as docs/langchain.md says', () => {
  test.each([...paths, ...middlewares])('%s', async (_, run, arrival) => {
    await using stage = await openLangChainStage(policy, { logger: silentLogger });
    expect(await arrivalOf(run(stage))).toMatch(arrival);
    expect(stage.provider.modelRequests.filter(({ model }) => model !== 'gpt-4')).toEqual([]);
  });

  test('behind our middleware a fallback that is not governed gets past it, which is why ours is the last', async () => {
    await using stage = await openLangChainStage(policy, { logger: silentLogger });
    const middleware = [ours(stage), modelFallbackMiddleware(stage.chat({ model: 'gpt-4o' }))];
    expect(await arrivalOf(runAgent(stage, { middleware }))).toMatch(/ai: Hello/u);
    expect(stage.provider.modelRequests.map(({ model }) => model)).toEqual(['gpt-4o']);
  });
});
