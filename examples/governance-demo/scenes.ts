import type { Policy } from '@controlzero/sdk';

import type { Call } from './driver.ts';
import { allowlist, fileAfterEdit, fileBeforeEdit, perAgent } from './policies.ts';

/** One call of a scene. */
export interface SceneCall extends Call {
  /** What the application asks for when it catches a denial. */
  readonly onDenied?: Call;
}

/** Calls that show one thing. */
export interface Scene {
  readonly title: string;
  /** What the policy file is changed to before the calls. */
  readonly edit?: string;
  readonly calls: readonly SceneCall[];
}

/** Scenes under one policy. */
export interface Chapter {
  /** A policy given in code, or the text of a policy file. */
  readonly policy: Policy | string;
  readonly scenes: readonly Scene[];
}

const twoAgents: readonly Call[] = ['premium-support', 'basic-support'].flatMap((agentId) =>
  ['gpt-4', 'gpt-3.5-turbo', 'gpt-4o'].map((model) => ({ agentId, model })),
);

/** What every adapter is asked to do. */
export const chapters: readonly Chapter[] = [
  {
    policy: allowlist,
    scenes: [
      {
        title: '1. An allowlist: two models may be used, one family is denied, everything else is denied by default.',
        calls: [{ model: 'gpt-4' }, { model: 'gpt-3.5-turbo' }, { model: 'gpt-4-turbo' }, { model: 'gpt-4o' }],
      },
      {
        title: '2. Embeddings have an action of their own.',
        calls: [
          { model: 'text-embedding-3-small', isEmbedding: true },
          { model: 'text-embedding-3-large', isEmbedding: true },
        ],
      },
      {
        title:
          '3. Fallback on denial: catch the error and name another model, or let the first allowed one of a list serve the call.',
        calls: [
          { model: 'gpt-4-turbo', onDenied: { model: 'gpt-4' } },
          { model: 'gpt-4-turbo', fallback: ['gpt-4o', 'gpt-4'] },
        ],
      },
    ],
  },
  {
    policy: perAgent,
    scenes: [{ title: '4. Two agents with different rights under one policy.', calls: twoAgents }],
  },
  {
    policy: fileBeforeEdit,
    scenes: [
      {
        title: '5. The policy is edited while the application runs. Before the edit:',
        calls: [{ model: 'gpt-4' }, { model: 'gpt-3.5-turbo' }],
      },
      {
        title: '   After the edit, in the same process and with the same ControlZero:',
        edit: fileAfterEdit,
        calls: [{ model: 'gpt-4' }, { model: 'gpt-3.5-turbo' }],
      },
    ],
  },
];
