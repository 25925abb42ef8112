'use client';

import type { ReactNode } from 'react';

import type { PolicyOverview } from '@/lib/policy-overview.ts';
import type { User } from '@/lib/users.ts';

import { Chat } from './chat.tsx';
import { HandbookSearch } from './handbook-search.tsx';
import { PolicyPanel } from './policy-panel.tsx';
import { UserSwitch } from './user-switch.tsx';
import { usePolicy } from './use-policy.ts';

interface WorkspaceProps {
  readonly user: User;
  readonly initialPolicy: PolicyOverview;
}

/** The page of somebody who is signed in. */
export function Workspace({ user, initialPolicy }: WorkspaceProps): ReactNode {
  const { policy, refresh } = usePolicy(initialPolicy);
  return (
    <div className="workspace">
      <header className="top">
        <h1>Support desk</h1>
        <UserSwitch user={user} />
      </header>
      <main>
        <Chat user={user} policy={policy} onProblem={refresh} />
      </main>
      <aside aria-label="What you may use">
        <PolicyPanel user={user} policy={policy} />
        <HandbookSearch user={user} onProblem={refresh} />
      </aside>
    </div>
  );
}
