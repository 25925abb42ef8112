import type { Bytes } from '../../src/bundle/bytes.ts';
import type { Publication } from '../../src/bundle/bundle-payload.ts';
import { bundlePayload, wirePolicies } from '../../src/bundle/bundle-payload.ts';
import { encodeBundle } from '../../src/bundle/encode-bundle.ts';
import type { KeyTrust } from '../../src/bundle/key-trust.ts';
import type { SigningKey } from '../../src/bundle/signing-key.ts';
import { createSigningKey } from '../../src/bundle/signing-key.ts';
import type { VerifiedBundle, VerifyBundleOptions } from '../../src/bundle/verify-bundle.ts';
import { verifyBundle } from '../../src/bundle/verify-bundle.ts';
import type { PolicyDocument } from '../../src/index.ts';

/** 2026-01-01T00:00:00Z, in seconds. */
export const NOW_SECONDS = 1_767_225_600;
export const NOW: number = NOW_SECONDS * 1000;
export const DAY = 86_400;
export const PROJECT = 'proj_1';

/** Keys that are the same in every run, from a seed of one repeated byte. */
export const keyOf = (byte: number): Promise<SigningKey> => createSigningKey(new Uint8Array(32).fill(byte));

/** The key of the project in tests. */
export const PROJECT_KEY: Uint8Array = new Uint8Array(32).fill(7);

/** Trust in one key, as after the first bootstrap. */
export const firstUse = (key: SigningKey, epoch: number | null = null): KeyTrust => ({
  kind: 'first-use',
  keys: [{ publicKey: key.publicKey, epoch }],
});

/** A publication by a key, with everything that can be left alone filled in. */
export function publicationBy(key: SigningKey, changes: Partial<Publication> = {}): Publication {
  return {
    projectId: PROJECT,
    epoch: 1,
    version: 1,
    issuedAt: NOW_SECONDS,
    expiresAt: NOW_SECONDS + DAY,
    publicKey: key.publicKey,
    ...changes,
  };
}

/** Encodes any payload as a correctly signed bundle. */
export function signed(payload: object, key: SigningKey, policyCount?: number): Promise<Bytes> {
  const { policies } = payload as { readonly policies?: unknown };
  const count = policyCount ?? (Array.isArray(policies) ? policies.length : 0);
  return encodeBundle(payload, {
    signingKey: key,
    projectKey: PROJECT_KEY,
    createdAt: NOW_SECONDS,
    policyCount: count,
  });
}

/** A correctly made bundle of a document. */
export async function bundleOf(
  document: PolicyDocument,
  key: SigningKey,
  changes: Partial<Publication> = {},
): Promise<Bytes> {
  return signed(await bundlePayload(wirePolicies(document), publicationBy(key, changes)), key);
}

/** Verifies with what a client of the project would use. */
export function verify(
  bytes: Uint8Array,
  trust: KeyTrust,
  changes: Partial<VerifyBundleOptions> = {},
): Promise<VerifiedBundle> {
  return verifyBundle(bytes, {
    now: NOW,
    projectId: PROJECT,
    projectKey: PROJECT_KEY,
    sdkVersion: '1.0.0',
    trust,
    ...changes,
  });
}
