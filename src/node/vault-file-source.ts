import { SecretUnavailableError } from '../secrets/secret-errors.ts';
import type { SecretsSource } from '../secrets/secrets-source.ts';
import { revisionOf } from '../sources/revision.ts';
import { requireBuiltin } from './builtin.ts';
import { environmentVariable } from './environment-variable.ts';
import type { VaultKey } from './vault-key.ts';
import { pickKey, readVaultKeys } from './vault-key.ts';
import type { OpenRow } from './vault-seal.ts';
import { openVault } from './vault-seal.ts';
import { parseVaultText } from './vault-text.ts';

const REFRESH_INTERVAL_MS = 2000;
const LARGEST_FILE_BYTES = 16 * 1024 * 1024;

/** Which vault, and where its key is. */
export interface VaultOptions {
  /** Default: `CONTROLZERO_VAULT_FILE`, then `controlzero.vault` in the working folder. */
  readonly vaultFile?: string;
  /** Looked at when `CONTROLZERO_VAULT_KEY` is not set. Default: `CONTROLZERO_VAULT_KEY_FILE`, then the vault's name with `.key` behind it. */
  readonly vaultKeyFile?: string;
}

/** A vault and its key file, by path. */
export interface VaultPaths {
  readonly vaultFile: string;
  readonly vaultKeyFile: string;
}

/** Fills in environment and defaults. */
export function resolveVaultPaths(options: VaultOptions = {}): VaultPaths {
  const vaultFile = options.vaultFile ?? environmentVariable('CONTROLZERO_VAULT_FILE') ?? 'controlzero.vault';
  const vaultKeyFile = options.vaultKeyFile ?? environmentVariable('CONTROLZERO_VAULT_KEY_FILE') ?? `${vaultFile}.key`;
  return { vaultFile, vaultKeyFile };
}

/**
 * The bytes of a vault file.
 * @throws {SecretUnavailableError} `UNREADABLE`
 */
export async function readVaultFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const { readFile, stat } = requireBuiltin('node:fs/promises', 'vaultFile');
  try {
    const { size } = await stat(path);
    if (size > LARGEST_FILE_BYTES) throw Object.assign(new Error('too large'), { code: 'EFBIG' });
    return new Uint8Array(await readFile(path));
  } catch (error) {
    const { code = 'no code' } = error as NodeJS.ErrnoException;
    throw new SecretUnavailableError({
      reasonCode: 'UNREADABLE',
      message: `The vault ${path} cannot be read (${code}). Make one with createVault() or controlzero secrets set <name> --create, or set vaultFile or CONTROLZERO_VAULT_FILE.`,
    });
  }
}

/** Every secret of a vault, and the key it is sealed with. */
export interface OpenedVault {
  readonly rows: readonly OpenRow[];
  readonly key: VaultKey;
}

/**
 * Opens the bytes of a vault file with whichever key at hand fits.
 * @throws {SecretUnavailableError} `WRONG_KEY` or `INVALID`
 */
export async function openVaultBytes(bytes: Uint8Array, { vaultFile, vaultKeyFile }: VaultPaths): Promise<OpenedVault> {
  const document = parseVaultText(new TextDecoder().decode(bytes), vaultFile);
  const keys = await readVaultKeys(vaultKeyFile);
  try {
    const key = pickKey(keys, document.keyId, vaultKeyFile);
    return { key: { ...key, bytes: key.bytes.slice() }, rows: await openVault(document, key, vaultFile) };
  } finally {
    for (const { bytes: keyBytes } of keys) keyBytes.fill(0);
  }
}

/**
 * Secrets in an encrypted file. It is read every 2 seconds unless `refreshInterval` says otherwise, and
 * opened when its content has changed. What cannot be read or opened leaves the last values for
 * `secretTtl`.
 *
 * @example
 * ```ts
 * import { ControlZero } from '@controlzero/sdk';
 * import { vaultFileSource } from '@controlzero/sdk/node';
 *
 * const cz = new ControlZero({ secretsEnabled: true, secretsSource: vaultFileSource({ vaultFile: 'team.vault' }) });
 * ```
 */
export function vaultFileSource(options: VaultOptions = {}): SecretsSource {
  return {
    kind: 'vault-file',
    refreshIntervalMs: REFRESH_INTERVAL_MS,
    read: async () => {
      const paths = resolveVaultPaths(options);
      const bytes = await readVaultFile(paths.vaultFile);
      return {
        revision: await revisionOf(bytes),
        open: async () => {
          const { rows, key } = await openVaultBytes(bytes, paths);
          key.bytes.fill(0);
          return { secrets: new Map(rows.map(({ name, value }) => [name, value])) };
        },
      };
    },
  };
}
