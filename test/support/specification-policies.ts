import type { Policy } from '../../src/index.ts';

/** The example of the specification for a list of models that may be used. */
export const modelAllowlist: Policy = {
  name: 'openai-model-governance',
  description: 'Control which OpenAI models agents can use',
  rules: [
    { effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' },
    { effect: 'allow', action: 'llm.generate', resource: 'model/gpt-3.5-turbo' },
    { effect: 'deny', action: 'llm.generate', resource: 'model/gpt-4-turbo*' },
    { effect: 'allow', action: 'embedding.generate', resource: 'model/text-embedding-3-small' },
  ],
};

/** The example of the specification for agents of different privileges. */
export const agentTiers: Policy = {
  rules: [
    { effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4', conditions: { agent_id: 'premium-*' } },
    { effect: 'allow', action: 'llm.generate', resource: 'model/gpt-3.5-turbo' },
    { effect: 'deny', action: 'llm.generate', resource: 'model/*' },
  ],
};
