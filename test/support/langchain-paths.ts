import type { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { HumanMessage } from '@langchain/core/messages';
import { StringOutputParser } from '@langchain/core/output_parsers';
import { ChatPromptTemplate } from '@langchain/core/prompts';
import { RunnableLambda, RunnableMap, RunnableSequence } from '@langchain/core/runnables';
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import type { ChatOpenAI } from '@langchain/openai';
import { OpenAI } from '@langchain/openai';
import { initChatModel } from 'langchain/chat_models/universal';

import { collect } from './collect.ts';
import type { LangChainStage } from './langchain-stage.ts';
import { hasEventStreams, isOldest } from './langchain-stage.ts';
import { LocalChatModel } from './local-chat-model.ts';

// It needs a newer LangChain than the oldest one.
const groq = isOldest ? undefined : await import('@langchain/groq');

/** A kind of model, as an application makes it. */
export interface ModelKind {
  readonly name: string;
  create(stage: LangChainStage, model: string): Promise<BaseChatModel>;
}

/** One way of calling a model. */
export interface CallPath {
  readonly name: string;
  call(model: BaseChatModel): Promise<unknown>;
}

const INPUT = 'Hello';
const MESSAGES = [new HumanMessage(INPUT)];
const SCHEMA = {
  title: 'Answer',
  type: 'object',
  properties: { text: { type: 'string' } },
  required: ['text'],
  additionalProperties: false,
} as const;
const TOOL = {
  type: 'function',
  function: { name: 'look_up', description: 'Looks something up.', parameters: SCHEMA },
} as const;

/** What a model of any provider may have that the types of the base class do not say. */
interface AnyModel {
  streamV2(input: string): AsyncIterable<unknown>;
  streamEvents(input: string, options?: object): AsyncIterable<unknown>;
}

interface OpenAIDelegate {
  _generate(messages: readonly HumanMessage[], options: object): Promise<unknown>;
  _streamResponseChunks(messages: readonly HumanMessage[], options: object): AsyncIterable<unknown>;
  completionWithRetry(request: object, options?: object): Promise<unknown>;
}

/** The inner models by which ChatOpenAI speaks one of two APIs; in the oldest versions it is one model. */
function delegatesOf(model: unknown): { readonly completions: OpenAIDelegate; readonly responses: OpenAIDelegate } {
  return model as never;
}

/** Kinds of models that are called in the same ways. */
export const modelKinds: readonly ModelKind[] = [
  { name: 'ChatOpenAI', create: async (stage, model) => stage.chat({ model }) },
  {
    name: 'ChatOpenAI with the Responses API',
    create: async (stage, model) => stage.chat({ model, useResponsesApi: true }),
  },
  { name: 'AzureChatOpenAI', create: async (stage, model) => stage.azure(model) },
  {
    name: 'ChatOpenAI with model in modelKwargs',
    create: async (stage, model) => stage.chat({ model: 'gpt-4', modelKwargs: { model } }),
  },
  {
    name: 'OpenAI',
    create: async ({ fields }, model) => new OpenAI({ ...fields, modelKwargs: { model } }) as unknown as BaseChatModel,
  },
  {
    name: 'a model of another provider',
    create: async ({ fields }, model) => new LocalChatModel({ ...fields, model }),
  },
  ...(groq
    ? [
        {
          name: 'ChatGroq',
          create: async ({ provider }: LangChainStage, model: string) =>
            new groq.ChatGroq({ model, apiKey: 'local', baseUrl: provider.url, maxRetries: 2 }),
        },
      ]
    : []),
  {
    name: 'initChatModel',
    create: async ({ fields }, model) => initChatModel(model, { modelProvider: 'openai', ...fields }),
  },
  {
    name: 'initChatModel with configurable fields',
    create: async ({ fields }, model) => {
      const configurable = await initChatModel('gpt-4', {
        modelProvider: 'openai',
        configurableFields: ['model'],
        ...fields,
      });
      return configurable.withConfig({ configurable: { model } }) as unknown as BaseChatModel;
    },
  },
  {
    name: 'a binding of ChatOpenAI',
    create: async (stage, model) => {
      const listened = stage.chat({ model }).withListeners({ onStart: () => undefined });
      return listened as unknown as BaseChatModel;
    },
  },
];

const graphState = Annotation.Root({ text: Annotation<string>() });

const isLanguageModel = (model: BaseChatModel): boolean => typeof model.generatePrompt === 'function';

/** Ways to call every model, each of which makes one request. */
export const commonPaths: readonly CallPath[] = [
  { name: 'invoke', call: async (model) => model.invoke(INPUT) },
  { name: 'invoke with messages', call: async (model) => model.invoke(MESSAGES) },
  { name: 'batch', call: async (model) => model.batch([INPUT]) },
  {
    name: 'generatePrompt',
    call: async (model) => {
      const prompt = await ChatPromptTemplate.fromMessages([['human', INPUT]]).formatPromptValue({});
      return isLanguageModel(model) ? model.generatePrompt([prompt]) : model.invoke(prompt);
    },
  },
  { name: 'stream', call: async (model) => collect(await model.stream(INPUT)) },
  {
    name: 'transform',
    call: async (model) => {
      const input = (async function* () {
        yield INPUT;
      })();
      return collect(model.transform(input as never, {}));
    },
  },
  { name: 'streamLog', call: async (model) => collect(model.streamLog(INPUT)) },
  { name: 'streamEvents v1', call: async (model) => collect(model.streamEvents(INPUT, { version: 'v1' })) },
  { name: 'streamEvents v2', call: async (model) => collect(model.streamEvents(INPUT, { version: 'v2' })) },
  {
    name: 'a sequence',
    call: async (model) =>
      RunnableSequence.from([
        ChatPromptTemplate.fromMessages([['human', INPUT]]),
        model,
        new StringOutputParser(),
      ]).invoke({}),
  },
  {
    name: 'a sequence that streams',
    call: async (model) => collect(await model.pipe(new StringOutputParser() as never).stream(INPUT)),
  },
  { name: 'a map', call: async (model) => RunnableMap.from({ answer: model as never }).invoke(INPUT) },
  { name: 'a lambda', call: async (model) => RunnableLambda.from(async () => model.invoke(INPUT)).invoke('') },
  { name: 'withConfig', call: async (model) => model.withConfig({ tags: ['a'] }).invoke(INPUT) },
  {
    name: 'withConfig, streamed',
    call: async (model) => collect(await model.withConfig({ tags: ['a'] }).stream(INPUT)),
  },
  { name: 'withConfig of withConfig', call: async (model) => model.withConfig({}).withConfig({}).invoke(INPUT) },
  { name: 'withRetry', call: async (model) => model.withRetry({ stopAfterAttempt: 3 }).invoke(INPUT) },
  { name: 'withRetry, batch', call: async (model) => model.withRetry({ stopAfterAttempt: 3 }).batch([INPUT]) },
  {
    name: 'withRetry of withConfig',
    call: async (model) => model.withConfig({}).withRetry({ stopAfterAttempt: 3 }).invoke(INPUT),
  },
  { name: 'withListeners', call: async (model) => model.withListeners({ onStart: () => undefined }).invoke(INPUT) },
  {
    name: 'a handler that prefers streams',
    call: async (model) =>
      model.invoke(INPUT, { callbacks: [{ lc_prefer_streaming: true, handleLLMNewToken: () => undefined } as never] }),
  },
  {
    name: 'a node of a graph',
    call: async (model) =>
      new StateGraph(graphState)
        .addNode('ask', async ({ text }) => ({ text: JSON.stringify(await model.invoke(text)) }))
        .addEdge(START, 'ask')
        .addEdge('ask', END)
        .compile()
        .invoke({ text: INPUT }),
  },
];

/** Ways to call chat models only. */
export const chatPaths: readonly CallPath[] = [
  { name: 'bindTools', call: async (model) => model.bindTools?.([TOOL]).invoke(INPUT) },
  {
    name: 'bindTools, streamed',
    call: async (model) => collect((await model.bindTools?.([TOOL]).stream(INPUT)) as AsyncIterable<unknown>),
  },
  { name: 'bindTools and withConfig', call: async (model) => model.bindTools?.([TOOL]).withConfig({}).invoke(INPUT) },
  {
    name: 'a sequence with tools bound',
    call: async (model) =>
      RunnableLambda.from(async () => INPUT)
        .pipe(model.bindTools?.([TOOL]) as never)
        .invoke(''),
  },
];

/** Ways to call chat models that can be asked for JSON. */
export const structuredPaths: readonly CallPath[] = [
  {
    name: 'withStructuredOutput by tools',
    call: async (model) => model.withStructuredOutput(SCHEMA, { method: 'functionCalling' }).invoke(INPUT),
  },
  {
    name: 'withStructuredOutput by tools, with the raw message',
    call: async (model) =>
      model.withStructuredOutput(SCHEMA, { method: 'functionCalling', includeRaw: true }).invoke(INPUT),
  },
];

/** Streams of events that no callback hears of. */
export const eventPaths: readonly CallPath[] = hasEventStreams
  ? [
      {
        name: 'streamEvents without a version',
        call: async (model) => collect((model as unknown as AnyModel).streamEvents(INPUT)),
      },
      { name: 'streamV2', call: async (model) => collect((model as unknown as AnyModel).streamV2(INPUT)) },
      {
        name: 'streamEvents without a version, as a promise',
        call: async (model) => (model as unknown as AnyModel).streamEvents(INPUT),
      },
      {
        name: 'a handler that prefers events',
        call: async (model) =>
          model.invoke(INPUT, {
            callbacks: [
              { lc_prefer_chat_model_stream_events: true, handleChatModelStreamEvent: () => undefined } as never,
            ],
          }),
      },
    ]
  : [];

const REQUEST = { messages: [{ role: 'user', content: INPUT }] };

function modelOf(model: unknown): string {
  return (model as ChatOpenAI).model;
}

/** Ways past the public methods of ChatOpenAI. */
export const innerPaths: readonly CallPath[] = [
  {
    name: '_generate',
    call: async (model) => (model as unknown as OpenAIDelegate)._generate(MESSAGES, {}),
  },
  {
    name: '_streamResponseChunks',
    call: async (model) => collect((model as unknown as OpenAIDelegate)._streamResponseChunks(MESSAGES, {})),
  },
  ...(isOldest
    ? [
        {
          name: 'completionWithRetry',
          call: async (model: BaseChatModel) =>
            (model as unknown as OpenAIDelegate).completionWithRetry({ ...REQUEST, model: modelOf(model) }),
        },
      ]
    : [
        {
          name: 'completions.invoke',
          call: async (model: BaseChatModel) =>
            (delegatesOf(model).completions as unknown as BaseChatModel).invoke(INPUT),
        },
        {
          name: 'completions._generate',
          call: async (model: BaseChatModel) => delegatesOf(model).completions._generate(MESSAGES, {}),
        },
        {
          name: 'completions.completionWithRetry',
          call: async (model: BaseChatModel) =>
            delegatesOf(model).completions.completionWithRetry({ ...REQUEST, model: modelOf(model) }),
        },
        {
          name: 'responses._generate',
          call: async (model: BaseChatModel) => delegatesOf(model).responses._generate(MESSAGES, {}),
        },
        {
          name: 'responses.completionWithRetry',
          call: async (model: BaseChatModel) =>
            delegatesOf(model).responses.completionWithRetry({ input: INPUT, model: modelOf(model) }),
        },
      ]),
];
