import { BundleRefusedError } from '../errors.ts';
import type { Bytes } from './bytes.ts';
import { concatBytes } from './bytes.ts';

/** What is needed besides the bytes to seal or open a payload. */
export interface SealOptions {
  /** The key of the project: 32 bytes, AES-256. */
  readonly projectKey: Uint8Array;
  /** Authenticated with the payload without being part of it. Default: nothing. */
  readonly boundTo?: Bytes;
}

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const TAG_BITS = TAG_BYTES * 8;

type ImportedKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

async function importProjectKey(key: Uint8Array, use: 'encrypt' | 'decrypt'): Promise<ImportedKey> {
  if (key.length !== KEY_BYTES) {
    const message = `The project's key has ${key.length} bytes instead of ${KEY_BYTES}.`;
    throw new BundleRefusedError('signature', message);
  }
  return crypto.subtle.importKey('raw', Uint8Array.from(key), 'AES-GCM', false, [use]);
}

function parameters(nonce: Bytes, boundTo: Bytes | undefined): { name: 'AES-GCM'; iv: Bytes; tagLength: number } {
  const common = { name: 'AES-GCM', iv: nonce, tagLength: TAG_BITS } as const;
  return boundTo === undefined ? common : Object.assign(common, { additionalData: boundTo });
}

/** Encrypts: nonce, ciphertext, tag. The nonce is random, so equal bytes never look equal. */
export async function sealPayload(plain: Bytes, { projectKey, boundTo }: SealOptions): Promise<Bytes> {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const key = await importProjectKey(projectKey, 'encrypt');
  const sealed = await crypto.subtle.encrypt(parameters(nonce, boundTo), key, plain);
  return concatBytes(nonce, new Uint8Array(sealed));
}

/**
 * Decrypts what {@link sealPayload} made.
 *
 * @throws {BundleRefusedError} `signature` when the key is another one, or a byte has changed
 */
export async function openPayload(payload: Bytes, { projectKey, boundTo }: SealOptions): Promise<Bytes> {
  const key = await importProjectKey(projectKey, 'decrypt');
  if (payload.length < NONCE_BYTES + TAG_BYTES)
    throw new BundleRefusedError('signature', 'The encrypted part is too short to be one.');
  try {
    const plain = await crypto.subtle.decrypt(
      parameters(payload.subarray(0, NONCE_BYTES), boundTo),
      key,
      payload.subarray(NONCE_BYTES),
    );
    return new Uint8Array(plain);
  } catch (error) {
    const message =
      "Its signature is right, but the project's key does not decrypt it. Fetch the key anew: it was changed, or this belongs to another project.";
    throw new BundleRefusedError('signature', message, error);
  }
}
