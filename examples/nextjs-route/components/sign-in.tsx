import type { ReactNode } from 'react';

import { signIn } from '@/app/actions.ts';
import { USERS } from '@/lib/users.ts';

/** The first screen: two users with different rights. */
export function SignIn(): ReactNode {
  return (
    <main className="sign-in">
      <h1>Support desk</h1>
      <p>Two people, two agents, one policy. Who signs in decides which models answer.</p>
      <form action={signIn}>
        {USERS.map(({ id, name, plan, agent }) => (
          <button key={id} name="user" value={id}>
            <strong>Continue as {name}</strong>
            <span>
              {plan}, agent <code>{agent}</code>
            </span>
          </button>
        ))}
      </form>
    </main>
  );
}
