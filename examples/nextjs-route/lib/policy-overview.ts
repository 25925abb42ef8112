import 'server-only';
import type { ControlZero, ModelAction } from '@controlzero/sdk';
import { modelRequest } from '@controlzero/sdk';

import { cz } from './cz.ts';
import { CHAT_MODELS, EMBEDDING_MODEL } from './models.ts';
import type { User } from './users.ts';

/** What the policy in force means for one user. It says what is allowed and no rule. */
export interface PolicyOverview {
  /** Null while no policy is in force; everything is then denied. */
  readonly revision: string | null;
  /** Milliseconds since the epoch. */
  readonly since: number | null;
  /** The last edit has a mistake; the policy before it stays in force. */
  readonly isEditRefused: boolean;
  readonly allowedModels: readonly string[];
  readonly isSearchAllowed: boolean;
}

const NOTHING: PolicyOverview = {
  revision: null,
  since: null,
  isEditRefused: false,
  allowedModels: [],
  isSearchAllowed: false,
};

function overviewOf(client: ControlZero, agent: string): PolicyOverview {
  const { policy, lastError } = client.status();
  // A question for the display: unlike a call it is no decision that anybody has to record.
  const isAllowed = (action: ModelAction, model: string): boolean =>
    client.explain(modelRequest({ action, model, context: { agent_id: agent } })).decision.allowed;
  return {
    revision: policy?.revision ?? null,
    since: policy?.activatedAt ?? null,
    isEditRefused: lastError !== null,
    allowedModels: CHAT_MODELS.map(({ id }) => id).filter((id) => isAllowed('llm.generate', id)),
    isSearchAllowed: isAllowed('embedding.generate', EMBEDDING_MODEL),
  };
}

/** Describes what a user may do at this moment. Without a policy: nothing. */
export async function policyOverview({ agent }: User): Promise<PolicyOverview> {
  return cz().then(
    (client) => overviewOf(client, agent),
    () => NOTHING,
  );
}
