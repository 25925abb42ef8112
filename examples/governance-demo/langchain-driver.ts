import { governChatModel, governEmbeddings } from '@controlzero/sdk/langchain';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';

import type { Driver } from './driver.ts';

/** Models and embeddings of LangChain.js. */
export const langChainDriver: Driver = {
  name: 'langchain',
  title: 'LangChain: ChatOpenAI and OpenAIEmbeddings, governed by governChatModel() and governEmbeddings()',
  send: async ({ cz, target: { apiKey, ...configuration }, model, isEmbedding = false, agentId, fallback }) => {
    const fields = { model, apiKey, configuration };
    const agent = agentId === undefined ? {} : { agentId };
    if (isEmbedding) return governEmbeddings(new OpenAIEmbeddings(fields), cz, agent).embedQuery('hello');
    const chatModel = new ChatOpenAI({ ...fields, maxTokens: 5 });
    return governChatModel(chatModel, cz, { ...agent, ...(fallback !== undefined && { fallback }) }).invoke(
      'Say hello.',
    );
  },
};
