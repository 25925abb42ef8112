import * as v from 'valibot';

import type { Bytes } from '../bundle/bytes.ts';
import { concatBytes, fromBase64, toBase64, utf8 } from '../bundle/bytes.ts';
import type { HighWaterMark } from '../bundle/high-water-mark.ts';
import { readMark } from '../bundle/high-water-mark.ts';
import type { KeyTrust } from '../bundle/key-trust.ts';
import { readTrust } from '../bundle/key-trust.ts';
import type { Bootstrap } from './bootstrap.ts';

/** What is remembered beside a bundle. */
export interface BundleRecord {
  readonly bundle: Bytes;
  readonly bootstrap: Bootstrap;
  readonly trust: KeyTrust;
  readonly mark: HighWaterMark;
  readonly etag: string | null;
  /** When it was accepted, milliseconds since the epoch. */
  readonly storedAt: number;
}

/*
 * A record is one file: 'CZR1', length of the header (u32, little endian), header, bundle, SHA-256 of
 * all that. The header holds the project's key, so it is encrypted with a key that follows from the API
 * key: nobody can read or forge it who could not ask the control plane himself.
 */
const MAGIC = utf8('CZR1');
const PREFIX_BYTES = 8;
const NONCE_BYTES = 12;
const DIGEST_BYTES = 32;

const headerSchema = v.object({
  project_id: v.string(),
  project_key: v.string(),
  offered_key: v.string(),
  trust: v.unknown(),
  mark: v.unknown(),
  etag: v.nullable(v.string()),
  stored_at: v.number(),
  bundle_sha256: v.string(),
});

/** The key that headers are encrypted with. */
export type RecordKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

/** Derives the key of a scope's records from the API key. */
export async function deriveRecordKey(apiKey: string): Promise<RecordKey> {
  const material = await crypto.subtle.importKey('raw', utf8(apiKey), 'HKDF', false, ['deriveKey']);
  const derivation = { name: 'HKDF', hash: 'SHA-256', salt: utf8('controlzero-record'), info: MAGIC };
  return crypto.subtle.deriveKey(derivation, material, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}

async function digestOf(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}

async function sealHeader(record: BundleRecord, key: RecordKey): Promise<Bytes> {
  const { bundle, bootstrap, trust, mark, etag, storedAt } = record;
  const header = {
    project_id: bootstrap.projectId,
    project_key: toBase64(bootstrap.projectKey),
    offered_key: bootstrap.offeredKey,
    trust,
    mark,
    etag,
    stored_at: storedAt,
    bundle_sha256: toBase64(await digestOf(bundle)),
  };
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: nonce }, key, utf8(JSON.stringify(header)));
  return concatBytes(nonce, new Uint8Array(sealed));
}

/** Makes the bytes of a record. */
export async function encodeRecord(record: BundleRecord, key: RecordKey): Promise<Bytes> {
  const header = await sealHeader(record, key);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, header.length, true);
  const content = concatBytes(MAGIC, length, header, record.bundle);
  return concatBytes(content, await digestOf(content));
}

interface RecordParts {
  readonly header: Bytes;
  readonly bundle: Bytes;
}

async function splitRecord(bytes: Bytes): Promise<RecordParts | undefined> {
  if (bytes.length < PREFIX_BYTES + DIGEST_BYTES || !sameBytes(bytes.subarray(0, MAGIC.length), MAGIC))
    return undefined;
  const content = bytes.subarray(0, -DIGEST_BYTES);
  if (!sameBytes(await digestOf(content), bytes.subarray(-DIGEST_BYTES))) return undefined;
  const headerEnd = PREFIX_BYTES + new DataView(bytes.buffer, bytes.byteOffset).getUint32(MAGIC.length, true);
  if (headerEnd > content.length) return undefined;
  return { header: content.slice(PREFIX_BYTES, headerEnd), bundle: content.slice(headerEnd) };
}

async function openHeader(header: Bytes, key: RecordKey): Promise<unknown> {
  try {
    const [nonce, sealed] = [header.subarray(0, NONCE_BYTES), header.subarray(NONCE_BYTES)];
    const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: nonce }, key, sealed);
    return JSON.parse(new TextDecoder().decode(plain));
  } catch {
    return undefined;
  }
}

/** Reads a record. Undefined when it is damaged, forged, of another key, or of another format. */
export async function decodeRecord(bytes: Bytes, key: RecordKey): Promise<BundleRecord | undefined> {
  const parts = await splitRecord(bytes);
  if (!parts) return undefined;
  const { bundle } = parts;
  const read = v.safeParse(headerSchema, await openHeader(parts.header, key));
  if (!read.success) return undefined;
  const { output: header } = read;
  const trust = readTrust(header.trust);
  const mark = readMark(header.mark);
  const projectKey = fromBase64(header.project_key);
  const isWhole = header.bundle_sha256 === toBase64(await digestOf(bundle));
  if (!trust || !mark || !projectKey || !isWhole) return undefined;
  const bootstrap = { projectId: header.project_id, projectKey, offeredKey: header.offered_key };
  return { bundle, bootstrap, trust, mark, etag: header.etag, storedAt: header.stored_at };
}
