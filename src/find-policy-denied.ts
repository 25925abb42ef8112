import { PolicyDeniedError } from './errors.ts';

const LINKS = ['cause', 'error', 'lastError', 'errors'] as const;
const MOST_LOOKED_AT = 1000;

function linkedFrom(error: object): unknown[] {
  return LINKS.flatMap((link) => {
    const linked: unknown = Reflect.get(error, link);
    return Array.isArray(linked) ? (linked as unknown[]) : [linked];
  });
}

/**
 * Finds the denial inside an error that a framework wrapped around it: follows `cause`, `error`,
 * `lastError` and the entries of `errors`, breadth first.
 *
 * @returns the denial, or undefined when there is none
 *
 * @example
 * ```ts
 * import { findPolicyDenied } from '@controlzero/sdk';
 *
 * export function toStatus(error: unknown): number {
 *   return findPolicyDenied(error) ? 403 : 500;
 * }
 * ```
 */
export function findPolicyDenied(error: unknown): PolicyDeniedError | undefined {
  const seen = new Set<unknown>();
  const queue: unknown[] = [error];
  for (let index = 0; index < queue.length && index < MOST_LOOKED_AT; index += 1) {
    const candidate = queue[index];
    if (typeof candidate !== 'object' || candidate === null || seen.has(candidate)) continue;
    seen.add(candidate);
    if (candidate instanceof PolicyDeniedError) return candidate;
    queue.push(...linkedFrom(candidate));
  }
  return undefined;
}
