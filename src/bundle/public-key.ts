import { BundleRefusedError } from '../errors.ts';
import type { Bytes } from './bytes.ts';
import { fromBase64, fromHex, sha256, toHex } from './bytes.ts';

/** Why a text is not a usable key, as a sentence without the text. */
export interface KeyFault {
  readonly fault: string;
}

/** A key in the one form that is compared and remembered: 64 hexadecimal digits in lower case. */
export interface PublicKey {
  readonly hex: string;
}

const KEY_BYTES = 32;
const KEY_ID_DIGITS = 16;
const HEX_DIGITS = KEY_BYTES * 2;

const PRIME = 2n ** 255n - 19n;
const ORDER_EIGHT = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
// The y coordinates of the eight points of small order. Whoever "signs" under one of them needs no
// secret: many messages verify under such a key, and some versions of Node accept it.
const SMALL_ORDER: ReadonlySet<bigint> = new Set([0n, 1n, PRIME - 1n, ORDER_EIGHT, PRIME - ORDER_EIGHT]);

function coordinateOf(key: Uint8Array): bigint {
  const littleEndian = Array.from(key, (byte) => BigInt(byte));
  const all = littleEndian.reduceRight((sum, byte) => sum * 256n + byte, 0n);
  return all & (2n ** 255n - 1n);
}

function faultOf(key: Uint8Array): string | undefined {
  if (key.length !== KEY_BYTES) return `A signing key has ${KEY_BYTES} bytes, this one ${key.length}.`;
  const coordinate = coordinateOf(key);
  if (coordinate >= PRIME) return 'The signing key is not written in its canonical form.';
  if (SMALL_ORDER.has(coordinate)) return 'The signing key is of small order: anybody could sign for it.';
  return undefined;
}

/**
 * Reads an Ed25519 public key: 32 raw bytes as 64 hexadecimal digits or as base64. Keys of small order
 * and keys that are not in canonical form are faults.
 */
export function readPublicKey(text: string): PublicKey | KeyFault {
  const trimmed = text.trim();
  const bytes = trimmed.length === HEX_DIGITS ? fromHex(trimmed) : fromBase64(trimmed);
  if (!bytes) return { fault: 'A signing key is 64 hexadecimal digits, or 32 bytes as base64.' };
  const fault = faultOf(bytes);
  return fault === undefined ? { hex: toHex(bytes) } : { fault };
}

/** The id of a key: the first 16 hexadecimal digits of the SHA-256 of its 32 bytes. */
export async function keyIdOf(hex: string): Promise<string> {
  return (await sha256(fromHex(hex) ?? new Uint8Array())).slice(0, KEY_ID_DIGITS);
}

/** A signature with what it signs. */
export interface SignedMessage {
  readonly message: Bytes;
  readonly signature: Bytes;
}

/**
 * Whether a key signed a message.
 *
 * @param hex a key that {@link readPublicKey} accepted
 * @throws {BundleRefusedError} `unsupported` on a runtime without Ed25519, `signature` for a key that is no point
 */
export async function isSignedBy(hex: string, { message, signature }: SignedMessage): Promise<boolean> {
  const key = await importPublicKey(hex);
  return crypto.subtle.verify('Ed25519', key, signature, message);
}

async function importPublicKey(hex: string): Promise<Awaited<ReturnType<typeof crypto.subtle.importKey>>> {
  const read = readPublicKey(hex);
  const bytes = fromHex(hex);
  if ('fault' in read || !bytes)
    throw new BundleRefusedError('signature', 'fault' in read ? read.fault : 'The signing key is not readable.');
  try {
    return await crypto.subtle.importKey('raw', bytes, 'Ed25519', false, ['verify']);
  } catch (error) {
    const isMissing = error instanceof Error && error.name === 'NotSupportedError';
    throw new BundleRefusedError(
      isMissing ? 'unsupported' : 'signature',
      isMissing ? 'This runtime has no Ed25519. Use Node 22 or newer.' : 'The signing key is not a valid key.',
      error,
    );
  }
}
