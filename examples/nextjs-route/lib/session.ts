import 'server-only';
import { randomBytes } from 'node:crypto';

import { SignJWT, jwtVerify } from 'jose';
import { cookies, headers } from 'next/headers';

import type { User } from './users.ts';
import { USERS } from './users.ts';

const COOKIE = 'session';
const LIFETIME_SECONDS = 8 * 60 * 60;
const SECRET: unique symbol = Symbol.for('nextjs-route.session-secret') as never;

// Without SESSION_SECRET a secret per process, shared by every copy of this module; sessions end with it.
function secret(): Uint8Array {
  const { SESSION_SECRET: given } = process.env;
  if (given) return new TextEncoder().encode(given);
  const holder = globalThis as { [SECRET]?: Uint8Array };
  return (holder[SECRET] ??= randomBytes(32));
}

/** Starts a session in a signed cookie. Call it in a server action or a route handler. */
export async function startSession(user: User): Promise<void> {
  const token = await new SignJWT()
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(user.id)
    .setExpirationTime(`${LIFETIME_SECONDS} seconds`)
    .sign(secret());
  const jar = await cookies();
  const secure = (await headers()).get('x-forwarded-proto') === 'https';
  jar.set(COOKIE, token, { httpOnly: true, secure, sameSite: 'lax', path: '/', maxAge: LIFETIME_SECONDS });
}

/** Who is signed in: what the signed cookie says, and nothing else of the request. */
export async function currentUser(): Promise<User | undefined> {
  const token = (await cookies()).get(COOKIE)?.value;
  if (token === undefined) return undefined;
  const session = await jwtVerify(token, secret(), { algorithms: ['HS256'] }).catch(() => undefined);
  return USERS.find(({ id }) => id === session?.payload.sub);
}
