import { utf8 } from '../bundle/bytes.ts';
import { ConfigurationError } from '../errors.ts';
import { faultOfSecret } from '../secrets/vault.ts';
import { requireBuiltin } from './builtin.ts';
import { withFileLock } from './file-lock.ts';
import type { OpenedVault, VaultOptions, VaultPaths } from './vault-file-source.ts';
import { openVaultBytes, readVaultFile, resolveVaultPaths } from './vault-file-source.ts';
import type { VaultKey } from './vault-key.ts';
import { createKeyText, isKeyInEnvironment, nextKeyFile, readKeyText, readVaultKeys } from './vault-key.ts';
import type { OpenRow } from './vault-seal.ts';
import { sealVault } from './vault-seal.ts';
import { writeFileAtomically } from './write-file-atomically.ts';

const FEATURE = 'vaultFile';

/** A secret of a vault, without its value. */
export interface VaultEntry {
  readonly name: string;
  /** Grows by one each time the value is set. */
  readonly version: number;
  /** When the value was set: RFC 3339, UTC. */
  readonly updatedAt: string;
}

/** Where a secret is stored. */
export interface SetSecretOptions extends VaultOptions {
  /** True makes the vault with the secret in it, as `createVault()` would. Default: false, the vault has to be there. */
  readonly create?: boolean;
}

