import 'server-only';
import type { ControlZero } from '@controlzero/sdk';
import { getControlZero } from '@controlzero/sdk';

/**
 * The one client of this process: made at the first request, not at import, so that `next build` needs
 * neither a policy nor a key. It lives on `globalThis`, where route handlers, server components and
 * reloaded modules find the same one.
 */
export async function cz(): Promise<ControlZero> {
  return getControlZero();
}
