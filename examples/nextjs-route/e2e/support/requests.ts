import { SignJWT } from 'jose';

/** Given to the application, so that tests can sign in without the page. */
export const SESSION_SECRET = 'a secret for tests, long enough for HS256';

/** Headers of a request of somebody who is signed in; another secret makes a forged session. */
export async function headersOf(user: string, secret: string = SESSION_SECRET): Promise<Record<string, string>> {
  const token = await new SignJWT()
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(user)
    .setExpirationTime('1 hour')
    .sign(new TextEncoder().encode(secret));
  return { 'content-type': 'application/json', cookie: `session=${token}` };
}

/** A chat request as the page sends it, with whatever else a caller may try. */
export function chatBody(model: string, more: object = {}): string {
  const messages = [{ id: '1', role: 'user', parts: [{ type: 'text', text: 'Hello' }] }];
  return JSON.stringify({ id: 'chat', messages, model, trigger: 'submit-message', ...more });
}
