import type { ReactNode } from 'react';

import { CHAT_MODELS } from '@/lib/models.ts';
import type { PolicyOverview } from '@/lib/policy-overview.ts';
import type { User } from '@/lib/users.ts';

interface PolicyPanelProps {
  readonly user: User;
  readonly policy: PolicyOverview;
}

interface RightProps {
  readonly name: string;
  readonly isAllowed: boolean;
}

function Right({ name, isAllowed }: RightProps): ReactNode {
  return (
    <li>
      <span>{name}</span>
      <span className={isAllowed ? 'allowed' : 'denied'}>{isAllowed ? 'Allowed' : 'Not allowed'}</span>
    </li>
  );
}

function stateOf({ revision, isEditRefused }: PolicyOverview): string {
  if (revision === null) return 'No policy is in force. Nothing may be used until there is one.';
  if (isEditRefused) return 'The last edit has a mistake. The policy before it stays in force.';
  return 'Changes to controlzero.yaml take effect while this page is open.';
}

/** What the policy in force means for the signed-in user. */
export function PolicyPanel({ user, policy }: PolicyPanelProps): ReactNode {
  const { revision, since, allowedModels, isSearchAllowed, isEditRefused } = policy;
  return (
    <section className="panel" aria-labelledby="policy-title">
      <h2 id="policy-title">What you may use</h2>
      <p className="identity">
        {user.name}, agent <code>{user.agent}</code>
      </p>
      <ul className="rights" aria-live="polite">
        {CHAT_MODELS.map(({ id, name }) => (
          <Right key={id} name={name} isAllowed={allowedModels.includes(id)} />
        ))}
        <Right name="Handbook search" isAllowed={isSearchAllowed} />
      </ul>
      <output className={isEditRefused || revision === null ? 'state warning' : 'state'}>{stateOf(policy)}</output>
      {revision !== null && since !== null && (
        <dl>
          <dt>Revision</dt>
          <dd>
            <code>{revision.replace(/^[a-z0-9]+:/u, '').slice(0, 12)}</code>
          </dd>
          <dt>In force since</dt>
          <dd>
            <time dateTime={new Date(since).toISOString()} suppressHydrationWarning>
              {new Date(since).toLocaleTimeString()}
            </time>
          </dd>
        </dl>
      )}
    </section>
  );
}
