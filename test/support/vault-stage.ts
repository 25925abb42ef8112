import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

import type { ControlZero, ControlZeroOptions } from '../../src/index.ts';
import { init } from '../../src/index.ts';
import type { VaultOptions } from '../../src/node/index.ts';
import { createVault, setSecret } from '../../src/node/index.ts';
import { silentLogger } from './silent-logger.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** A sealed secret in its file. */
export interface VaultRow {
  name: string;
  version: number;
  updatedAt: string;
  sealed: string;
}

/** What stands in a vault file. */
export interface VaultDocument {
  format: string;
  version: number;
  keyId: string;
  secrets: VaultRow[];
  seal: string;
}

/** Makes a vault in a folder of its own. */
export async function newVault(values: Readonly<Record<string, string>> = {}): Promise<Required<VaultOptions>> {
  const vaultFile = join(temporaryFolder(), 'controlzero.vault');
  const paths = await createVault({ vaultFile });
  for (const [name, value] of Object.entries(values)) await setSecret(name, value, paths);
  return paths;
}

/** Initializes a client on a vault. */
export async function clientOf(vault: VaultOptions, options: ControlZeroOptions = {}): Promise<ControlZero> {
  const cz = await init({ policy: { rules: [] }, secretsEnabled: true, logger: silentLogger, ...vault, ...options });
  onTestFinished(async () => cz.close());
  return cz;
}

/** Reads what stands in a vault file. */
export const documentOf = ({ vaultFile = '' }: VaultOptions): VaultDocument =>
  JSON.parse(readFileSync(vaultFile, 'utf8')) as VaultDocument;
