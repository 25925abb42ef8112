import { text } from 'node:stream/consumers';

import { listSecrets, rotateVaultKey, setSecret } from '../src/node/index.ts';
import type { ExitCode } from './terminal.ts';
import { EXIT, UsageError, print, printJson } from './terminal.ts';

/** What the commands about secrets take. */
export interface SecretsOptions {
  readonly vault?: string;
  readonly create?: true;
  readonly json?: true;
}

function pathsOf({ vault }: SecretsOptions): { readonly vaultFile?: string } {
  return vault === undefined ? {} : { vaultFile: vault };
}

/** Stores a secret. Its value comes from the standard input: arguments are seen by other processes. */
export async function setOne(name: string, options: SecretsOptions): Promise<ExitCode> {
  if (process.stdin.isTTY)
    throw new UsageError(
      `Pipe the value in, so that it is neither shown nor kept: controlzero secrets set ${name} < file`,
    );
  const value = (await text(process.stdin)).replace(/\r?\n$/u, '');
  const entry = await setSecret(name, value, { ...pathsOf(options), create: options.create === true });
  if (options.json) printJson(entry);
  else print(`Stored ${entry.name}, version ${entry.version}.`);
  return EXIT.fine;
}

/** Names of secrets and their versions, without values. */
export async function listAll(options: SecretsOptions): Promise<ExitCode> {
  const entries = await listSecrets(pathsOf(options));
  if (options.json) printJson(entries);
  else for (const { name, version } of entries) print(`${name}  version ${version}`);
  return EXIT.fine;
}

/** Seals the vault with another key. */
export async function rotate(options: SecretsOptions): Promise<ExitCode> {
  await rotateVaultKey(pathsOf(options));
  if (options.json) printJson({ rotated: true });
  else print('The vault is sealed with another key.');
  return EXIT.fine;
}
