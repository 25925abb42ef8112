import * as v from 'valibot';

import { BundleRefusedError } from '../errors.ts';
import type { Bytes } from './bytes.ts';
import { fromBase64, toBase64, utf8 } from './bytes.ts';
import { SKEW_MS } from './high-water-mark.ts';
import { readJsonObject } from './json-payload.ts';
import type { KeyTrust, TrustedKey } from './key-trust.ts';
import { isSignedBy, readPublicKey } from './public-key.ts';
import type { SigningKey } from './signing-key.ts';

/** "This key takes over from that one, for this epoch", signed by both. */
export interface KeyRotation {
  readonly project_id: string;
  /** The epoch of the new key: one more than that of the previous one. */
  readonly epoch: number;
  /** 64 hexadecimal digits. */
  readonly previous_key: string;
  /** 64 hexadecimal digits. */
  readonly public_key: string;
  /** Seconds since the epoch. */
  readonly issued_at: number;
  /** Base64. By the previous key. */
  readonly previous_signature: string;
  /** Base64. By the new key: it shows that its owner has the private half. */
  readonly next_signature: string;
}

/** What a rotation is made of. */
export interface RotateOptions {
  readonly projectId: string;
  readonly epoch: number;
  readonly previous: SigningKey;
  readonly next: SigningKey;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
}

/** What a chain of rotations is checked against. */
export interface FollowOptions {
  readonly projectId: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The most bytes of a chain that are read. */
export const MAX_CHAIN_BYTES: number = 512 * 1024;
/** The most rotations of a chain that are followed. */
export const MAX_ROTATIONS: number = 256;

const publicKey = v.pipe(
  v.string(),
  v.check((text) => {
    const read = readPublicKey(text);
    return 'hex' in read && read.hex === text;
  }),
);
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

// Unknown keys are let through: what counts is what both have signed.
const chainSchema = v.object({
  rotations: v.array(
    v.object({
      project_id: v.string(),
      epoch: count,
      previous_key: publicKey,
      public_key: publicKey,
      issued_at: count,
      previous_signature: v.string(),
      next_signature: v.string(),
    }),
  ),
});

type UnsignedRotation = Omit<KeyRotation, 'previous_signature' | 'next_signature'>;

// Lines, so that every language builds the same bytes; no field can hold a line break but the project, which is quoted.
function signedText(rotation: UnsignedRotation): Bytes {
  const { project_id: project, epoch, previous_key: previous, public_key: next, issued_at: issuedAt } = rotation;
  return utf8(['CZ-KEY-ROTATION-1', JSON.stringify(project), epoch, previous, next, issuedAt].join('\n'));
}

/** Makes the record of a rotation, signed by both keys. */
export async function rotateKey(options: RotateOptions): Promise<KeyRotation> {
  const { projectId, epoch, previous, next, issuedAt } = options;
  const rotation: UnsignedRotation = {
    project_id: projectId,
    epoch,
    previous_key: previous.publicKey,
    public_key: next.publicKey,
    issued_at: issuedAt,
  };
  const message = signedText(rotation);
  return {
    ...rotation,
    previous_signature: toBase64(await previous.sign(message)),
    next_signature: toBase64(await next.sign(message)),
  };
}

function refuse(message: string): never {
  throw new BundleRefusedError('signature', message);
}

function readChain(bytes: Uint8Array): readonly KeyRotation[] {
  if (bytes.length > MAX_CHAIN_BYTES) {
    const message = `The chain of keys has ${bytes.length} bytes; at most ${MAX_CHAIN_BYTES} are read.`;
    throw new BundleRefusedError('too_large', message);
  }
  const read = v.safeParse(chainSchema, readJsonObject(bytes));
  if (!read.success) throw new BundleRefusedError('invalid_data', 'The chain of keys is not a list of rotations.');
  const { rotations } = read.output;
  if (rotations.length > MAX_ROTATIONS) {
    const message = `The chain of keys has ${rotations.length} rotations; at most ${MAX_ROTATIONS} are followed.`;
    throw new BundleRefusedError('too_large', message);
  }
  return rotations;
}

async function isSigned(key: string, signature: string, message: Bytes): Promise<boolean> {
  const bytes = fromBase64(signature);
  return bytes !== undefined && (await isSignedBy(key, { message, signature: bytes }));
}

async function checkRotation(rotation: KeyRotation, { projectId, now }: FollowOptions): Promise<void> {
  if (rotation.project_id !== projectId)
    throw new BundleRefusedError('wrong_project', 'The chain of keys is of another project.');
  if (rotation.issued_at * 1000 > now + SKEW_MS)
    throw new BundleRefusedError('clock_skew', 'A rotation was issued in the future of this clock. Set the clock.');
  const message = signedText(rotation);
  if (!(await isSigned(rotation.previous_key, rotation.previous_signature, message)))
    refuse('A rotation is not signed by the previous key.');
  if (!(await isSigned(rotation.public_key, rotation.next_signature, message)))
    refuse('A rotation is not signed by the new key.');
}

function checkLinks(chain: readonly KeyRotation[]): void {
  const seen = new Set<string>();
  for (const [index, link] of chain.entries()) {
    const before = chain[index - 1];
    const isNext = !before || (link.previous_key === before.public_key && link.epoch === before.epoch + 1);
    if (!isNext) refuse('The chain of keys has a gap or a fork.');
    seen.add(link.previous_key);
    if (seen.has(link.public_key)) refuse('The chain of keys comes back to a key that was replaced.');
  }
}

// The part of the chain behind the trusted key.
function linksAfter(chain: readonly KeyRotation[], { publicKey: key, epoch }: TrustedKey): readonly KeyRotation[] {
  checkLinks(chain);
  const start = chain.findIndex((link) => link.previous_key === key);
  const first = chain[start];
  if (!first) refuse('The chain of keys does not start from the trusted key.');
  if (epoch !== null && first.epoch !== epoch + 1)
    refuse('The chain of keys disagrees on the epoch of the trusted key.');
  return chain.slice(start);
}

/**
 * Follows the rotations from the key that was trusted on first use to the newest one. Fetch the chain
 * when a bundle fails with `signature`, and verify the bundle again with the trust that this gives.
 *
 * @param bytes the answer of the control plane: JSON, `{ "rotations": [...] }`, oldest first
 * @throws {BundleRefusedError} `signature`, `invalid_data`, `too_large`, `wrong_project` or `clock_skew`; keep the old trust
 */
export async function followRotations(trust: KeyTrust, bytes: Uint8Array, options: FollowOptions): Promise<KeyTrust> {
  const [key] = trust.keys;
  if (trust.kind !== 'first-use' || !key)
    refuse(
      trust.kind === 'pinned' ? 'Pinned keys are changed by the operator only.' : 'There is no key to start from.',
    );
  const chain = readChain(bytes);
  if (chain.at(-1)?.public_key === key.publicKey) return trust;
  const links = linksAfter(chain, key);
  for (const link of links) await checkRotation(link, options);
  const newest = links.at(-1);
  if (!newest) return trust;
  return { kind: 'first-use', keys: [{ publicKey: newest.public_key, epoch: newest.epoch }] };
}
