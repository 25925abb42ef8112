import type { Policy } from '@controlzero/sdk';

/** Which models may be used at all. */
export const allowlist: Policy = {
  name: 'openai-model-governance',
  description: 'Control which OpenAI models agents can use',
  rules: [
    { id: 'allow-gpt-4', effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' },
    { id: 'allow-gpt-3.5', effect: 'allow', action: 'llm.generate', resource: 'model/gpt-3.5-turbo' },
    { id: 'deny-turbo', effect: 'deny', action: 'llm.generate', resource: 'model/gpt-4-turbo*' },
    {
      id: 'allow-small-embeddings',
      effect: 'allow',
      action: 'embedding.generate',
      resource: 'model/text-embedding-3-small',
    },
  ],
};

/** Which agent may use which model. */
export const perAgent: Policy = {
  name: 'per-agent',
  rules: [
    {
      id: 'premium-gpt-4',
      effect: 'allow',
      action: 'llm.generate',
      resource: 'model/gpt-4',
      conditions: { agent_id: 'premium-*' },
    },
    { id: 'everyone-gpt-3.5', effect: 'allow', action: 'llm.generate', resource: 'model/gpt-3.5-turbo' },
    { id: 'nothing-else', effect: 'deny', action: 'llm.generate', resource: 'model/*' },
  ],
};

/** The file policy of the last scene, before and after an edit. */
export const fileBeforeEdit = `version: '1'
name: file-policy
rules:
  - id: allow-gpt-4
    allow: llm:generate
    resource: model/gpt-4
`;

export const fileAfterEdit = `version: '1'
name: file-policy
rules:
  - id: gpt-4-is-off
    deny: llm:generate
    resource: model/gpt-4
  - id: allow-gpt-3.5
    allow: llm:generate
    resource: model/gpt-3.5-turbo
`;
