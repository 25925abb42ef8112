import type { ControlZero } from '@controlzero/sdk';
import { controlZeroMiddleware } from '@controlzero/sdk/langchain';
import type { StructuredToolInterface } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { createAgent } from 'langchain';

import type { ProviderTarget } from '../support/provider.ts';

/** What an agent is made of. */
export interface SupportAgentOptions {
  readonly cz: ControlZero;
  readonly target: ProviderTarget;
  readonly agentId: string;
  readonly model: string;
  readonly tools: StructuredToolInterface[];
  readonly onToolDenied?: 'message' | 'throw';
}

/** An agent of the support desk. */
export interface SupportAgent {
  /** What it answers; a denied model call, or tool call with `onToolDenied: 'throw'`, is a rejection. */
  answer(question: string): Promise<string>;
}

/** Makes an agent whose model calls and tool calls are governed under its own name. */
export function createSupportAgent(options: SupportAgentOptions): SupportAgent {
  const { cz, agentId, model, tools, onToolDenied = 'message' } = options;
  const { apiKey, ...configuration } = options.target;
  const agent = createAgent({
    model: new ChatOpenAI({ model, apiKey, configuration, maxTokens: 100 }),
    tools,
    systemPrompt: 'You answer customers in one sentence. Use the tool that the customer names.',
    // Last, so that no other middleware exchanges the model behind it.
    middleware: [controlZeroMiddleware(cz, { agentId, tools: true, onToolDenied })],
  });
  return {
    answer: async (question) => {
      const { messages } = await agent.invoke({ messages: [{ role: 'user', content: question }] });
      return messages.at(-1)?.text ?? '';
    },
  };
}
