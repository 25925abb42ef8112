import type { OpenAIProvider } from '@ai-sdk/openai';
import type { LanguageModel, LanguageModelMiddleware } from 'ai';

import type { GovernProviderOptions } from '../../../adapters/ai-sdk/index.ts';
import {
  controlZeroMiddleware,
  governEmbeddingModel,
  governModel,
  governProvider,
} from '../../../adapters/ai-sdk/index.ts';
import { describeAdapterConformance } from '../../support/adapter-conformance.ts';
import type { AdapterCall, AdapterCalls, AdapterUnderTest, Governance } from '../../support/adapter-stage.ts';
import type { AISDK } from '../../support/ai-sdk-majors.ts';
import { aiSDKMajors } from '../../support/ai-sdk-majors.ts';

type Model = Exclude<LanguageModel, string>;
type EmbeddingModel = ReturnType<OpenAIProvider['embedding']>;

/** Which API of the provider is used. */
type Factory = 'chat' | 'responses' | 'completion';

/** A way to govern what is called. */
interface Way {
  readonly hasFallback: boolean;
  language(stage: Stage, call: AdapterCall): Model;
  embedding(stage: Stage, call: AdapterCall): EmbeddingModel;
}

interface Stage {
  readonly sdk: AISDK;
  readonly openai: OpenAIProvider;
  readonly factory: Factory;
  readonly governance: Governance;
}

const idOf = ({ model }: AdapterCall): string => model as string;

function common({ agentId, context }: Governance): Omit<GovernProviderOptions, 'fallback'> {
  return { ...(agentId !== undefined && { agentId }), ...(context !== undefined && { context }) };
}

const byModel: Way = {
  hasFallback: true,
  language: ({ openai, factory, governance }, call) => {
    const fallback = governance.fallback?.map((id) => openai[factory](id)) ?? [];
    return governModel(openai[factory](idOf(call)), governance.cz, { ...common(governance), fallback });
  },
  embedding: ({ openai, governance }, call) =>
    governEmbeddingModel(openai.embedding(idOf(call)), governance.cz, common(governance)),
};

function governed({ openai, governance }: Stage): OpenAIProvider {
  const { fallback = [], cz } = governance;
  return governProvider(openai, cz, { ...common(governance), fallback });
}

const byProvider: Way = {
  hasFallback: true,
  language: (stage, call) => governed(stage)[stage.factory](idOf(call)),
  embedding: (stage, call) => governed(stage).embedding(idOf(call)),
};

const byRegistry: Way = {
  hasFallback: false,
  language: (stage, call) =>
    stage.sdk.ai.createProviderRegistry({ local: governed(stage) }).languageModel(`local:${idOf(call)}`),
  embedding: (stage, call) =>
    stage.sdk.ai.createProviderRegistry({ local: governed(stage) }).embeddingModel(`local:${idOf(call)}`),
};

const byMiddleware: Way = {
  hasFallback: false,
  language: ({ sdk, openai, factory, governance }, call) => {
    const passing: LanguageModelMiddleware = {};
    const middleware = [passing, controlZeroMiddleware(governance.cz, common(governance))];
    return sdk.ai.wrapLanguageModel({ model: openai[factory](idOf(call)), middleware, modelId: 'renamed' });
  },
  embedding: ({ sdk, openai, governance }, call) =>
    sdk.ai.wrapEmbeddingModel({
      model: openai.embedding(idOf(call)),
      middleware: controlZeroMiddleware(governance.cz, common(governance)),
    }),
};

const byNothing: Way = {
  hasFallback: false,
  language: ({ openai, factory }, call) => openai[factory](idOf(call)),
  embedding: ({ openai }, call) => openai.embedding(idOf(call)),
};

interface CallOptions {
  readonly prompt: string;
  readonly maxRetries: number;
  readonly providerOptions?: { readonly controlzero: { readonly agentId: string } };
}

interface Driver {
  readonly sdk: AISDK;
  readonly factory: Factory;
  readonly way: Way;
  readonly isRepeating?: boolean;
}

// Answers carry a time of their own each.
function comparable(result: { readonly text: string; readonly content: unknown; readonly usage: unknown }): object {
  const { text, content, usage } = result;
  return { text, content: JSON.parse(JSON.stringify(content)) as unknown, usage };
}

function adapterFor({ sdk, factory, way, isRepeating = false }: Driver): AdapterUnderTest {
  return {
    name: 'ai-sdk',
    capabilities: [
      'streaming',
      'embeddings',
      'call-metadata',
      ...(isRepeating ? (['retries'] as const) : []),
      ...(way.hasFallback ? (['fallback'] as const) : []),
      ...(way === byModel || way === byProvider ? (['unnamed-model'] as const) : []),
    ],
    open: ({ baseURL, maxRetries }, governance): AdapterCalls => {
      const openai = sdk.createOpenAI({ baseURL, apiKey: 'local' });
      const stage = { sdk, openai, factory, governance: governance as Governance };
      const used = governance ? way : byNothing;
      const options = ({ prompt = 'Hello', claimedAgentId }: AdapterCall): CallOptions => ({
        prompt,
        maxRetries,
        ...(claimedAgentId !== undefined && { providerOptions: { controlzero: { agentId: claimedAgentId } } }),
      });
      return {
        generate: async (call) =>
          comparable(await sdk.ai.generateText({ model: used.language(stage, call), ...options(call) })),
        async *stream(call) {
          const { fullStream } = sdk.ai.streamText({
            model: used.language(stage, call),
            ...options(call),
            onError: () => undefined,
          });
          for await (const part of fullStream) {
            if (part.type === 'error') throw part.error;
            if (part.type === 'text-delta') yield part;
          }
        },
        embed: async (call) => {
          const { prompt: value, ...rest } = options(call);
          const { embedding } = await sdk.ai.embed({ model: used.embedding(stage, call), value, ...rest });
          return embedding;
        },
      };
    },
  };
}

for (const { name, sdk } of aiSDKMajors) {
  describeAdapterConformance(
    `${name}, governModel`,
    adapterFor({ sdk, factory: 'chat', way: byModel, isRepeating: true }),
  );
  describeAdapterConformance(
    `${name}, governModel and responses`,
    adapterFor({ sdk, factory: 'responses', way: byModel }),
  );
  describeAdapterConformance(
    `${name}, governModel and completions`,
    adapterFor({ sdk, factory: 'completion', way: byModel }),
  );
  describeAdapterConformance(`${name}, governProvider`, adapterFor({ sdk, factory: 'responses', way: byProvider }));
  describeAdapterConformance(
    `${name}, a registry of governed providers`,
    adapterFor({ sdk, factory: 'responses', way: byRegistry }),
  );
  describeAdapterConformance(
    `${name}, middleware`,
    adapterFor({ sdk, factory: 'chat', way: byMiddleware, isRepeating: true }),
  );
}
