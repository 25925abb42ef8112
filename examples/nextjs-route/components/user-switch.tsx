import type { ReactNode } from 'react';

import { signIn } from '@/app/actions.ts';
import type { User } from '@/lib/users.ts';
import { USERS } from '@/lib/users.ts';

/** Changes between the users of this demonstration. */
export function UserSwitch({ user }: { readonly user: User }): ReactNode {
  return (
    <form action={signIn} className="user-switch" aria-label="Signed in as">
      {USERS.map(({ id, name, plan }) => (
        <button key={id} name="user" value={id} aria-pressed={id === user.id}>
          {name} <span>{plan}</span>
        </button>
      ))}
    </form>
  );
}
