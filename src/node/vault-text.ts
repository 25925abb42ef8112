import * as v from 'valibot';

import { fromBase64 } from '../bundle/bytes.ts';
import { isSecretName } from '../bundle/secret-entries.ts';
import { SecretUnavailableError } from '../secrets/secret-errors.ts';

/** What the first line of a vault says, so that nothing else is taken for one. */
export const VAULT_FORMAT = 'controlzero.vault' as const;
/** The version of the format that is written and read. */
export const VAULT_VERSION = 1 as const;

/** One sealed secret. */
export interface VaultRow {
  readonly name: string;
  /** Grows by one each time the value is set. */
  readonly version: number;
  readonly updatedAt: string;
  /** Base64 of nonce, ciphertext and tag. */
  readonly sealed: string;
}

/** A vault as it stands in its file: names in clear, values sealed, and a seal over all of it. */
export interface VaultDocument {
  readonly format: typeof VAULT_FORMAT;
  readonly version: typeof VAULT_VERSION;
  /** Id of the key it is sealed with. */
  readonly keyId: string;
  readonly secrets: readonly VaultRow[];
  /** Base64 of nonce and tag over all of it. */
  readonly seal: string;
}

function isBase64(text: string): boolean {
  return fromBase64(text) !== undefined;
}

// Made when a vault is read, so that importing this file does nothing.
function documentSchema(): v.GenericSchema<unknown, VaultDocument> {
  const base64 = v.pipe(v.string(), v.check(isBase64));
  const row = v.strictObject({
    name: v.pipe(
      v.string(),
      v.check((name) => isSecretName(name)),
    ),
    version: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
    updatedAt: v.string(),
    sealed: base64,
  });
  return v.strictObject({
    format: v.literal(VAULT_FORMAT),
    version: v.literal(VAULT_VERSION),
    keyId: v.string(),
    secrets: v.array(row),
    seal: base64,
  });
}

/** The error for a vault that is not what its key's holder wrote. */
export function damaged(path: string, what: string): SecretUnavailableError {
  return new SecretUnavailableError({
    reasonCode: 'INVALID',
    message: `The vault ${path} is damaged or was changed without its key: ${what}. Take it from a backup.`,
  });
}

/**
 * Reads the text of a vault. Nothing in it is trusted yet.
 * @throws {SecretUnavailableError} `INVALID` when it is none
 */
export function parseVaultText(text: string, path: string): VaultDocument {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw damaged(path, 'it is not JSON');
  }
  const parsed = v.safeParse(documentSchema(), document, { abortEarly: true });
  if (!parsed.success)
    throw damaged(path, `${v.getDotPath(parsed.issues[0]) ?? 'the document'} is not as it should be`);
  return parsed.output;
}
