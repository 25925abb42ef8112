import { createOpenAI } from '@ai-sdk/openai';
import { governProvider } from '@controlzero/sdk/ai-sdk';
import { embed, generateText } from 'ai';

import type { Driver } from './driver.ts';

/** Models and embeddings of the Vercel AI SDK. */
export const aiSDKDriver: Driver = {
  name: 'ai-sdk',
  title: 'Vercel AI SDK: generateText() and embed() with a provider governed by governProvider()',
  send: async ({ cz, target, model, isEmbedding = false, agentId, fallback }) => {
    const openai = governProvider(createOpenAI(target), cz, {
      ...(agentId !== undefined && { agentId }),
      ...(fallback !== undefined && { fallback }),
    });
    if (isEmbedding) return embed({ model: openai.embedding(model), value: 'hello' });
    return generateText({ model: openai.chat(model), prompt: 'Say hello.', maxOutputTokens: 5 });
  },
};
