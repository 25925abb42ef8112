import type { Bytes } from '../bundle/bytes.ts';
import { fromBase64, sha256, toBase64 } from '../bundle/bytes.ts';
import { ConfigurationError } from '../errors.ts';
import { SecretUnavailableError } from '../secrets/secret-errors.ts';
import { requireBuiltin } from './builtin.ts';
import { environmentVariable } from './environment-variable.ts';

const KEY_BYTES = 32;
const KEY_ID_DIGITS = 16;
const OTHERS_MAY = 0o077;
const FEATURE = 'A vault file';

/** A key of a vault. */
export interface VaultKey {
  /** The first 16 hexadecimal digits of the SHA-256 of the key. */
  readonly id: string;
  /** Filled with zeros after use. */
  readonly bytes: Bytes;
  /** The variable or file it came from. */
  readonly origin: string;
}

/** A key as text: 32 random bytes in base64. */
export function createKeyText(): string {
  return toBase64(crypto.getRandomValues(new Uint8Array(KEY_BYTES)));
}

function bytesOfKey(text: string, origin: string): Bytes {
  const bytes = fromBase64(text.trim());
  if (bytes?.length === KEY_BYTES) return bytes;
  throw new ConfigurationError(`${origin} takes ${KEY_BYTES} random bytes in base64; it holds something else.`);
}

/**
 * Reads a key.
 * @throws {ConfigurationError} `ERR_CZ_CONFIGURATION` when the text is no key; the text is not shown
 */
export async function readKeyText(text: string, origin: string): Promise<VaultKey> {
  const bytes = bytesOfKey(text, origin);
  const id = (await sha256(bytes)).slice(0, KEY_ID_DIGITS);
  return { id, bytes, origin };
}

function environmentKeys(): readonly (readonly [name: string, text: string])[] {
  const names = ['CONTROLZERO_VAULT_KEY', 'CONTROLZERO_VAULT_NEXT_KEY'];
  return names.flatMap((name) => {
    const text = environmentVariable(name);
    return text === undefined ? [] : [[name, text] as const];
  });
}

/** Whether the key is in the environment. A key file is not looked at then. */
export function isKeyInEnvironment(): boolean {
  return environmentKeys().length > 0;
}

async function readKeyFile(path: string): Promise<VaultKey | undefined> {
  const { open } = requireBuiltin('node:fs/promises', FEATURE);
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new SecretUnavailableError({
      reasonCode: 'UNREADABLE',
      message: `The key file ${path} cannot be read (${error.code ?? 'no code'}).`,
    });
  });
  if (!file) return undefined;
  try {
    // Windows has no such bits.
    const { mode } = await file.stat();
    if (process.platform !== 'win32' && (mode & OTHERS_MAY) !== 0)
      throw new ConfigurationError(`The key file ${path} is open to others than its owner. Run: chmod 600 ${path}`);
    return await readKeyText(await file.readFile('utf8'), `The key file ${path}`);
  } finally {
    await file.close();
  }
}

/** Where a rotation puts the new key until the vault is sealed with it. */
export function nextKeyFile(keyFile: string): string {
  return `${keyFile}.next`;
}

/**
 * Every key at hand: from `CONTROLZERO_VAULT_KEY` and, during a rotation, `CONTROLZERO_VAULT_NEXT_KEY`;
 * without them from the key file. The vault says by id which one it is sealed with.
 *
 * @throws {ConfigurationError} `ERR_CZ_CONFIGURATION` when one is no key, or its file is open to others
 */
export async function readVaultKeys(keyFile: string): Promise<readonly VaultKey[]> {
  const fromEnvironment = environmentKeys();
  if (fromEnvironment.length > 0)
    return Promise.all(fromEnvironment.map(async ([name, text]) => readKeyText(text, name)));
  const found = await Promise.all([keyFile, nextKeyFile(keyFile)].map(readKeyFile));
  return found.filter((key) => key !== undefined);
}

/**
 * The key of an id.
 * @throws {SecretUnavailableError} `WRONG_KEY` when it is not among the keys
 */
export function pickKey(keys: readonly VaultKey[], id: string, keyFile: string): VaultKey {
  const found = keys.find((key) => key.id === id);
  if (found) return found;
  const known = keys.map((key) => `${key.origin} holds key ${key.id}`);
  const instead = known.length > 0 ? known.join(', ') : `CONTROLZERO_VAULT_KEY is not set, and ${keyFile} is not there`;
  throw new SecretUnavailableError({
    reasonCode: 'WRONG_KEY',
    message: `The vault is sealed with key ${id}; ${instead}.`,
  });
}
