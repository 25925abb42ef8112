import type { MemoryVectorStore } from '@langchain/classic/vectorstores/memory';
import type { StructuredToolInterface } from '@langchain/core/tools';
import { tool } from 'langchain';
import { z } from 'zod';

/** Tells where an order is. */
export const lookUpOrder: StructuredToolInterface = tool(({ order }) => `Order ${order} was sent yesterday.`, {
  name: 'look_up_order',
  description: 'Tells where an order is.',
  schema: z.object({ order: z.string() }),
});

/** Pays money back. */
export const issueRefund: StructuredToolInterface = tool(({ order }) => `The money for order ${order} was paid back.`, {
  name: 'issue_refund',
  description: 'Pays the money for an order back.',
  schema: z.object({ order: z.string() }),
});

/** Finds the page of the handbook that fits a question. */
export function searchHandbook(handbook: MemoryVectorStore): StructuredToolInterface {
  return tool(
    async ({ question }) => {
      const pages = await handbook.similaritySearch(question, 1);
      return pages.map(({ pageContent }) => pageContent).join('\n');
    },
    {
      name: 'search_handbook',
      description: 'Finds what the handbook says about a question.',
      schema: z.object({ question: z.string() }),
    },
  );
}
