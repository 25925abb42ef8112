import { openHandbook } from './handbook.ts';
import { createSupportAgent } from './support-agent.ts';
import { issueRefund, lookUpOrder, searchHandbook } from './tools.ts';
import type { Task, Watch } from './watch-task.ts';

const PREMIUM = { agentId: 'premium-support', model: 'gpt-4' };
const BASIC = { agentId: 'basic-support', model: 'gpt-3.5-turbo' };
const DESK = [lookUpOrder, issueRefund];

/** What the agents are asked to do, in the order of the scenes. */
export function supportTasks({ cz, provider: { target } }: Watch): readonly Task[] {
  const handbook = async (embeddingModel: string): ReturnType<typeof openHandbook> =>
    openHandbook({ cz, target, agentId: PREMIUM.agentId, embeddingModel });
  const models = '1. Two agents with different rights: their models.';
  const knowledge =
    '2. Retrieval: what is stored and what is searched is embedded, and embeddings have rights of their own.';
  const tools = '3. Tools: what an agent may do is another question than which model it may use.';
  const asks = (
    options: Omit<Parameters<typeof createSupportAgent>[0], 'cz' | 'target' | 'tools'>,
    question: string,
  ) => ({
    title: `${options.agentId} on ${options.model}: ${question}`,
    run: async () => createSupportAgent({ cz, target, tools: DESK, ...options }).answer(question),
  });
  const question = 'Use search_handbook: how long does a refund take?';
  return [
    { scene: models, ...asks(PREMIUM, 'Use look_up_order: where is order 17?') },
    { scene: models, ...asks({ ...BASIC, model: 'gpt-4' }, 'Use look_up_order: where is order 17?') },
    { scene: models, ...asks(BASIC, 'Use look_up_order: where is order 17?') },
    {
      scene: knowledge,
      title: `${PREMIUM.agentId} stores the handbook by text-embedding-3-small, then: ${question}`,
      run: async () => {
        const search = searchHandbook(await handbook('text-embedding-3-small'));
        return createSupportAgent({ cz, target, ...PREMIUM, tools: [search] }).answer(question);
      },
    },
    {
      scene: knowledge,
      title: `${PREMIUM.agentId} stores the handbook by text-embedding-3-large`,
      run: async () => `stored ${(await handbook('text-embedding-3-large')).memoryVectors.length} pages`,
    },
    { scene: tools, ...asks(PREMIUM, 'Use issue_refund for order 17.') },
    { scene: tools, ...asks(BASIC, 'Use issue_refund for order 17.') },
    { scene: tools, ...asks({ ...BASIC, onToolDenied: 'throw' }, 'Use issue_refund for order 17, or stop.') },
  ];
}
