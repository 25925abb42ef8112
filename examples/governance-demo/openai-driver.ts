import { wrapOpenAI } from '@controlzero/sdk/openai';
import OpenAI from 'openai';

import type { Driver } from './driver.ts';

/** The client of the `openai` package. */
export const openAIDriver: Driver = {
  name: 'openai',
  title: 'OpenAI: the client of the openai package, wrapped by wrapOpenAI()',
  send: async ({ cz, target, model, isEmbedding = false, agentId, fallback }) => {
    const openai = wrapOpenAI(new OpenAI(target), cz, {
      ...(agentId !== undefined && { agentId }),
      ...(fallback !== undefined && { fallback }),
    });
    if (isEmbedding) return openai.embeddings.create({ model, input: 'hello' });
    return openai.chat.completions.create({
      model,
      messages: [{ role: 'user', content: 'Say hello.' }],
      max_tokens: 5,
    });
  },
};
