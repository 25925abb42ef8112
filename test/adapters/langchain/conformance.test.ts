import { ChatOpenAI, OpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { vi } from 'vitest';

import type { GovernChatModelOptions, LangChainModel } from '../../../adapters/langchain/index.ts';
import { governChatModel, governEmbeddings } from '../../../adapters/langchain/index.ts';
import { describeAdapterConformance } from '../../support/adapter-conformance.ts';
import type { AdapterCall, AdapterCalls, AdapterUnderTest, Governance } from '../../support/adapter-stage.ts';
import { isOldest } from '../../support/langchain-stage.ts';
import { LocalChatModel } from '../../support/local-chat-model.ts';

// LangChain waits for seconds before it repeats a request: the limit is for what hangs.
vi.setConfig({ testTimeout: 120_000 });

interface Model extends LangChainModel {
  invoke(input: string, options?: object): Promise<unknown>;
  stream(input: string, options?: object): Promise<AsyncIterable<unknown>>;
}

interface ModelFields {
  readonly model: string;
  readonly apiKey: string;
  readonly maxRetries: number;
  readonly configuration: { readonly baseURL: string };
}

type CreateModel = (fields: ModelFields) => Model;

const GREETING = 'Hello';

function optionsOf({ agentId, context, fallback }: Governance): GovernChatModelOptions {
  return {
    ...(agentId !== undefined && { agentId }),
    ...(context !== undefined && { context }),
    ...(fallback !== undefined && { fallback }),
  };
}

function metadataOf({ claimedAgentId }: AdapterCall): object {
  return claimedAgentId === undefined ? {} : { metadata: { agent_id: claimedAgentId } };
}

// Answers carry the id of the run, which is another one each time.
function withoutRunId(message: unknown): unknown {
  return JSON.parse(JSON.stringify(message, (key, value: unknown) => (key === 'id' ? undefined : value))) as unknown;
}

function adapterFor(create: CreateModel, prepare: (model: Model) => Model = (model) => model): AdapterUnderTest {
  return {
    name: 'langchain',
    capabilities: ['streaming', 'embeddings', 'fallback', 'call-metadata'],
    open: ({ baseURL, maxRetries }, governance): AdapterCalls => {
      const common = { apiKey: 'local', maxRetries, configuration: { baseURL } };
      const fieldsOf = ({ model }: AdapterCall): ModelFields => ({ ...common, model: model as string });
      const modelFor = (call: AdapterCall): Model => {
        const model = create(fieldsOf(call));
        return prepare(governance ? governChatModel(model, governance.cz, optionsOf(governance)) : model);
      };
      return {
        generate: async (call) => withoutRunId(await modelFor(call).invoke(call.prompt ?? GREETING, metadataOf(call))),
        async *stream(call) {
          const chunks = await modelFor(call).stream(call.prompt ?? GREETING, metadataOf(call));
          for await (const chunk of chunks) yield withoutRunId(chunk);
        },
        embed: async (call) => {
          const embeddings = new OpenAIEmbeddings(fieldsOf(call));
          const { fallback: _, ...options } = governance ? optionsOf(governance) : {};
          const governed = governance ? governEmbeddings(embeddings, governance.cz, options) : embeddings;
          return governed.embedQuery(call.prompt ?? GREETING);
        },
      };
    },
  };
}

const chatOpenAI: CreateModel = (fields) => new ChatOpenAI(fields);

// LangChain waits seconds before it tries again.
const driver = adapterFor(chatOpenAI);
describeAdapterConformance('ChatOpenAI', { ...driver, capabilities: ['retries', ...driver.capabilities] });
describeAdapterConformance(
  'ChatOpenAI with the Responses API',
  adapterFor((fields) => new ChatOpenAI({ ...fields, useResponsesApi: true })),
);
describeAdapterConformance(
  'ChatOpenAI with tools bound',
  adapterFor(chatOpenAI, (model) => (model as ChatOpenAI).bindTools([])),
);
describeAdapterConformance(
  'a chat model of another provider',
  adapterFor((fields) => new LocalChatModel(fields)),
);
describeAdapterConformance(
  'OpenAI, a model of text',
  // Its constructor refuses the names of chat models.
  adapterFor(({ model, ...fields }) => new OpenAI({ ...fields, modelKwargs: { model } })),
);

// It needs a newer LangChain than the oldest one.
if (!isOldest) {
  const { ChatGroq } = await import('@langchain/groq');
  describeAdapterConformance(
    'ChatGroq',
    adapterFor(
      ({ model, apiKey, maxRetries, configuration: { baseURL } }) =>
        new ChatGroq({ model, apiKey, maxRetries, baseUrl: baseURL.replace('/v1', '') }),
    ),
  );
}
