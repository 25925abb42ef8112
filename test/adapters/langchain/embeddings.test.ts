import { AsyncLocalStorage } from 'node:async_hooks';

import { CacheBackedEmbeddings } from '@langchain/classic/embeddings/cache_backed';
import { MemoryVectorStore } from '@langchain/classic/vectorstores/memory';
import { Embeddings } from '@langchain/core/embeddings';
import { RunnableLambda } from '@langchain/core/runnables';
import { AsyncLocalStorageProviderSingleton } from '@langchain/core/singletons';
import { InMemoryStore } from '@langchain/core/stores';
import { FakeEmbeddings } from '@langchain/core/utils/testing';
import { AzureOpenAIEmbeddings, OpenAIEmbeddings } from '@langchain/openai';
import { describe, expect, test } from 'vitest';

import { governEmbeddings } from '../../../adapters/langchain/index.ts';
import type { PolicyDocument } from '../../../src/index.ts';
import { runAs } from '../../../src/index.ts';
import { denialOf } from '../../support/denial-of.ts';
import type { LangChainStage } from '../../support/langchain-stage.ts';
import { openLangChainStage } from '../../support/langchain-stage.ts';

// LangGraph does this when it is loaded, and only then LangChain knows which chain a call belongs to.
AsyncLocalStorageProviderSingleton.initializeGlobalInstance(new AsyncLocalStorage());

const SMALL = 'text-embedding-3-small';
const LARGE = 'text-embedding-3-large';
const allowSmall: PolicyDocument = {
  rules: [
    { effect: 'allow', action: 'embedding.generate', resource: `model/${SMALL}` },
    {
      effect: 'allow',
      action: 'embedding.generate',
      resource: `model/${LARGE}`,
      conditions: { agent_id: 'premium-*' },
    },
    { effect: 'allow', action: 'llm.generate', resource: '*' },
  ],
};

function bare({ fields }: LangChainStage, model = SMALL, more: object = {}): OpenAIEmbeddings {
  return new OpenAIEmbeddings({ ...fields, model, ...more });
}

interface Way {
  readonly way: string;
  readonly embed: (embeddings: OpenAIEmbeddings) => Promise<unknown>;
}

const ways: readonly Way[] = [
  { way: 'embedQuery', embed: async (embeddings) => embeddings.embedQuery('Hello') },
  { way: 'embedDocuments', embed: async (embeddings) => embeddings.embedDocuments(['Hello', 'World']) },
  { way: 'a vector store', embed: async (embeddings) => MemoryVectorStore.fromTexts(['Hello'], [{}], embeddings) },
  {
    way: 'a retriever',
    embed: async (embeddings) => new MemoryVectorStore(embeddings).asRetriever().invoke('Hello'),
  },
  {
    way: 'a cache around it',
    embed: async (embeddings) =>
      CacheBackedEmbeddings.fromBytesStore(embeddings, new InMemoryStore()).embedDocuments(['Hello']),
  },
  {
    way: 'a finished request',
    embed: async (embeddings) =>
      (embeddings as unknown as { embeddingWithRetry(request: object): Promise<unknown> }).embeddingWithRetry({
        model: embeddings.model,
        input: 'Hello',
      }),
  },
  {
    way: 'a lambda',
    embed: async (embeddings) => RunnableLambda.from(async () => embeddings.embedQuery('a')).invoke(''),
  },
];

