import { relative } from 'node:path';

import type { PolicySource } from '../src/index.ts';
import { fileSource, findPolicyFile } from '../src/node/index.ts';
import { UsageError } from './terminal.ts';

/** The policy file that was named, else the one that the client would find. */
export async function findPolicy(named: string | undefined): Promise<string> {
  const fromEnvironment = process.env['CONTROLZERO_POLICY_FILE'];
  const path = named ?? (fromEnvironment === '' ? undefined : fromEnvironment) ?? (await findPolicyFile());
  if (path !== undefined) return relative('', path);
  throw new UsageError(
    'No policy found. Give --policy <file>, set CONTROLZERO_POLICY_FILE, or run "controlzero init" to make controlzero.yaml.',
  );
}

/** The source of the policy that was named, else of the one that the client would find. */
export async function policySource(named: string | undefined): Promise<PolicySource> {
  return fileSource(await findPolicy(named));
}