async function exists(path: string): Promise<boolean> {
  const { stat } = requireBuiltin('node:fs/promises', FEATURE);
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function writeText(path: string, text: string): Promise<void> {
  try {
    await writeFileAtomically(path, `${text}\n`, FEATURE);
  } catch (error) {
    const { code = 'no code' } = error as NodeJS.ErrnoException;
    throw new ConfigurationError(`The file ${path} cannot be written (${code}).`);
  }
}

async function write({ vaultFile }: VaultPaths, { rows, key }: OpenedVault): Promise<void> {
  const document = await sealVault(rows, key);
  await writeText(vaultFile, JSON.stringify(document, undefined, 2));
}

async function open(paths: VaultPaths): Promise<OpenedVault> {
  return openVaultBytes(await readVaultFile(paths.vaultFile), paths);
}

function wipe({ rows, key }: OpenedVault): void {
  for (const bytes of [key.bytes, ...rows.map(({ value }) => value)]) bytes.fill(0);
}

async function withVault<Result>(paths: VaultPaths, run: (vault: OpenedVault) => Promise<Result>): Promise<Result> {
  const vault = await open(paths);
  try {
    return await run(vault);
  } finally {
    wipe(vault);
  }
}

async function edit<Result>(
  options: VaultOptions | undefined,
  run: (vault: OpenedVault, paths: VaultPaths) => Promise<Result>,
): Promise<Result> {
  const paths = resolveVaultPaths(options);
  return withFileLock(paths.vaultFile, async () => withVault(paths, async (vault) => run(vault, paths)));
}

const entryOf = ({ name, version, updatedAt }: OpenRow): VaultEntry => ({ name, version, updatedAt });

async function writeNew(paths: VaultPaths, rows: readonly OpenRow[]): Promise<void> {
  const keys = await readVaultKeys(paths.vaultKeyFile);
  await write(paths, { rows, key: keys[0] as VaultKey });
  for (const { bytes } of keys) bytes.fill(0);
}

// Both files or neither: a key without its vault would be taken for the key of the next one.
async function createVaultOf(options: VaultOptions | undefined, rows: readonly OpenRow[]): Promise<VaultPaths> {
  const paths = resolveVaultPaths(options);
  const { vaultFile, vaultKeyFile } = paths;
  const { unlink } = requireBuiltin('node:fs/promises', FEATURE);
  return withFileLock(vaultFile, async () => {
    if (await exists(vaultFile))
      throw new ConfigurationError(`The vault ${vaultFile} is there already; nothing was changed.`);
    const needsKey = !isKeyInEnvironment() && !(await exists(vaultKeyFile));
    if (needsKey) await writeText(vaultKeyFile, createKeyText());
    try {
      await writeNew(paths, rows);
    } catch (error) {
      if (needsKey) await unlink(vaultKeyFile).catch(() => undefined);
      throw error;
    }
    return paths;
  });
}

/**
 * Makes an empty vault, or nothing when it fails. Without `CONTROLZERO_VAULT_KEY` and without a key file it makes a key file as
 * well, which only its owner may read. Keep that file out of version control: whoever has both files
 * has the secrets.
 *
 * @returns the paths that were used
 * @throws {ConfigurationError} `ERR_CZ_CONFIGURATION` when the vault is there already, or the key is none
 *
 * @example
 * ```ts
 * import { createVault, setSecret } from '@controlzero/sdk/node';
 *
 * await createVault({ vaultFile: 'team.vault' });
 * await setSecret('openai', process.env['OPENAI_API_KEY'] ?? '', { vaultFile: 'team.vault' });
 * ```
 */
export async function createVault(options?: VaultOptions): Promise<VaultPaths> {
  return createVaultOf(options, []);
}

function rowOf(name: string, value: OpenRow['value'], version: number): OpenRow {
  return { name, value, version, updatedAt: new Date().toISOString() };
}

interface NewSecret {
  readonly name: string;
  readonly bytes: OpenRow['value'];
}

async function storeFirst({ name, bytes }: NewSecret, options: VaultOptions | undefined): Promise<VaultEntry> {
  const row = rowOf(name, bytes, 1);
  await createVaultOf(options, [row]);
  return entryOf(row);
}

async function store({ name, bytes }: NewSecret, options: VaultOptions | undefined): Promise<VaultEntry> {
  return edit(options, async ({ rows, key }, paths) => {
    const old = rows.find((row) => row.name === name);
    const row = rowOf(name, bytes, (old?.version ?? 0) + 1);
    await write(paths, { key, rows: old ? rows.map((other) => (other === old ? row : other)) : [...rows, row] });
    return entryOf(row);
  });
}

/**
 * Stores a secret, new or in place of its old value. When it fails, nothing is made or changed.
 *
 * @throws {ConfigurationError} `ERR_CZ_CONFIGURATION` for a name or a value that cannot be one, and with
 * `create` when the vault is there already
 * @throws {SecretUnavailableError} `ERR_CZ_SECRET_UNAVAILABLE` when the vault cannot be opened
 *
 * @example
 * ```ts
 * import { createVault, setSecret } from '@controlzero/sdk/node';
 *
 * await createVault({ vaultFile: 'rotated.vault' });
 * await setSecret('openai', 'sk-first-value', { vaultFile: 'rotated.vault' });
 * const { version } = await setSecret('openai', 'sk-second-value', { vaultFile: 'rotated.vault' });
 * console.log(version); // 2
 * ```
 */
export async function setSecret(name: string, value: string, options?: SetSecretOptions): Promise<VaultEntry> {
  if (typeof value !== 'string' || !value.isWellFormed())
    throw new ConfigurationError('The value of a secret is a text; this one is not.');
  const bytes = utf8(value);
  const fault = faultOfSecret(name, bytes);
  if (fault !== undefined) throw new ConfigurationError(fault);
  try {
    return await (options?.create === true ? storeFirst : store)({ name, bytes }, options);
  } finally {
    bytes.fill(0);
  }
}

/**
 * Removes a secret.
 *
 * @returns whether there was one of that name
 * @throws {SecretUnavailableError} `ERR_CZ_SECRET_UNAVAILABLE` when the vault cannot be opened
 *
 * @example
 * ```ts
 * import { createVault, removeSecret } from '@controlzero/sdk/node';
 *
 * await createVault({ vaultFile: 'empty.vault' });
 * console.log(await removeSecret('openai', { vaultFile: 'empty.vault' })); // false
 * ```
 */
export async function removeSecret(name: string, options?: VaultOptions): Promise<boolean> {
  return edit(options, async ({ rows, key }, paths) => {
    const rest = rows.filter((row) => row.name !== name);
    if (rest.length === rows.length) return false;
    await write(paths, { rows: rest, key });
    return true;
  });
}

/**
 * Lists the secrets of a vault by name, without their values. It needs the key: what it says was
 * verified.
 *
 * @throws {SecretUnavailableError} `ERR_CZ_SECRET_UNAVAILABLE` when the vault cannot be opened
 *
 * @example
 * ```ts
 * import { createVault, listSecrets, setSecret } from '@controlzero/sdk/node';
 *
 * await createVault({ vaultFile: 'listed.vault' });
 * await setSecret('openai', 'sk-some-value', { vaultFile: 'listed.vault' });
 * const [entry] = await listSecrets({ vaultFile: 'listed.vault' });
 * console.log(entry?.name, entry?.version); // openai 1
 * ```
 */
export async function listSecrets(options?: VaultOptions): Promise<readonly VaultEntry[]> {
  return withVault(resolveVaultPaths(options), async ({ rows }) => rows.map(entryOf));
}

// The vault says which key it needs, so both stay at hand until the vault is sealed with the new one:
// a crash at any point leaves a pair that opens.
async function rotateKeyFile({ rows, key }: OpenedVault, paths: VaultPaths): Promise<void> {
  const { rename } = requireBuiltin('node:fs/promises', FEATURE);
  const next = nextKeyFile(paths.vaultKeyFile);
  if (key.origin.endsWith(next)) await rename(next, paths.vaultKeyFile);
  const text = createKeyText();
  await writeText(next, text);
  await write(paths, { rows, key: await readKeyText(text, next) });
  await rename(next, paths.vaultKeyFile);
}

async function rotateEnvironmentKey({ rows, key }: OpenedVault, paths: VaultPaths): Promise<void> {
  const next = (await readVaultKeys(paths.vaultKeyFile)).find(({ origin }) => origin === 'CONTROLZERO_VAULT_NEXT_KEY');
  if (!next || next.id === key.id) {
    throw new ConfigurationError(
      'The key is in CONTROLZERO_VAULT_KEY. Set CONTROLZERO_VAULT_NEXT_KEY to 32 other random bytes in base64; when the vault is sealed with it, make it CONTROLZERO_VAULT_KEY.',
    );
  }
  await write(paths, { rows, key: next });
}

/**
 * Seals the vault with another key. With a key file, a new key is made and takes its place. With
 * `CONTROLZERO_VAULT_KEY`, the new key comes from `CONTROLZERO_VAULT_NEXT_KEY`: processes that have both
 * go on reading, before and after.
 *
 * @throws {ConfigurationError} `ERR_CZ_CONFIGURATION` when the environment has no other key
 * @throws {SecretUnavailableError} `ERR_CZ_SECRET_UNAVAILABLE` when the vault cannot be opened
 *
 * @example
 * ```ts
 * import { createVault, rotateVaultKey } from '@controlzero/sdk/node';
 *
 * await createVault({ vaultFile: 'sealed-anew.vault' });
 * await rotateVaultKey({ vaultFile: 'sealed-anew.vault' });
 * ```
 */
export async function rotateVaultKey(options?: VaultOptions): Promise<void> {
  await edit(options, isKeyInEnvironment() ? rotateEnvironmentKey : rotateKeyFile);
}
