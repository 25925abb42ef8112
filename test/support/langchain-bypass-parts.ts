import { CacheBackedEmbeddings } from '@langchain/classic/embeddings/cache_backed';
import { MemoryVectorStore } from '@langchain/classic/vectorstores/memory';
import type { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { ChatPromptTemplate } from '@langchain/core/prompts';
import { RunnableBranch, RunnableEach, RunnableLambda, RunnableMap, RunnableSequence } from '@langchain/core/runnables';
import { InMemoryStore } from '@langchain/core/stores';
import { AzureOpenAIEmbeddings } from '@langchain/openai';
import { initChatModel } from 'langchain/chat_models/universal';

import { runAs } from '../../src/index.ts';
import { overTurns } from './bypass-attempts-stage.ts';
import { collect } from './collect.ts';
import type { LangChainAttempt, LangChainAttempts, LangChainBypassStage } from './langchain-bypass-stage.ts';
import { ALLOWED, ALLOWED_EMBEDDING, DENIED, PREMIUM, PREMIUM_MODEL, ask, innerOf } from './langchain-bypass-stage.ts';
import { isOldest } from './langchain-stage.ts';
import { LocalChatModel } from './local-chat-model.ts';
import { ObedientChatModel, RoutingChatModel } from './routing-chat-model.ts';

const DENIED_EMBEDDING = 'text-embedding-3-large';
const SCHEMA = { title: 'Answer', type: 'object', properties: { text: { type: 'string' } }, required: ['text'] };

// A call that is denied, so that what stands in for the model is asked.
function instead(make: (stage: LangChainBypassStage) => unknown): LangChainAttempt {
  return (stage) => ask(stage.chat({ model: 'o3' }).withFallbacks([make(stage) as BaseChatModel]));
}

const denied = (stage: LangChainBypassStage): BaseChatModel => stage.bare({ model: DENIED });
const boundOf = (part: object): unknown => Reflect.get(part, 'bound');
const prompt = (): ChatPromptTemplate => ChatPromptTemplate.fromTemplate('Hello');

/** Models that something else hands out, or holds. */
export const partAttempts: LangChainAttempts = {
  'a fallback': instead(denied),
  'a fallback in an object of options': (stage) =>
    ask(stage.chat({ model: 'o3' }).withFallbacks({ fallbacks: [denied(stage)] })),
  'a fallback of a binding': (stage) =>
    ask(
      stage
        .chat({ model: 'o3' })
        .withListeners({})
        .withFallbacks([denied(stage)]),
    ),
  'a fallback of a retry': (stage) =>
    ask(
      stage
        .chat({ model: 'o3' })
        .withRetry({ stopAfterAttempt: 1 })
        .withFallbacks([denied(stage)]),
    ),
  'a fallback of structured output': (stage) =>
    ask(
      stage
        .chat({ model: 'o3' })
        .withStructuredOutput(SCHEMA, { method: 'functionCalling' })
        .withFallbacks([denied(stage) as never]),
    ),
  'a fallback that is a binding': instead((stage) => denied(stage).withListeners({})),
  'a fallback with tools bound': instead((stage) => denied(stage).bindTools?.([])),
  'a fallback that is a sequence': instead((stage) => RunnableLambda.from(() => 'Hello').pipe(denied(stage))),
  'a fallback in the middle of a sequence': instead((stage) =>
    RunnableSequence.from([RunnableLambda.from(() => 'Hello'), denied(stage), RunnableLambda.from((text) => text)]),
  ),
  'a fallback that is a map': instead((stage) => RunnableMap.from({ answer: denied(stage) as never })),
  'a fallback that is a branch': instead((stage) =>
    RunnableBranch.from([[() => true, denied(stage) as never], denied(stage) as never]),
  ),
  'a fallback of a fallback': instead((stage) => stage.bare({ model: 'o3' }).withFallbacks([denied(stage)])),
  'a fallback that answers a stream': async (stage) =>
    collect(
      await stage
        .chat({ model: 'o3' })
        .withFallbacks([denied(stage)])
        .stream('Hello'),
    ),
  'the model inside a binding': (stage) => ask(boundOf(stage.wrap.model(denied(stage).withListeners({})))),
  'the model inside a retry': (stage) => ask(boundOf(stage.chat({ model: DENIED }).withRetry())),
  'the model inside a map': (stage) => ask(boundOf(stage.wrap.model(new RunnableEach({ bound: denied(stage) })))),
  'what a binding was made of': (stage) => ask(boundOf(stage.wrap.model(denied(stage).withListeners({})).lc_kwargs)),
  'the first step of a sequence': (stage) =>
    ask(Reflect.get(stage.chat({ model: DENIED }).pipe(RunnableLambda.from((message) => message)), 'first')),
  'a tool made of the model': (stage) =>
    stage
      .chat({ model: DENIED })
      .asTool({ name: 'ask', schema: { type: 'string' } as never })
      .invoke('Hello' as never),
  'a model that asks one of a list': (stage) => ask(stage.wrap.model(new RoutingChatModel([denied(stage)]))),
  'a model that asks one of a list, streamed': async (stage) =>
    collect(await stage.wrap.model(new RoutingChatModel([denied(stage)])).stream('Hello')),
  'a model that heeds the option model': (stage) =>
    ask(stage.wrap.model(new ObedientChatModel({ ...stage.fields, model: ALLOWED })), { model: DENIED }),
  'a model of another provider': (stage) =>
    ask(stage.wrap.model(new LocalChatModel({ ...stage.fields, model: DENIED }))),
  'a model of another provider that changes in flight': async (stage) => {
    const model = stage.wrap.model(new LocalChatModel({ ...stage.fields, model: ALLOWED }));
    const call = Promise.allSettled([ask(model)]);
    await overTurns(60, (turn) => turn > 0 && (model.model = DENIED));
    await call;
  },
  'a configurable model': async (stage) => {
    const model = await initChatModel(ALLOWED, { modelProvider: 'openai', configurableFields: 'any', ...stage.fields });
    return ask(stage.wrap.model(model), { configurable: { model: DENIED } });
  },
  'a configurable model with modelKwargs': async (stage) => {
    const model = await initChatModel(ALLOWED, { modelProvider: 'openai', configurableFields: 'any', ...stage.fields });
    return ask(stage.wrap.model(model), { configurable: { modelKwargs: { model: DENIED } } });
  },
  'a configurable model with tools bound': async (stage) => {
    const model = await initChatModel(ALLOWED, { modelProvider: 'openai', configurableFields: 'any', ...stage.fields });
    return ask(stage.wrap.model(model).bindTools([]), { configurable: { model: DENIED } });
  },
  'a configurable model, configured': async (stage) => {
    const model = await initChatModel(ALLOWED, { modelProvider: 'openai', configurableFields: 'any', ...stage.fields });
    return collect(
      await stage.wrap
        .model(model)
        .withConfig({ configurable: { model: DENIED } })
        .stream('Hello'),
    );
  },
  'a copy by its descriptors': (stage) => {
    const model = stage.chat({ model: DENIED });
    return ask(Object.create(Object.getPrototypeOf(model) as object, Object.getOwnPropertyDescriptors(model)));
  },
  'a sequence around the model': (stage) => ask(prompt().pipe(stage.chat({ model: DENIED })), {}),
};

function deployment(name: string): LangChainAttempt {
  return (stage) => ask(stage.azure({ azureOpenAIApiDeploymentName: name }));
}

/** Models on Azure, where the deployment in the URL is what runs. */
export const azureAttempts: LangChainAttempts = {
  'a denied deployment': deployment(DENIED),
  'a denied deployment, streamed': async (stage) =>
    collect(await stage.azure({ azureOpenAIApiDeploymentName: DENIED }).stream('Hello')),
  'a denied deployment and an allowed model': (stage) =>
    ask(stage.azure({ azureOpenAIApiDeploymentName: DENIED, model: ALLOWED })),
  'a denied deployment after withConfig()': (stage) =>
    ask(stage.azure({ azureOpenAIApiDeploymentName: DENIED, model: ALLOWED }).withConfig({ tags: ['a'] })),
  'a denied deployment with tools bound': (stage) =>
    ask(stage.azure({ azureOpenAIApiDeploymentName: DENIED, model: ALLOWED }).bindTools([])),
  'a deployment that goes a path back': deployment(`${ALLOWED}/../${DENIED}`),
  'a deployment that goes a path back, encoded': deployment(`${ALLOWED}%2f..%2f${DENIED}`),
  'a deployment that ends the path': deployment(`${DENIED}/chat/completions?x=`),
  'a deployment that leaves the deployments': deployment(`../deployments/${DENIED}`),
  'a deployment with a parameter': deployment(`${DENIED};v=1`),
  'a deployment that is encoded': deployment('gpt%2D4-turbo'),
  'a base path with another deployment': (stage) =>
    ask(stage.azure({ azureOpenAIBasePath: `${stage.origin}/openai/deployments/${DENIED}/deployments` })),
  'a base path whose end is a deployment': (stage) =>
    ask(
      stage.azure({
        azureOpenAIBasePath: `${stage.origin}/openai/deployments`,
        azureOpenAIApiDeploymentName: DENIED,
        model: ALLOWED,
      }),
    ),
  'an endpoint with a deployment': (stage) =>
    ask(stage.azure({ azureOpenAIEndpoint: `${stage.origin}/deployments/${DENIED}/chat/completions?x=` })),
  'a deployment assigned after wrapping': (stage) => {
    const model = stage.azure();
    for (const part of [model, innerOf(model).completions, innerOf(model).responses])
      Object.assign(part ?? {}, { azureOpenAIApiDeploymentName: DENIED });
    return ask(model);
  },
  'a client that was made for another deployment': (stage) => {
    const model = stage.bareAzure({ azureOpenAIApiDeploymentName: DENIED });
    const part = isOldest ? model : innerOf(model).completions;
    (part as unknown as { _getClientOptions(options: object): unknown })._getClientOptions({});
    Object.assign(part, { azureOpenAIApiDeploymentName: ALLOWED });
    return ask(stage.wrap.model(model));
  },
  'a denied model in the options': (stage) =>
    ask(stage.azure(), { options: { path: `/deployments/${DENIED}/chat/completions` } }),
};

const claim = { metadata: { agent_id: PREMIUM } };
const premium = (stage: LangChainBypassStage, fields: object = {}): BaseChatModel =>
  stage.chat({ model: PREMIUM_MODEL, ...fields });

/** Calls that say they are of another agent than the one that the model was wrapped for. */
export const identityAttempts: LangChainAttempts = {
  'metadata of the call': (stage) => ask(premium(stage), claim),
  'metadata of a stream': async (stage) => collect(await premium(stage).stream('Hello', claim)),
  'metadata of a batch': (stage) => premium(stage).batch(['Hello'], claim),
  'metadata of the constructor': (stage) => ask(premium(stage, claim)),
  'metadata of withConfig()': (stage) => ask(premium(stage).withConfig(claim)),
  'metadata of the chain': (stage) => RunnableLambda.from(async () => ask(premium(stage))).invoke('', claim),
  'metadata of a sequence': (stage) => prompt().pipe(premium(stage)).invoke({}, claim),
  'configurable, tags and name': (stage) =>
    ask(premium(stage), { configurable: { agent_id: PREMIUM }, tags: [PREMIUM], runName: PREMIUM }),
  'runAs()': (stage) => runAs(PREMIUM, async () => ask(premium(stage))),
};

function embeddingOf(
  stage: LangChainBypassStage,
  fields: object = { model: DENIED_EMBEDDING },
): ReturnType<LangChainBypassStage['embeddings']> {
  return stage.embeddings(fields);
}

function sendingOf(embeddings: unknown): { embeddingWithRetry(request: object): Promise<unknown> } {
  return embeddings as never;
}

/** Embeddings, of which no callback hears. */
export const embeddingAttempts: LangChainAttempts = {
  'embedQuery()': (stage) => embeddingOf(stage).embedQuery('Hello'),
  'embedDocuments()': (stage) => embeddingOf(stage).embedDocuments(['Hello', 'World']),
  'a vector store': async (stage) => MemoryVectorStore.fromTexts(['Hello'], [{}], embeddingOf(stage)),
  'a retriever': async (stage) => new MemoryVectorStore(embeddingOf(stage)).asRetriever().invoke('Hello'),
  'a cache around them': async (stage) =>
    CacheBackedEmbeddings.fromBytesStore(embeddingOf(stage), new InMemoryStore()).embedDocuments(['Hello']),
  'a cache that was wrapped': async (stage) =>
    stage.wrap
      .embeddings(CacheBackedEmbeddings.fromBytesStore(embeddingOf(stage), new InMemoryStore()))
      .embedDocuments(['Hello']),
  'what a wrapped cache asks': async (stage) => {
    const bare = stage.bareEmbeddings({ model: DENIED_EMBEDDING });
    const cache = stage.wrap.embeddings(CacheBackedEmbeddings.fromBytesStore(bare, new InMemoryStore()));
    return (Reflect.get(cache, 'underlyingEmbeddings') as typeof bare).embedQuery('Hello');
  },
  'a finished request': (stage) =>
    sendingOf(embeddingOf(stage, {})).embeddingWithRetry({ model: DENIED_EMBEDDING, input: 'Hello' }),
  'a finished request with a toJSON()': (stage) =>
    sendingOf(embeddingOf(stage, {})).embeddingWithRetry({
      model: ALLOWED_EMBEDDING,
      input: 'Hello',
      toJSON: () => ({ model: DENIED_EMBEDDING, input: 'Hello' }),
    }),
  'a model assigned after wrapping': (stage) => {
    const embeddings = embeddingOf(stage, {});
    embeddings.model = DENIED_EMBEDDING;
    return embeddings.embedQuery('Hello');
  },
  'a model that changes in flight': async (stage) => {
    // At more than one pace, because how many turns a wrapper takes before it sends is its own affair.
    for (const pace of [1, 2, 40]) {
      // The cache is asked first, so that there are turns between the call and its request.
      const bare = stage.bareEmbeddings();
      const cache = stage.wrap.embeddings(CacheBackedEmbeddings.fromBytesStore(bare, new InMemoryStore()));
      const asked = Reflect.get(cache, 'underlyingEmbeddings') as typeof bare;
      const call = Promise.allSettled([cache.embedDocuments(['Hello', 'World'])]);
      await overTurns(40, (turn) => {
        asked.model = Math.floor(turn / pace) % 2 === 0 ? DENIED_EMBEDDING : ALLOWED_EMBEDDING;
      });
      await call;
    }
  },
  'a query': (stage) =>
    embeddingOf(stage, {
      configuration: { ...stage.fields.configuration, defaultQuery: { model: DENIED_EMBEDDING } },
    }).embedQuery('Hello'),
  fetchOptions: (stage) => {
    const body = JSON.stringify({ model: DENIED_EMBEDDING, input: 'Hello' });
    const configuration = { ...stage.fields.configuration, fetchOptions: { body } };
    return embeddingOf(stage, { configuration }).embedQuery('Hello');
  },
  'a base URL with a deployment': (stage) =>
    embeddingOf(stage, {
      configuration: { baseURL: `${stage.origin}/openai/deployments/${DENIED_EMBEDDING}` },
    }).embedQuery('Hello'),
  'a model of text': (stage) => embeddingOf(stage, { model: ALLOWED }).embedQuery('Hello'),
  'a deployment on Azure': (stage) =>
    stage.wrap
      .embeddings(
        new AzureOpenAIEmbeddings({
          azureOpenAIApiKey: 'local',
          azureOpenAIApiVersion: '2024-10-21',
          azureOpenAIBasePath: `${stage.origin}/openai/deployments`,
          azureOpenAIApiDeploymentName: DENIED_EMBEDDING,
          model: ALLOWED_EMBEDDING,
          maxRetries: 0,
        }),
      )
      .embedQuery('Hello'),
};
