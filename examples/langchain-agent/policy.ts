import type { Policy } from '@controlzero/sdk';

/** What the agents of a support desk may do: models, embeddings and tools. */
export const supportDesk: Policy = {
  name: 'support-desk',
  rules: [
    {
      id: 'premium-gpt-4',
      effect: 'allow',
      action: 'llm.generate',
      resource: 'model/gpt-4',
      conditions: { agent_id: 'premium-*' },
    },
    { id: 'everyone-gpt-3.5', effect: 'allow', action: 'llm.generate', resource: 'model/gpt-3.5-turbo' },
    {
      id: 'small-embeddings',
      effect: 'allow',
      action: 'embedding.generate',
      resource: 'model/text-embedding-3-small',
    },
    {
      id: 'reading-tools',
      effect: 'allow',
      action: 'tool.call',
      resource: ['tool/look_up_order', 'tool/search_handbook'],
    },
    {
      id: 'premium-refunds',
      effect: 'allow',
      action: 'tool.call',
      resource: 'tool/issue_refund',
      conditions: { agent_id: 'premium-*' },
    },
  ],
};
