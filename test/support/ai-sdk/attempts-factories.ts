import { whilePolluted } from '../while-polluted.ts';
import type { Attempt, AttemptStage, Attempts, Model } from './attempt-stage.ts';
import { ALLOWED, DENIED, DENIED_EMBEDDING, embed, generate, oneTool, stream } from './attempt-stage.ts';
import { ClassProvider } from './class-provider.ts';
import { plainWireModel } from './wire-model.ts';

const GENERATING = ['chat', 'responses', 'completion', 'languageModel'] as const;
const EMBEDDING = ['embedding', 'embeddingModel', 'textEmbedding', 'textEmbeddingModel'] as const;

function perName<Name extends string>(names: readonly Name[], attempt: (name: Name) => Attempt): Attempts {
  return Object.fromEntries(names.map((name) => [`provider.${name}()`, attempt(name)]));
}

function plain({ baseURL }: AttemptStage): Model {
  return plainWireModel(baseURL, DENIED) as unknown as Model;
}

/** What a provider hands out, by whichever name. */
export const factoryAttempts: Attempts = {
  ...perName(GENERATING, (name) => async (stage) => generate(stage, stage.openai[name](DENIED))),
  ...perName(EMBEDDING, (name) => async (stage) => embed(stage, stage.openai[name](DENIED_EMBEDDING))),
  'the provider as a function': async (stage) => generate(stage, stage.openai(DENIED)),
  'a detached factory': async (stage) => {
    const { chat } = stage.openai;
    return generate(stage, chat(DENIED));
  },
  'a factory called for another object': async (stage) => generate(stage, stage.openai.chat.call(stage.raw, DENIED)),
  'a copy of the provider': async (stage) => generate(stage, { ...stage.openai }.chat(DENIED)),
  'a factory under a name of its own': async (stage) => {
    const provider = Object.assign(() => undefined, stage.raw, { beta: stage.raw.chat });
    return generate(stage, stage.guard.provider(provider).beta(DENIED));
  },
  'a factory in a namespace': async (stage) => {
    const provider = { languageModel: stage.raw.languageModel, v2: { text: { fast: stage.raw.chat } } };
    return generate(stage, stage.guard.provider(provider).v2.text.fast(DENIED));
  },
  'a factory that is a property of another': async (stage) => {
    const provider = { languageModel: Object.assign(stage.raw.chat.bind(undefined), { fast: stage.raw.chat }) };
    return generate(stage, stage.guard.provider(provider).languageModel.fast(DENIED));
  },
  'a factory that is asynchronous': async (stage) => {
    const provider = { languageModel: stage.raw.chat, load: async (id: string) => stage.raw.chat(id) };
    return generate(stage, await stage.guard.provider(provider).load(DENIED));
  },
  'a factory that gives a provider': async (stage) => {
    const provider = { languageModel: stage.raw.chat, region: (_name: string) => stage.raw };
    return generate(stage, stage.guard.provider(provider).region('eu').chat(DENIED));
  },
  'a model that stands on the provider': async (stage) => {
    const provider = { languageModel: stage.raw.chat, best: stage.raw.chat(DENIED) };
    return generate(stage, stage.guard.provider(provider).best);
  },
  'a plain model that stands on the provider': async (stage) => {
    const provider = { languageModel: stage.raw.chat, best: plain(stage) };
    return generate(stage, stage.guard.provider(provider).best);
  },
  'a plain model in a namespace': async (stage) => {
    const provider = { languageModel: stage.raw.chat, v2: { text: { best: plain(stage) } } };
    return generate(stage, stage.guard.provider(provider).v2.text.best);
  },
  'a plain model in a list': async (stage) => {
    const provider = { languageModel: stage.raw.chat, all: [plain(stage)] as const };
    return generate(stage, stage.guard.provider(provider).all[0]);
  },
  'a plain model that is a function as well': async (stage) => {
    const provider = { languageModel: stage.raw.chat, best: Object.assign(() => undefined, plain(stage)) };
    return generate(stage, stage.guard.provider(provider).best);
  },
  'plain embeddings that stand on the provider': async (stage) => {
    const original = stage.raw.embedding(DENIED_EMBEDDING);
    const { specificationVersion, provider, modelId } = original;
    const best = { specificationVersion, provider, modelId, doEmbed: original.doEmbed.bind(original) };
    return embed(stage, stage.guard.provider({ languageModel: stage.raw.chat, best }).best);
  },
  'a provider inside a provider that is a class': async (stage) =>
    generate(stage, stage.guard.provider(new ClassProvider(stage.raw)).openai.chat(DENIED)),
  'a provider that is a class': async (stage) =>
    generate(stage, stage.guard.provider(new ClassProvider(stage.raw)).languageModel(DENIED)),
  'embeddings of a provider that is a class': async (stage) =>
    embed(stage, stage.guard.provider(new ClassProvider(stage.raw)).embeddingModel(DENIED_EMBEDDING)),
};

