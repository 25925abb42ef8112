import * as v from 'valibot';

import { BundleRefusedError } from '../errors.ts';
import type { SignedMessage } from './public-key.ts';
import { isSignedBy, keyIdOf, readPublicKey } from './public-key.ts';

/** A signing key of the control plane that is trusted. */
export interface TrustedKey {
  /** 64 hexadecimal digits in lower case. */
  readonly publicKey: string;
  /** The epoch this key signs for; null until a bundle or a rotation has said it. */
  readonly epoch: number | null;
}

/**
 * Which keys are trusted, and why. Strongest first:
 *
 * - `pinned`: the operator named them (`trustedKeys`, `CONTROLZERO_TRUSTED_KEYS`); several overlap during a rotation.
 * - `first-use`: the key of the first bootstrap, remembered. Another one takes its place only by a
 *   rotation that both have signed.
 * - `legacy`: whatever key the bootstrap gives today. Protects the cached file and nothing else.
 *
 * Plain JSON data: remember it as it is, and read it back with {@link readTrust}.
 */
export interface KeyTrust {
  readonly kind: 'pinned' | 'first-use' | 'legacy';
  readonly keys: readonly TrustedKey[];
}

/** What there is to choose the trust from. */
export interface ChooseTrustOptions {
  /** Keys the operator named. */
  readonly pinned?: readonly string[];
  /** What was remembered from before. */
  readonly remembered?: KeyTrust;
  /** The key that the bootstrap gives today. */
  readonly offered?: string;
  /** Take whatever key the bootstrap gives, each time. Default: false. */
  readonly isLegacy?: boolean;
}

const MOST_KEYS = 16;

const trustSchema = v.strictObject({
  kind: v.picklist(['pinned', 'first-use', 'legacy']),
  keys: v.pipe(
    v.array(
      v.strictObject({
        publicKey: v.pipe(
          v.string(),
          v.check((text) => {
            const read = readPublicKey(text);
            return 'hex' in read && read.hex === text;
          }),
        ),
        epoch: v.nullable(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
      }),
    ),
    v.minLength(1),
    v.maxLength(MOST_KEYS),
  ),
});

/** Reads what was remembered. Anything that is not exactly a {@link KeyTrust} is undefined: trust starts anew. */
export function readTrust(value: unknown): KeyTrust | undefined {
  const result = v.safeParse(trustSchema, value);
  return result.success ? result.output : undefined;
}

function mustRead(text: string): string {
  const read = readPublicKey(text);
  if ('fault' in read) throw new BundleRefusedError('signature', read.fault);
  return read.hex;
}

function pin(keys: readonly string[], remembered: KeyTrust | undefined): KeyTrust {
  if (keys.length > MOST_KEYS)
    throw new BundleRefusedError('signature', `${keys.length} keys are pinned; at most ${MOST_KEYS} may be.`);
  const epochOf = (key: string): number | null =>
    remembered?.keys.find(({ publicKey }) => publicKey === key)?.epoch ?? null;
  const unique = [...new Set(keys.map(mustRead))];
  return { kind: 'pinned', keys: unique.map((publicKey) => ({ publicKey, epoch: epochOf(publicKey) })) };
}

/**
 * The strongest trust that there is. Pinned keys win over what is remembered, and what is remembered
 * wins over what the bootstrap offers.
 *
 * @returns undefined when there is nothing to trust yet: fetch the bootstrap
 * @throws {BundleRefusedError} `signature` when a key is not usable
 */
export function chooseTrust({ pinned = [], remembered, offered, isLegacy }: ChooseTrustOptions): KeyTrust | undefined {
  if (pinned.length > 0) return pin(pinned, remembered);
  if (!isLegacy && remembered?.kind === 'first-use') return remembered;
  if (offered === undefined) return undefined;
  return { kind: isLegacy ? 'legacy' : 'first-use', keys: [{ publicKey: mustRead(offered), epoch: null }] };
}

const ADVICE: Readonly<Record<KeyTrust['kind'], string>> = {
  pinned: 'Add the new key to trustedKeys if you expect one.',
  'first-use': 'A new key is taken only by a rotation that the trusted key has signed.',
  legacy: 'Fetch the key anew.',
};

/**
 * Finds the trusted key that signed a message, newest first.
 * @throws {BundleRefusedError} `signature` when none did
 */
export async function findSigner(trust: KeyTrust, signed: SignedMessage): Promise<TrustedKey> {
  for (const key of trust.keys.toReversed()) {
    if (await isSignedBy(key.publicKey, signed)) return key;
  }
  throw new BundleRefusedError('signature', `No trusted key has signed it. ${ADVICE[trust.kind]}`);
}

/** What signed metadata says about the key that signed it. */
export interface SignerClaim {
  readonly keyId: string | null;
  readonly epoch: number | null;
}

/**
 * Holds what a bundle says about its key against what is known of the key that signed it.
 *
 * @returns the trust, with the epoch of the key filled in
 * @throws {BundleRefusedError} `signature` when the bundle claims another key, or an epoch that is not this key's
 */
export async function checkSigner(trust: KeyTrust, signer: TrustedKey, claim: SignerClaim): Promise<KeyTrust> {
  const { keyId, epoch } = claim;
  if (keyId !== null && keyId !== (await keyIdOf(signer.publicKey)))
    throw new BundleRefusedError('signature', 'It names another key than the one that signed it.');
  if (epoch === null || trust.kind === 'legacy') return trust;
  if (signer.epoch !== null && signer.epoch !== epoch) {
    const message = `It claims epoch ${epoch}, and its key signs for epoch ${signer.epoch}.`;
    throw new BundleRefusedError('signature', message);
  }
  return { ...trust, keys: trust.keys.map((key) => (key === signer ? { ...key, epoch } : key)) };
}
