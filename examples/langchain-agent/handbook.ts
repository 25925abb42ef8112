import type { ControlZero } from '@controlzero/sdk';
import { governEmbeddings } from '@controlzero/sdk/langchain';
import { MemoryVectorStore } from '@langchain/classic/vectorstores/memory';
import { OpenAIEmbeddings } from '@langchain/openai';

import type { ProviderTarget } from '../support/provider.ts';

const PAGES = [
  'A refund is paid within five working days.',
  'Orders leave the warehouse on the day after they were paid.',
  'Premium customers may return goods for a hundred days.',
];

/** For whom a handbook is made. */
export interface HandbookOptions {
  readonly cz: ControlZero;
  readonly target: ProviderTarget;
  readonly agentId: string;
  readonly embeddingModel: string;
}

/** A vector store of the handbook. Storing and every later search are governed, because its embeddings are. */
export async function openHandbook(options: HandbookOptions): Promise<MemoryVectorStore> {
  const { cz, agentId, embeddingModel } = options;
  const { apiKey, ...configuration } = options.target;
  const embeddings = new OpenAIEmbeddings({ model: embeddingModel, apiKey, configuration });
  const governed = governEmbeddings(embeddings, cz, { agentId });
  return MemoryVectorStore.fromTexts(PAGES, {}, governed);
}
