import 'server-only';
import type { OpenAIProvider } from '@ai-sdk/openai';
import { governProvider } from '@controlzero/sdk/ai-sdk';

import { cz } from './cz.ts';
import { openai } from './provider.ts';
import type { User } from './users.ts';

/**
 * The provider as one user may use it. Made for each request: that costs next to nothing, and the agent
 * is then fixed. It comes from the session, and nothing that the browser sends can name another.
 */
export async function governedProvider(user: User): Promise<OpenAIProvider> {
  return governProvider(await openai(), await cz(), { agentId: user.agent, trustMetadata: false });
}