function registry(stage: AttemptStage, provider: object): ReturnType<typeof stage.sdk.ai.createProviderRegistry> {
  return stage.sdk.ai.createProviderRegistry({ local: provider as never });
}

/** Registries and custom providers. */
export const registryAttempts: Attempts = {
  'a registry of a governed provider': async (stage) =>
    generate(stage, registry(stage, stage.openai).languageModel(`local:${DENIED}`)),
  'embeddings of a registry of a governed provider': async (stage) =>
    embed(stage, registry(stage, stage.openai).embeddingModel(`local:${DENIED_EMBEDDING}`)),
  'a governed registry': async (stage) =>
    generate(stage, stage.guard.provider(registry(stage, stage.raw)).languageModel(`local:${DENIED}`)),
  'embeddings of a governed registry': async (stage) =>
    embed(stage, stage.guard.provider(registry(stage, stage.raw)).embeddingModel(`local:${DENIED_EMBEDDING}`)),
  'the providers inside a governed registry': async (stage) => {
    const governed = stage.guard.provider(registry(stage, stage.raw)) as unknown as {
      readonly providers: { readonly local: typeof stage.raw };
    };
    return generate(stage, governed.providers.local.languageModel(DENIED));
  },
  'a registry of a class with video models': async (stage) =>
    generate(
      stage,
      registry(stage, stage.guard.provider(new ClassProvider(stage.raw))).languageModel(`local:${DENIED}`),
    ),
  'a custom provider with an alias of an allowed name': async (stage) => {
    const { customProvider } = stage.sdk.ai;
    const provider = stage.guard.provider(customProvider({ languageModels: { [ALLOWED]: stage.raw.chat(DENIED) } }));
    return generate(stage, provider.languageModel(ALLOWED));
  },
  'a custom provider with an alias of an embedding model': async (stage) => {
    const { customProvider } = stage.sdk.ai;
    const embeddingModels = { [ALLOWED]: stage.raw.embedding(DENIED_EMBEDDING) };
    return embed(stage, stage.guard.provider(customProvider({ embeddingModels })).embeddingModel(ALLOWED));
  },
  'the fallback provider of a custom provider': async (stage) => {
    const custom = stage.sdk.ai.customProvider({ languageModels: {}, fallbackProvider: stage.raw });
    return generate(stage, stage.guard.provider(custom).languageModel(DENIED));
  },
  'a governed fallback provider of a custom provider': async (stage) => {
    const custom = stage.sdk.ai.customProvider({ languageModels: {}, fallbackProvider: stage.openai });
    return generate(stage, custom.languageModel(DENIED));
  },
  'wrapProvider around a governed provider': async (stage) => {
    const { wrapProvider, defaultSettingsMiddleware } = stage.sdk.ai;
    const languageModelMiddleware = defaultSettingsMiddleware({ settings: {} });
    return generate(stage, wrapProvider({ provider: stage.openai, languageModelMiddleware }).languageModel(DENIED));
  },
  'embeddings of wrapProvider around a governed provider': async (stage) => {
    const provider = stage.sdk.ai.wrapProvider({ provider: stage.openai, languageModelMiddleware: [] });
    return embed(stage, provider.embeddingModel(DENIED_EMBEDDING));
  },
};

async function byDefault(stage: AttemptStage, run: () => unknown): Promise<void> {
  await whilePolluted(
    { target: globalThis, key: 'AI_SDK_DEFAULT_PROVIDER', property: { value: stage.openai, writable: true } },
    run,
  );
}

/** Ids that are given as strings. */
export const stringAttempts: Attempts = {
  'a string for generateText': async (stage) => byDefault(stage, async () => generate(stage, DENIED)),
  'a string for streamText': async (stage) => byDefault(stage, async () => stream(stage, DENIED)),
  'a string for embed': async (stage) => byDefault(stage, async () => embed(stage, DENIED_EMBEDDING)),
  'a string for embedMany': async (stage) =>
    byDefault(stage, async () =>
      stage.sdk.ai.embedMany({ model: DENIED_EMBEDDING, values: ['a', 'b'], maxRetries: 0 }),
    ),
  'a string from prepareStep': async (stage) =>
    byDefault(stage, async () =>
      generate(stage, ALLOWED, {
        tools: oneTool(stage),
        stopWhen: stage.sdk.ai.stepCountIs(2),
        prepareStep: ({ stepNumber }: { stepNumber: number }) => (stepNumber === 1 ? { model: DENIED } : {}),
      }),
    ),
  'a string of an agent': async (stage) =>
    byDefault(stage, async () => new stage.sdk.ai.ToolLoopAgent({ model: DENIED }).generate({ prompt: 'Hello' })),
  'a string from prepareCall': async (stage) =>
    byDefault(stage, async () => {
      const prepareCall = (settings: object): never => ({ ...settings, model: DENIED }) as never;
      return new stage.sdk.ai.ToolLoopAgent({ model: ALLOWED, prepareCall }).generate({ prompt: 'Hello' });
    }),
  'a string given to governModel': async (stage) =>
    byDefault(stage, async () => generate(stage, stage.guard.model(DENIED as never))),
};
