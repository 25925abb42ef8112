// The bundle format once more, straight from its description and without a line of the product: Node's
// crypto instead of WebCrypto, buffers instead of views, and zstd frames written by hand.
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  sign,
  verify,
} from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';

/** A signing key. */
export interface NaiveKey {
  readonly publicKey: string;
  readonly keyId: string;
  readonly sign: (bytes: Uint8Array) => Buffer;
}

/** The fields of the header, each of which may be wrong. */
export interface NaiveHeader {
  readonly magic: string;
  readonly schemaVersion: number;
  readonly createdAt: bigint;
  readonly count: number;
  readonly signatureOffset: number;
  readonly signatureLength: number;
  readonly reserved: bigint;
}

/** What a bundle is made of. */
export interface NaiveBundle {
  readonly key: NaiveKey;
  readonly projectKey: Uint8Array;
  readonly header?: Partial<NaiveHeader>;
  /** Instead of the compressed JSON of the payload. */
  readonly packed?: Uint8Array;
  readonly nonce?: number;
}

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/** The key of a seed of one repeated byte. */
export function naiveKey(byte: number): NaiveKey {
  const seed = Buffer.alloc(32, byte);
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  const raw = Buffer.from(x, 'base64url');
  return {
    publicKey: raw.toString('hex'),
    keyId: sha256(raw).slice(0, 16),
    sign: (bytes) => sign(null, bytes, privateKey),
  };
}

/** One zstd frame with the bytes as they are, in blocks of at most 128 KiB. */
export function storedFrame(bytes: Uint8Array): Buffer {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0]);
  head.writeUInt32LE(bytes.length, 5);
  const parts: Uint8Array[] = [head];
  for (let at = 0; at === 0 || at < bytes.length; at += 0x2_00_00) {
    const part = bytes.subarray(at, at + 0x2_00_00);
    const isLast = at + part.length === bytes.length;
    const block = Buffer.alloc(3);
    block.writeUIntLE((part.length << 3) | (isLast ? 1 : 0), 0, 3);
    parts.push(block, part);
  }
  return Buffer.concat(parts);
}

/** JSON with sorted keys and no spaces. */
export function sortedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${sortedJson(inner)}`).join(',')}}`;
}

/** The digest that the metadata of a bundle gives of its policies. */
export const policiesDigest = (policies: unknown): string => sha256(sortedJson(policies));

/** Writes a bundle, signed over whatever its header says. */
export function writeNaiveBundle(payload: unknown, bundle: NaiveBundle): Buffer {
  const packed = bundle.packed ?? storedFrame(Buffer.from(JSON.stringify(payload)));
  const nonce = Buffer.alloc(12, bundle.nonce ?? 0);
  const cipher = createCipheriv('aes-256-gcm', bundle.projectKey, nonce, { authTagLength: 16 });
  const sealed = Buffer.concat([nonce, cipher.update(packed), cipher.final(), cipher.getAuthTag()]);
  const header = Buffer.alloc(32);
  const fields = { ...defaultHeader(payload, sealed.length), ...bundle.header };
  header.write(fields.magic, 0, 4, 'latin1');
  header.writeUInt16LE(fields.schemaVersion, 4);
  header.writeBigUInt64LE(fields.createdAt, 6);
  header.writeUInt16LE(fields.count, 14);
  header.writeUInt32LE(fields.signatureOffset, 16);
  header.writeUInt32LE(fields.signatureLength, 20);
  header.writeBigUInt64LE(fields.reserved, 24);
  const signed = Buffer.concat([header, sealed]);
  return Buffer.concat([signed, bundle.key.sign(signed)]);
}

function defaultHeader(payload: unknown, sealedBytes: number): NaiveHeader {
  const policies: unknown =
    typeof payload === 'object' && payload !== null ? Reflect.get(payload, 'policies') : undefined;
  return {
    magic: 'CZ01',
    schemaVersion: 1,
    createdAt: 1_767_225_600n,
    count: Array.isArray(policies) ? policies.length : 0,
    signatureOffset: 32 + sealedBytes,
    signatureLength: 64,
    reserved: 0n,
  };
}

/** Reads a bundle that is right in every respect; throws at the first thing that is not. */
export function readNaiveBundle(
  bytes: Buffer,
  keys: { readonly publicKey: string; readonly projectKey: Uint8Array },
): { readonly createdAt: bigint; readonly count: number; readonly payload: unknown } {
  const expectEqual = (found: unknown, wanted: unknown, what: string): void => {
    if (found !== wanted) throw new Error(`${what}: ${String(found)} instead of ${String(wanted)}`);
  };
  expectEqual(bytes.toString('latin1', 0, 4), 'CZ01', 'magic');
  expectEqual(bytes.readUInt16LE(4), 1, 'schema version');
  expectEqual(bytes.readUInt32LE(16), bytes.length - 64, 'offset of the signature');
  expectEqual(bytes.readUInt32LE(20), 64, 'length of the signature');
  expectEqual(bytes.readBigUInt64LE(24), 0n, 'reserved bytes');
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(keys.publicKey, 'hex')]);
  const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
  const end = bytes.length - 64;
  expectEqual(verify(null, bytes.subarray(0, end), publicKey, bytes.subarray(end)), true, 'signature');
  const decipher = createDecipheriv('aes-256-gcm', keys.projectKey, bytes.subarray(32, 44), { authTagLength: 16 });
  decipher.setAuthTag(bytes.subarray(end - 16, end));
  const packed = Buffer.concat([decipher.update(bytes.subarray(44, end - 16)), decipher.final()]);
  return {
    createdAt: bytes.readBigUInt64LE(6),
    count: bytes.readUInt16LE(14),
    payload: JSON.parse(zstdDecompressSync(packed).toString('utf8')) as unknown,
  };
}
