import type { Bytes } from './bytes.ts';
import { concatBytes, fromBase64, fromHex, toHex } from './bytes.ts';

/** A key that signs. The private half stays inside. */
export interface SigningKey {
  /** 64 hexadecimal digits in lower case. */
  readonly publicKey: string;
  sign(message: Bytes): Promise<Bytes>;
}

const SEED_BYTES = 32;
// What stands before the seed in a PKCS #8 document of Ed25519 (RFC 8410).
const PKCS8_HEAD = '302e020100300506032b657004220420';

function fromBase64Url(text: string): Uint8Array {
  const base64 = text.replaceAll('-', '+').replaceAll('_', '/');
  return fromBase64(base64.padEnd(Math.ceil(base64.length / 4) * 4, '=')) ?? new Uint8Array();
}

/** Makes an Ed25519 key: a new one, or the one of a seed of 32 bytes. */
export async function createSigningKey(
  seed: Uint8Array = crypto.getRandomValues(new Uint8Array(SEED_BYTES)),
): Promise<SigningKey> {
  const document = concatBytes(fromHex(PKCS8_HEAD) ?? new Uint8Array(), seed);
  const readable = await crypto.subtle.importKey('pkcs8', document, 'Ed25519', true, ['sign']);
  const { x = '' } = await crypto.subtle.exportKey('jwk', readable);
  const key = await crypto.subtle.importKey('pkcs8', document, 'Ed25519', false, ['sign']);
  return {
    publicKey: toHex(fromBase64Url(x)),
    sign: async (message) => new Uint8Array(await crypto.subtle.sign('Ed25519', key, message)),
  };
}
