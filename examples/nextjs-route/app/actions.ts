'use server';

import { revalidatePath } from 'next/cache';

import { startSession } from '@/lib/session.ts';
import { USERS } from '@/lib/users.ts';

/** Signs in as one of the two users of this demonstration. A real application asks for a password here. */
export async function signIn(form: FormData): Promise<void> {
  const user = USERS.find(({ id }) => id === form.get('user'));
  if (!user) return;
  await startSession(user);
  revalidatePath('/');
}
