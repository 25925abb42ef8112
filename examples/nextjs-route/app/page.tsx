import type { ReactNode } from 'react';

import { SignIn } from '@/components/sign-in.tsx';
import { Workspace } from '@/components/workspace.tsx';
import { policyOverview } from '@/lib/policy-overview.ts';
import { currentUser } from '@/lib/session.ts';

export default async function Page(): Promise<ReactNode> {
  const user = await currentUser();
  if (!user) return <SignIn />;
  return <Workspace key={user.id} user={user} initialPolicy={await policyOverview(user)} />;
}
