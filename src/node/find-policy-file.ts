import { findBuiltin } from './builtin.ts';

/** The file names that are looked for in the working folder, in this order. */
const POLICY_FILE_NAMES: readonly string[] = ['controlzero.yaml', 'controlzero.yml', 'controlzero.json'];

/**
 * The policy file that a client finds in the working folder: `controlzero.yaml`, `.yml` or `.json`.
 * Undefined when there is none, and always on a runtime without files.
 *
 * @example
 * ```ts
 * import { findPolicyFile } from '@controlzero/sdk/node';
 *
 * console.log((await findPolicyFile())?.endsWith('controlzero.yaml')); // true
 * ```
 */
export async function findPolicyFile(): Promise<string | undefined> {
  const files = findBuiltin('node:fs/promises');
  const paths = findBuiltin('node:path');
  if (!files || !paths) return undefined;
  for (const name of POLICY_FILE_NAMES) {
    const path = paths.resolve(name);
    const found = await files.stat(path).catch(() => undefined);
    if (found?.isFile()) return path;
  }
  return undefined;
}
