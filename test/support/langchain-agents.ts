import { tool } from '@langchain/core/tools';
import type { StructuredToolInterface } from '@langchain/core/tools';
import { z } from 'zod';

/** What an agent is asked. */
export const QUESTION: { readonly messages: { readonly role: 'user'; readonly content: string }[] } = {
  messages: [{ role: 'user', content: 'Hello' }],
};

/** A tool that counts how often it ran. */
export interface CountingTool {
  readonly tool: StructuredToolInterface;
  readonly calls: () => number;
}

/** Makes a tool that counts how often it ran. */
export function countingTool(name = 'look_up'): CountingTool {
  let calls = 0;
  const run = (): string => {
    calls += 1;
    return 'Found.';
  };
  const counting = tool(run, { name, description: 'Looks something up.', schema: z.object({ text: z.string() }) });
  return { tool: counting, calls: () => calls };
}
