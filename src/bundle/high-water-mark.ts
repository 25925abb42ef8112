import * as v from 'valibot';

import { BundleRefusedError } from '../errors.ts';
import type { BundleMetadata } from './bundle-metadata.ts';

/**
 * The newest bundle that was ever accepted. Whatever is older is refused, from the network and from a
 * cache alike. Plain JSON data: remember it as it is, and read it back with {@link readMark}.
 */
export interface HighWaterMark {
  readonly projectId: string | null;
  readonly environment: string | null;
  readonly audience: string | null;
  /** Null: only legacy bundles were accepted so far. */
  readonly epoch: number | null;
  readonly version: number | null;
  /** SHA-256 of the content. */
  readonly digest: string;
  /** The latest time of making, in milliseconds since the epoch. */
  readonly createdAt: number;
  /** Versions of this epoch below this one were withdrawn. */
  readonly revokedBefore: number;
}

/** What a bundle has to agree with. */
export interface BundleExpectations {
  /** Milliseconds since the epoch. Take it once, when the update starts. */
  readonly now: number;
  /** The project of the API key, as the bootstrap says; undefined: whatever the bundle says. */
  readonly projectId?: string;
  readonly environment?: string;
  readonly audience?: string;
  /** The lowest version to accept, set in code: it holds on a machine without memory. */
  readonly minBundleVersion?: number;
  /** The newest bundle accepted before. */
  readonly mark?: HighWaterMark;
}

/** How far the clocks of client and server may differ, in milliseconds. */
export const SKEW_MS: number = 300_000;

const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const text = v.nullable(v.string());
const markSchema = v.strictObject({
  projectId: text,
  environment: text,
  audience: text,
  epoch: v.nullable(whole),
  version: v.nullable(whole),
  digest: v.string(),
  createdAt: whole,
  revokedBefore: whole,
});

/** Reads what was remembered. Anything that is not exactly a {@link HighWaterMark} is undefined. */
export function readMark(value: unknown): HighWaterMark | undefined {
  const result = v.safeParse(markSchema, value);
  return result.success ? result.output : undefined;
}

const SCOPES = ['projectId', 'environment', 'audience'] as const;
const SCOPE_WORDS = { projectId: 'project', environment: 'environment', audience: 'audience' } as const;

// A versioned bundle has to say where it belongs when that is known; a legacy one often cannot.
function checkScope(metadata: BundleMetadata, expected: BundleExpectations): void {
  for (const scope of SCOPES) {
    const accepted = [expected[scope], expected.mark?.[scope]].filter((name) => typeof name === 'string');
    const name = metadata[scope];
    const isSilent = name === null && (metadata.integrity === 'legacy' || accepted.length === 0);
    if (!isSilent && accepted.some((one) => one !== name))
      throw new BundleRefusedError('wrong_project', `It belongs to another ${SCOPE_WORDS[scope]}.`);
  }
}

function rollback(message: string): never {
  throw new BundleRefusedError('rollback', message);
}

function checkMadeAfter({ createdAt }: BundleMetadata, mark: HighWaterMark | undefined): void {
  if (mark !== undefined && createdAt < mark.createdAt) rollback('It was made before the one that was accepted last.');
}

function checkLegacyOrder(metadata: BundleMetadata, { mark, minBundleVersion }: BundleExpectations): void {
  if (mark !== undefined && mark.version !== null)
    rollback('It has no version, and bundles with versions were accepted before.');
  if (minBundleVersion !== undefined) rollback('It has no version, and minBundleVersion asks for one.');
  checkMadeAfter(metadata, mark);
}

/** The place of a versioned bundle in the order of all. */
interface Place {
  readonly epoch: number;
  readonly version: number;
  readonly digest: string;
}

function checkVersion({ version, digest }: Place, mark: HighWaterMark): void {
  const { version: accepted } = mark;
  if (version < mark.revokedBefore) rollback(`Version ${version} was withdrawn.`);
  if (accepted !== null && version < accepted)
    rollback(`It has version ${version}, after version ${accepted} was accepted.`);
  if (version === accepted && digest !== mark.digest)
    throw new BundleRefusedError('equivocation', `Version ${version} was accepted before with another content.`);
}

function checkOrder(place: Place, metadata: BundleMetadata, expected: BundleExpectations): void {
  const { epoch, version } = place;
  const { mark, minBundleVersion = 0 } = expected;
  if (!(version >= minBundleVersion)) rollback(`It has version ${version}; minBundleVersion is ${minBundleVersion}.`);
  if (version < (metadata.revokedBefore ?? 0)) rollback(`Version ${version} was withdrawn.`);
  if (mark === undefined) return;
  const { epoch: accepted } = mark;
  if (accepted === null) checkMadeAfter(metadata, mark);
  else if (epoch < accepted) rollback(`It has epoch ${epoch}, after epoch ${accepted} was accepted.`);
  else if (epoch === accepted) checkVersion(place, mark);
}

/** The times in signed metadata, in milliseconds since the epoch. */
export type SignedTimes = Pick<BundleMetadata, 'createdAt' | 'issuedAt' | 'expiresAt'>;

/**
 * Refuses what was issued in the future, or has expired.
 * @throws {BundleRefusedError} `clock_skew` or `expired`
 */
export function checkTimes({ createdAt, issuedAt, expiresAt }: SignedTimes, now: number): void {
  // Written so that a clock that is no number refuses as well.
  if (!(Math.max(createdAt, issuedAt ?? 0) <= now + SKEW_MS))
    throw new BundleRefusedError(
      'clock_skew',
      'It was issued more than 5 minutes in the future of this clock. Set the clock.',
    );
  if (expiresAt !== null && now >= expiresAt + SKEW_MS)
    throw new BundleRefusedError('expired', 'Its time is over: the server has not vouched for it any longer.');
}

function placeOf({ epoch, version }: BundleMetadata, digest: string): Place | undefined {
  return epoch === null || version === null ? undefined : { epoch, version, digest };
}

function scopeOf(
  metadata: BundleMetadata,
  mark: HighWaterMark | undefined,
): Pick<HighWaterMark, (typeof SCOPES)[number]> {
  return {
    projectId: metadata.projectId ?? mark?.projectId ?? null,
    environment: metadata.environment ?? mark?.environment ?? null,
    audience: metadata.audience ?? mark?.audience ?? null,
  };
}

function nextMark(metadata: BundleMetadata, digest: string, mark: HighWaterMark | undefined): HighWaterMark {
  const { epoch, version, createdAt, revokedBefore } = metadata;
  // Versions start again in a new epoch.
  const revokedSoFar = mark?.epoch === epoch ? mark.revokedBefore : 0;
  return {
    ...scopeOf(metadata, mark),
    epoch,
    version,
    digest,
    createdAt: Math.max(createdAt, mark?.createdAt ?? 0),
    revokedBefore: Math.max(revokedBefore ?? 0, revokedSoFar),
  };
}

/**
 * Checks where a bundle belongs, that it is not older than what was accepted, and that its time is
 * now. The last check of all, on what is signed, decrypted and compiled.
 *
 * @returns the mark to remember once the bundle is active
 * @throws {BundleRefusedError} `wrong_project`, `rollback`, `equivocation`, `clock_skew` or `expired`
 */
export function checkFresh(metadata: BundleMetadata, digest: string, expected: BundleExpectations): HighWaterMark {
  checkScope(metadata, expected);
  const place = placeOf(metadata, digest);
  if (place) checkOrder(place, metadata, expected);
  else checkLegacyOrder(metadata, expected);
  checkTimes(metadata, expected.now);
  return nextMark(metadata, digest, expected.mark);
}
