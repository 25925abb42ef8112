import { BundleRefusedError } from '../errors.ts';
import type { Bytes } from './bytes.ts';
import { concatBytes } from './bytes.ts';

/** What a container holds: policies, or sealed secrets. The magic is signed, so one never passes for the other. */
export type ContainerMagic = 'CZ01' | 'CZS1';

/** The signed parts of a container, as they lie in its bytes. */
export interface Container {
  /** Seconds since the epoch. */
  readonly createdAt: number;
  readonly count: number;
  readonly header: Bytes;
  readonly payload: Bytes;
  readonly signature: Bytes;
  /** Header and payload: what the signature covers. */
  readonly signed: Bytes;
}

/** What the header of a container says. */
export interface ContainerFields {
  readonly magic: ContainerMagic;
  readonly createdAt: number;
  readonly count: number;
}

const HEADER_BYTES = 32;
const SIGNATURE_BYTES = 64;
const SCHEMA_VERSION = 1;

// Offsets of the header; all numbers are little-endian.
const AT = { version: 4, createdAt: 6, count: 14, signatureOffset: 16, signatureLength: 20, reserved: 24 } as const;

/** The header for a payload of a length. */
export function writeHeader({ magic, createdAt, count }: ContainerFields, payloadBytes: number): Bytes {
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  header.set(new TextEncoder().encode(magic));
  view.setUint16(AT.version, SCHEMA_VERSION, true);
  view.setBigUint64(AT.createdAt, BigInt(createdAt), true);
  view.setUint16(AT.count, count, true);
  view.setUint32(AT.signatureOffset, HEADER_BYTES + payloadBytes, true);
  view.setUint32(AT.signatureLength, SIGNATURE_BYTES, true);
  return header;
}

/** Puts header, payload and signature together. */
export function joinContainer(header: Uint8Array, payload: Uint8Array, signature: Uint8Array): Bytes {
  return concatBytes(header, payload, signature);
}

function refuse(message: string): never {
  throw new BundleRefusedError('invalid_data', message);
}

function checkLayout(view: DataView, byteLength: number): void {
  if (view.getBigUint64(AT.reserved, true) !== 0n) refuse('The reserved bytes of the header are not zero.');
  const version = view.getUint16(AT.version, true);
  if (version !== SCHEMA_VERSION) {
    const message = `The format has version ${version}; this package reads version ${SCHEMA_VERSION}. Update the package.`;
    throw new BundleRefusedError('unsupported', message);
  }
  if (view.getUint32(AT.signatureLength, true) !== SIGNATURE_BYTES) refuse('The signature does not have 64 bytes.');
  const signatureOffset = view.getUint32(AT.signatureOffset, true);
  if (signatureOffset < HEADER_BYTES || signatureOffset + SIGNATURE_BYTES !== byteLength)
    refuse('The signature is not at the end.');
}

/**
 * Takes a container apart. Nothing in it is trusted yet.
 *
 * @throws {BundleRefusedError} `too_large`, `invalid_data` or `unsupported`
 */
export function readContainer(bytes: Uint8Array, magic: ContainerMagic, maxBytes: number): Container {
  if (bytes.length > maxBytes)
    throw new BundleRefusedError('too_large', `It has ${bytes.length} bytes; at most ${maxBytes} are read.`);
  if (bytes.length < HEADER_BYTES + SIGNATURE_BYTES) refuse(`It ends after ${bytes.length} bytes.`);
  // A copy, so that nobody can change what was verified.
  const own = Uint8Array.from(bytes);
  const view = new DataView(own.buffer);
  if (new TextDecoder('latin1').decode(own.subarray(0, magic.length)) !== magic)
    refuse(`It does not start with ${magic}.`);
  checkLayout(view, own.length);
  const createdAt = view.getBigUint64(AT.createdAt, true);
  if (createdAt > BigInt(Number.MAX_SAFE_INTEGER)) refuse('The time of its making is out of range.');
  const end = own.length - SIGNATURE_BYTES;
  return {
    createdAt: Number(createdAt),
    count: view.getUint16(AT.count, true),
    header: own.subarray(0, HEADER_BYTES),
    payload: own.subarray(HEADER_BYTES, end),
    signature: own.subarray(end),
    signed: own.subarray(0, end),
  };
}
