import * as v from 'valibot';

import { BundleRefusedError } from '../errors.ts';
import type { Bytes } from './bytes.ts';
import { concatBytes, utf8 } from './bytes.ts';
import { joinContainer, readContainer, writeHeader } from './container.ts';
import type { BundleExpectations } from './high-water-mark.ts';
import { checkTimes } from './high-water-mark.ts';
import { readJsonObject } from './json-payload.ts';
import type { KeyTrust } from './key-trust.ts';
import { checkSigner, findSigner } from './key-trust.ts';
import { keyIdOf } from './public-key.ts';
import { openPayload, sealPayload } from './sealed-payload.ts';
import { packSecrets, unpackSecrets } from './secret-entries.ts';
import type { SigningKey } from './signing-key.ts';

/** What the server says about an envelope of secrets. Times are seconds since the epoch. */
export interface SecretsPublication {
  readonly projectId: string;
  readonly environment?: string;
  readonly audience?: string;
  /** Grows with every change of a secret. */
  readonly secretsVersion: number;
  /** The policies that were in force when it was sealed. */
  readonly bundleEpoch: number;
  readonly bundleVersion: number;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** Who seals. */
export interface SealSecretsOptions {
  readonly publication: SecretsPublication;
  readonly signingKey: SigningKey;
  /** 32 bytes. */
  readonly projectKey: Uint8Array;
}

/** What an envelope is opened with, and what it has to agree with. */
export interface OpenSecretsOptions extends Pick<BundleExpectations, 'now' | 'environment' | 'audience'> {
  readonly trust: KeyTrust;
  /** 32 bytes. */
  readonly projectKey: Uint8Array;
  /** The envelope does not decrypt for another one. */
  readonly projectId: string;
  /** The version of the envelope that was opened last. */
  readonly minSecretsVersion?: number;
  /** The policies that are active: an envelope that was sealed under older ones is refused. */
  readonly active?: { readonly epoch: number; readonly version: number };
}

/**
 * The secrets of one envelope, as the vault of the client takes them over.
 *
 * What a vault has to do with it:
 *
 * - Keep `secrets` as it is: UTF-8 bytes by name, in buffers of their own. A JavaScript string is made
 *   only when a caller asks for one, because strings can be neither wiped nor kept out of heap snapshots.
 * - Replace all of it with the next envelope, and `fill(0)` the buffers that go. The same when the client
 *   is closed, and when the control plane answers 401 or 403.
 * - Remember `secretsVersion` (pass it as `minSecretsVersion`) for the life of the process; never write
 *   the secrets to a disk.
 * - When `bundle` is ahead of the active policies, refresh them before the secrets are used.
 * - Serve nothing after `expiresAt`.
 */
export interface OpenedSecrets {
  readonly secrets: ReadonlyMap<string, Bytes>;
  readonly secretsVersion: number;
  readonly bundle: { readonly epoch: number; readonly version: number };
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** The most bytes of an envelope: stop reading the answer there. */
export const MAX_ENVELOPE_BYTES: number = 1024 * 1024;

const SECOND = 1000;
const LENGTH_BYTES = 4;
const LATEST_SECONDS = 8_640_000_000_000;

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const seconds = v.pipe(whole, v.maxValue(LATEST_SECONDS));
const headSchema = v.object({
  project_id: v.string(),
  environment: v.optional(v.string()),
  audience: v.optional(v.string()),
  secrets_version: whole,
  bundle_epoch: whole,
  bundle_version: whole,
  issued_at: seconds,
  expires_at: seconds,
  key_id: v.string(),
});
type Head = v.InferOutput<typeof headSchema>;

// Besides the signed header, so that not even a key used for two projects opens the one's secrets for the other.
function boundTo(projectId: string): Bytes {
  return utf8(`CZS1\n${projectId}`);
}

/**
 * Seals the secrets of a project for its clients (format CZS1): one container with the layout of a
 * bundle, encrypted to the key of the project, signed by the key of the control plane.
 *
 * @param secrets UTF-8 values by name
 * @throws {BundleRefusedError} `too_large` or `invalid_data` for names and values that no reader takes
 */
export async function sealSecrets(
  secrets: ReadonlyMap<string, Uint8Array>,
  { publication, signingKey, projectKey }: SealSecretsOptions,
): Promise<Bytes> {
  const { projectId, environment, audience } = publication;
  const head: Head = {
    project_id: projectId,
    ...(environment !== undefined && { environment }),
    ...(audience !== undefined && { audience }),
    secrets_version: publication.secretsVersion,
    bundle_epoch: publication.bundleEpoch,
    bundle_version: publication.bundleVersion,
    issued_at: publication.issuedAt,
    expires_at: publication.expiresAt,
    key_id: await keyIdOf(signingKey.publicKey),
  };
  const headBytes = utf8(JSON.stringify(head));
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setUint32(0, headBytes.length, true);
  const plain = concatBytes(length, headBytes, packSecrets(secrets));
  const sealed = await sealPayload(plain, { projectKey, boundTo: boundTo(projectId) });
  plain.fill(0);
  const fields = { magic: 'CZS1', createdAt: publication.issuedAt, count: secrets.size } as const;
  const header = writeHeader(fields, sealed.length);
  return joinContainer(header, sealed, await signingKey.sign(concatBytes(header, sealed)));
}

function readHead(plain: Bytes): { readonly head: Head; readonly entriesAt: number } {
  const length = plain.length < LENGTH_BYTES ? Infinity : new DataView(plain.buffer).getUint32(0, true);
  const entriesAt = LENGTH_BYTES + length;
  if (entriesAt > plain.length)
    throw new BundleRefusedError('invalid_data', 'The envelope ends before its secrets begin.');
  const read = v.safeParse(headSchema, readJsonObject(plain.subarray(LENGTH_BYTES, entriesAt)));
  if (!read.success) throw new BundleRefusedError('invalid_data', 'The head of the envelope is not complete.');
  return { head: read.output, entriesAt };
}

function checkScope(head: Head, { projectId, environment, audience }: OpenSecretsOptions): void {
  const isElsewhere =
    head.project_id !== projectId ||
    (environment !== undefined && head.environment !== environment) ||
    (audience !== undefined && head.audience !== audience);
  if (isElsewhere)
    throw new BundleRefusedError('wrong_project', 'The secrets belong to another project, environment or audience.');
}

function checkOrder(head: Head, { minSecretsVersion = 0, active }: OpenSecretsOptions): void {
  const isOlder =
    head.secrets_version < minSecretsVersion ||
    (active !== undefined && (head.bundle_epoch < active.epoch || isOlderVersion(head, active)));
  if (isOlder) throw new BundleRefusedError('rollback', 'The secrets are older than those that were used before.');
}

function isOlderVersion(head: Head, active: NonNullable<OpenSecretsOptions['active']>): boolean {
  return head.bundle_epoch === active.epoch && head.bundle_version < active.version;
}

async function checkHead(head: Head, options: OpenSecretsOptions): Promise<void> {
  checkScope(head, options);
  checkOrder(head, options);
  const [issuedAt, expiresAt] = [head.issued_at * SECOND, head.expires_at * SECOND];
  checkTimes({ createdAt: issuedAt, issuedAt, expiresAt }, options.now);
}

/**
 * Opens an envelope of secrets. Pure, like `verifyBundle`: trust, keys, expectations and the time are
 * arguments. Open it after the bundle of the same exchange, with the trust that the bundle gave.
 *
 * No message and no cause of an error holds a name or a value.
 *
 * @throws {BundleRefusedError} `ERR_CZ_BUNDLE_REFUSED`; `kind` says why. Keep the secrets of before, or none
 */
export async function openSecrets(bytes: Uint8Array, options: OpenSecretsOptions): Promise<OpenedSecrets> {
  const container = readContainer(bytes, 'CZS1', MAX_ENVELOPE_BYTES);
  const signer = await findSigner(options.trust, { message: container.signed, signature: container.signature });
  const { projectKey, projectId } = options;
  const plain = await openPayload(container.payload, { projectKey, boundTo: boundTo(projectId) });
  try {
    const { head, entriesAt } = readHead(plain);
    await checkSigner(options.trust, signer, { keyId: head.key_id, epoch: head.bundle_epoch });
    await checkHead(head, options);
    return {
      secrets: unpackSecrets(plain.subarray(entriesAt), container.count),
      secretsVersion: head.secrets_version,
      bundle: { epoch: head.bundle_epoch, version: head.bundle_version },
      issuedAt: head.issued_at * SECOND,
      expiresAt: head.expires_at * SECOND,
    };
  } finally {
    plain.fill(0);
  }
}
