import type { Bytes } from '../bundle/bytes.ts';
import { fromBase64, toBase64, utf8 } from '../bundle/bytes.ts';
import { openPayload, sealPayload } from '../bundle/sealed-payload.ts';
import type { VaultKey } from './vault-key.ts';
import type { VaultDocument, VaultRow } from './vault-text.ts';
import { VAULT_FORMAT, VAULT_VERSION, damaged } from './vault-text.ts';

/** A secret in clear, with what its row says about it. */
export interface OpenRow extends Omit<VaultRow, 'sealed'> {
  readonly value: Bytes;
}

// Bound to a row: the key, the name and the version, so that no row can stand in for another one.
function rowData(keyId: string, { name, version }: Pick<VaultRow, 'name' | 'version'>): Bytes {
  return utf8(JSON.stringify([VAULT_FORMAT, VAULT_VERSION, keyId, name, version]));
}

// Bound to the whole: no row can be left out, doubled, or put back to what it was.
function wholeData(keyId: string, rows: readonly VaultRow[]): Bytes {
  const fields = rows.map(({ name, version, updatedAt, sealed }) => [name, version, updatedAt, sealed]);
  return utf8(JSON.stringify([VAULT_FORMAT, VAULT_VERSION, keyId, fields]));
}

async function seal(plain: Bytes, { bytes }: VaultKey, boundTo: Bytes): Promise<string> {
  return toBase64(await sealPayload(plain, { projectKey: bytes, boundTo }));
}

async function open(sealed: string, { bytes }: VaultKey, boundTo: Bytes): Promise<Bytes> {
  return openPayload(fromBase64(sealed) ?? new Uint8Array(0), { projectKey: bytes, boundTo });
}

/** Seals secrets with a key, each with a nonce of its own, and all of them together. */
export async function sealVault(rows: readonly OpenRow[], key: VaultKey): Promise<VaultDocument> {
  const secrets = await Promise.all(
    rows.map(async ({ value, ...row }) => ({ ...row, sealed: await seal(value, key, rowData(key.id, row)) })),
  );
  return {
    format: VAULT_FORMAT,
    version: VAULT_VERSION,
    keyId: key.id,
    secrets,
    seal: await seal(new Uint8Array(0), key, wholeData(key.id, secrets)),
  };
}

/**
 * Opens every secret of a vault, or none.
 * @throws {SecretUnavailableError} `INVALID` when it is not what the holder of the key wrote
 */
export async function openVault(document: VaultDocument, key: VaultKey, path: string): Promise<readonly OpenRow[]> {
  const { keyId, secrets } = document;
  await open(document.seal, key, wholeData(keyId, secrets)).catch(() => {
    throw damaged(path, 'its seal does not fit');
  });
  return Promise.all(
    secrets.map(async ({ name, version, updatedAt, sealed }) => {
      const value = await open(sealed, key, rowData(keyId, { name, version })).catch(() => {
        throw damaged(path, `the value of ${name} does not fit its name and version`);
      });
      return { name, version, updatedAt, value };
    }),
  );
}