describe('governed embeddings', () => {
  test.each(ways)('are denied without a request and allowed with one: $way', async ({ embed }) => {
    await using stage = await openLangChainStage(allowSmall);
    const { request } = await denialOf(embed(governEmbeddings(bare(stage, LARGE), stage.cz)));
    expect(request).toEqual({ action: 'embedding.generate', resource: `model/${LARGE}` });
    expect(stage.provider.requests).toEqual([]);
    expect(await stage.decisions()).toHaveLength(1);
    await embed(governEmbeddings(bare(stage), stage.cz));
    expect(stage.provider.modelRequests.map(({ model }) => model)).toEqual([SMALL]);
    expect(await stage.decisions()).toHaveLength(2);
  });

  test('give what they give without governance', async () => {
    await using stage = await openLangChainStage(allowSmall);
    const governed = governEmbeddings(bare(stage), stage.cz);
    expect(await governed.embedDocuments(['Hello', 'World'])).toEqual(
      await bare(stage).embedDocuments(['Hello', 'World']),
    );
    const [first, second] = stage.provider.requests;
    expect(first?.body).toBe(second?.body);
  });

  test('are judged once, however many requests their documents need', async () => {
    await using stage = await openLangChainStage(allowSmall);
    const texts = Array.from({ length: 5 }, (_, index) => `Text ${index}`);
    await governEmbeddings(bare(stage, SMALL, { batchSize: 2 }), stage.cz).embedDocuments(texts);
    expect(stage.provider.requests).toHaveLength(3);
    expect(await stage.decisions()).toHaveLength(1);
    await denialOf(governEmbeddings(bare(stage, LARGE, { batchSize: 2 }), stage.cz).embedDocuments(texts));
    expect(stage.provider.requests).toHaveLength(3);
    expect(await stage.decisions()).toHaveLength(2);
  });

  test('are of the same type, and the original stays as it was', async () => {
    await using stage = await openLangChainStage({ rules: [] });
    const original = bare(stage);
    const governed = governEmbeddings(original, stage.cz);
    expect(governed).toBeInstanceOf(OpenAIEmbeddings);
    expect(governed).toBeInstanceOf(Embeddings);
    expect(Object.keys(governed)).toEqual(Object.keys(original));
    await denialOf(governed.embedQuery('Hello'));
    await original.embedQuery('Hello');
    expect(stage.provider.requests).toHaveLength(1);
  });

  test('are given back as they are when they are governed alike, and twice when not', async () => {
    await using stage = await openLangChainStage(allowSmall);
    const governed = governEmbeddings(bare(stage, LARGE), stage.cz, { agentId: 'premium-1' });
    expect(governEmbeddings(governed, stage.cz, { agentId: 'premium-1' })).toBe(governed);
    await denialOf(governEmbeddings(governed, stage.cz, { agentId: 'basic' }).embedQuery('Hello'));
    expect(stage.provider.requests).toEqual([]);
    await governed.embedQuery('Hello');
    expect(stage.provider.requests).toHaveLength(1);
  });

  test('on Azure are judged by the deployment', async () => {
    await using stage = await openLangChainStage(allowSmall);
    const azure = (deployment: string): AzureOpenAIEmbeddings =>
      new AzureOpenAIEmbeddings({
        azureOpenAIApiKey: 'local',
        azureOpenAIApiVersion: '2024-10-21',
        azureOpenAIBasePath: `${stage.provider.url}/openai/deployments`,
        azureOpenAIApiDeploymentName: deployment,
        model: SMALL,
      });
    await denialOf(governEmbeddings(azure(LARGE), stage.cz).embedQuery('Hello'));
    expect(stage.provider.requests).toEqual([]);
    await governEmbeddings(azure(SMALL), stage.cz).embedQuery('Hello');
    expect(stage.provider.modelRequests.map(({ model }) => model)).toEqual([SMALL]);
  });

  test('that are taken away are denied although vectors are kept', async () => {
    await using stage = await openLangChainStage(allowSmall);
    const cache = CacheBackedEmbeddings.fromBytesStore(bare(stage), new InMemoryStore());
    const governed = governEmbeddings(cache, stage.cz);
    await governed.embedDocuments(['Hello']);
    await governed.embedDocuments(['Hello']);
    expect(stage.provider.requests).toHaveLength(1);
    expect(await stage.decisions()).toHaveLength(2);
    await stage.setPolicy({ rules: [] });
    await denialOf(governed.embedDocuments(['Hello']));
    await denialOf(governed.embedQuery('Hello'));
    expect(stage.provider.requests).toHaveLength(1);
    expect(await stage.decisions()).toHaveLength(4);
  });

  test('that do not name their model are denied, unless modelId does', async () => {
    await using stage = await openLangChainStage({ rules: [{ effect: 'allow', action: '*', resource: 'model/fake' }] });
    const { decision } = await denialOf(governEmbeddings(new FakeEmbeddings(), stage.cz).embedQuery('Hello'));
    expect(decision.reasonCode).toBe('INVALID_REQUEST');
    expect(await governEmbeddings(new FakeEmbeddings(), stage.cz, { modelId: 'fake' }).embedQuery('Hello')).toEqual([
      0.1, 0.2, 0.3, 0.4,
    ]);
  });

  test('of two gates are judged by each, also where nothing is sent', async () => {
    await using stage = await openLangChainStage({
      rules: [{ effect: 'allow', action: '*', resource: 'model/fake', conditions: { agent_id: 'premium-*' } }],
    });
    const governed = governEmbeddings(new FakeEmbeddings(), stage.cz, { modelId: 'fake', agentId: 'basic' });
    await denialOf(governEmbeddings(governed, stage.cz, { modelId: 'fake', agentId: 'premium-1' }).embedQuery('Hello'));
    expect((await stage.decisions()).map(({ agentId }) => agentId)).toEqual(['premium-1', 'basic']);
  });

  test('that embed documents by their own embedQuery() are judged once', async () => {
    class OneByOne extends OpenAIEmbeddings {
      override async embedDocuments(texts: string[]): Promise<number[][]> {
        return Promise.all(texts.map(async (text) => this.embedQuery(text)));
      }
    }
    await using stage = await openLangChainStage(allowSmall);
    const governed = governEmbeddings(new OneByOne({ ...stage.fields, model: SMALL }), stage.cz);
    await governed.embedDocuments(['One', 'Two', 'Three']);
    expect(stage.provider.requests).toHaveLength(3);
    expect(await stage.decisions()).toHaveLength(1);
  });

  test('are judged for the bound agent, runAs(), metadata around the call, the client', async () => {
    await using stage = await openLangChainStage(allowSmall, { agentId: 'client' });
    const claim = { metadata: { agent_id: 'premium-claim' } };
    const bound = governEmbeddings(bare(stage, LARGE), stage.cz, { agentId: 'premium-bound' });
    const free = governEmbeddings(bare(stage, LARGE), stage.cz);
    const wary = governEmbeddings(bare(stage, LARGE), stage.cz, { trustMetadata: false });
    const inside = async (embeddings: OpenAIEmbeddings, config = claim): Promise<unknown> =>
      RunnableLambda.from(async () => embeddings.embedQuery('Hello').catch(() => undefined)).invoke('', config);
    await inside(bound, { metadata: { agent_id: 'basic' } });
    await runAs('premium-run', async () => inside(free));
    await inside(free);
    await inside(wary);
    await denialOf(free.embedQuery('Hello'));
    expect((await stage.decisions()).map(({ agentId }) => agentId)).toEqual([
      'premium-bound',
      'premium-run',
      'premium-claim',
      'client',
      'client',
    ]);
    expect(stage.provider.requests).toHaveLength(3);
  });

  test('that fail at the provider fail as without governance', async () => {
    await using stage = await openLangChainStage(allowSmall);
    stage.provider.failNext({ status: 401 });
    const governed = governEmbeddings(bare(stage, SMALL, { maxRetries: 0 }), stage.cz);
    await expect(governed.embedQuery('Hello')).rejects.toMatchObject({ status: 401 });
  });
});

describe('governEmbeddings()', () => {
  test.each([undefined, null, 'text-embedding-3-small', {}, { embedQuery: () => [] }])(
    'refuses what cannot embed: %j',
    async (value) => {
      await using stage = await openLangChainStage(allowSmall);
      expect(() => governEmbeddings(value as never, stage.cz)).toThrow(/embedQuery\(\) and embedDocuments\(\)/u);
    },
  );

  test.each([{ fallback: [SMALL] }, { agent: 'a' }, { modelId: '' }, { trustMetadata: 'yes' }])(
    'refuses options that it does not have: %j',
    async (options) => {
      await using stage = await openLangChainStage(allowSmall);
      expect(() => governEmbeddings(bare(stage), stage.cz, options as never)).toThrow(TypeError);
    },
  );

  test('refuses an object whose methods cannot be replaced', async () => {
    await using stage = await openLangChainStage(allowSmall);
    const frozen = Object.freeze({ model: SMALL, embedQuery: async () => [1], embedDocuments: async () => [[1]] });
    expect(() => governEmbeddings(frozen, stage.cz)).toThrow(/cannot be governed/u);
  });
});
