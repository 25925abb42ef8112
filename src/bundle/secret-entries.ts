import { BundleRefusedError } from '../errors.ts';
import type { Bytes } from './bytes.ts';
import { concatBytes, utf8 } from './bytes.ts';

/** The most bytes of one secret. */
export const MAX_SECRET_BYTES: number = 64 * 1024;

const NAME = /^[A-Za-z0-9._-]{1,128}$/u;
const MOST_SECRETS = 0xff_ff;
const HEAD_BYTES = 6;

/** Whether a text may be the name of a secret: 1 to 128 letters, digits, dots, underscores and hyphens. */
export function isSecretName(name: string): boolean {
  return NAME.test(name);
}

function refuse(message: string): never {
  throw new BundleRefusedError('invalid_data', message);
}

function checkEntry(name: string, valueBytes: number): void {
  if (!isSecretName(name)) refuse('The name of a secret has 1 to 128 letters, digits, ".", "_" and "-".');
  if (valueBytes > MAX_SECRET_BYTES)
    throw new BundleRefusedError('too_large', `A secret has at most ${MAX_SECRET_BYTES} bytes.`);
}

/**
 * Writes secrets one after the other: length of the name (u16), length of the value (u32), name, value;
 * numbers are little-endian. No JSON, because reading that would make strings of the values.
 *
 * @throws {BundleRefusedError} `invalid_data` or `too_large`
 */
export function packSecrets(secrets: ReadonlyMap<string, Uint8Array>): Bytes {
  if (secrets.size > MOST_SECRETS)
    throw new BundleRefusedError('too_large', `There are at most ${MOST_SECRETS} secrets.`);
  const parts: Uint8Array[] = [];
  for (const [name, value] of secrets) {
    checkEntry(name, value.length);
    const head = new Uint8Array(HEAD_BYTES);
    const view = new DataView(head.buffer);
    view.setUint16(0, name.length, true);
    view.setUint32(2, value.length, true);
    parts.push(head, utf8(name), value);
  }
  return concatBytes(...parts);
}

/**
 * Reads what {@link packSecrets} wrote. Each value gets a buffer of its own, so that it can be wiped.
 *
 * @param count how many secrets there have to be
 * @throws {BundleRefusedError} `invalid_data` or `too_large`
 */
export function unpackSecrets(bytes: Bytes, count: number): ReadonlyMap<string, Bytes> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const secrets = new Map<string, Bytes>();
  let at = 0;
  while (at < bytes.length) {
    if (at + HEAD_BYTES > bytes.length) refuse('The envelope ends within a secret.');
    const nameAt = at + HEAD_BYTES;
    const valueAt = nameAt + view.getUint16(at, true);
    const end = valueAt + view.getUint32(at + 2, true);
    if (end > bytes.length) refuse('The envelope ends within a secret.');
    const name = new TextDecoder('latin1').decode(bytes.subarray(nameAt, valueAt));
    checkEntry(name, end - valueAt);
    if (secrets.has(name)) refuse('The envelope has two secrets of one name.');
    secrets.set(name, bytes.slice(valueAt, end));
    at = end;
  }
  return secrets.size === count ? secrets : refuse('The envelope has lost secrets, or gained some.');
}
