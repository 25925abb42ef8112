import type { OpenAI } from 'openai';

import type { WrapOpenAIOptions } from '../../../adapters/openai/index.ts';
import { wrapOpenAI } from '../../../adapters/openai/index.ts';
import { describeAdapterConformance } from '../../support/adapter-conformance.ts';
import type { AdapterCall, AdapterCalls, AdapterUnderTest, Governance } from '../../support/adapter-stage.ts';
import type { OpenAIModule } from '../../support/openai-majors.ts';
import { openAIBuilds, openAIMajors } from '../../support/openai-majors.ts';

interface Parameters {
  readonly model: never;
  readonly metadata?: Record<string, string>;
}

// On the wire, so it may say what it likes.
function common({ model, claimedAgentId }: AdapterCall): Parameters {
  return { model: model as never, ...(claimedAgentId !== undefined && { metadata: { agent_id: claimedAgentId } }) };
}

type Ways = (client: OpenAI) => AdapterCalls;

const GREETING = 'Hello';

function embed(client: OpenAI): AdapterCalls['embed'] {
  return async ({ model, prompt = GREETING }) => client.embeddings.create({ model: model as never, input: prompt });
}

const byChatCompletions: Ways = (client) => {
  const parameters = (call: AdapterCall) => ({
    ...common(call),
    messages: [{ role: 'user' as const, content: call.prompt ?? GREETING }],
  });
  return {
    generate: async (call) => client.chat.completions.create(parameters(call)),
    async *stream(call) {
      yield* await client.chat.completions.create({ ...parameters(call), stream: true });
    },
    embed: embed(client),
  };
};

const byChatHelpers: Ways = (client) => {
  const parameters = (call: AdapterCall) => ({
    ...common(call),
    messages: [{ role: 'user' as const, content: call.prompt ?? GREETING }],
  });
  return {
    generate: async (call) => client.chat.completions.parse(parameters(call)),
    async *stream(call) {
      yield* client.chat.completions.stream(parameters(call));
    },
    embed: embed(client),
  };
};

const byResponses: Ways = (client) => {
  const parameters = (call: AdapterCall) => ({ ...common(call), input: call.prompt ?? GREETING });
  return {
    generate: async (call) => client.responses.create(parameters(call)),
    async *stream(call) {
      yield* await client.responses.create({ ...parameters(call), stream: true });
    },
    embed: embed(client),
  };
};

const byResponseHelpers: Ways = (client) => {
  const parameters = (call: AdapterCall) => ({ ...common(call), input: call.prompt ?? GREETING });
  return {
    generate: async (call) => client.responses.parse(parameters(call)),
    async *stream(call) {
      yield* client.responses.stream(parameters(call));
    },
    embed: embed(client),
  };
};

const byCompletions: Ways = (client) => {
  const parameters = (call: AdapterCall) => ({ ...common(call), prompt: call.prompt ?? GREETING });
  return {
    generate: async (call) => client.completions.create(parameters(call)),
    async *stream(call) {
      yield* await client.completions.create({ ...parameters(call), stream: true });
    },
    embed: embed(client),
  };
};

function wrapOptions({ agentId, context, fallback }: Governance): WrapOpenAIOptions {
  return {
    ...(agentId !== undefined && { agentId }),
    ...(context !== undefined && { context }),
    ...(fallback !== undefined && { fallback }),
  };
}

function adapterFor({ OpenAI: Client }: OpenAIModule, ways: Ways): AdapterUnderTest {
  return {
    name: 'openai',
    capabilities: ['retries', 'streaming', 'embeddings', 'fallback', 'unnamed-model'],
    open: (target, governance) => {
      const client = new Client({ apiKey: 'local', ...target });
      return ways(governance ? wrapOpenAI(client, governance.cz, wrapOptions(governance)) : client);
    },
  };
}

for (const { name, library } of openAIBuilds) {
  describeAdapterConformance(`${name}, chat completions`, adapterFor(library, byChatCompletions));
}

for (const { name, library } of openAIMajors) {
  describeAdapterConformance(`${name}, helpers of chat completions`, adapterFor(library, byChatHelpers));
  describeAdapterConformance(`${name}, responses`, adapterFor(library, byResponses));
  describeAdapterConformance(`${name}, helpers of responses`, adapterFor(library, byResponseHelpers));
  describeAdapterConformance(`${name}, completions`, adapterFor(library, byCompletions));
}
