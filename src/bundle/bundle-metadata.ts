import { BundleRefusedError } from '../errors.ts';
import { printable } from '../policy/printable.ts';
import type { Json, JsonObject } from './json-payload.ts';
import { isJsonObject } from './json-payload.ts';

/**
 * How much a bundle says about itself. `versioned`: replayed, frozen and swapped bundles are recognised.
 * `legacy`: the bundle lacks the signed metadata for it, and only the time of its making protects.
 */
export type BundleIntegrity = 'versioned' | 'legacy';

/** What the signed metadata of a bundle says. Null: the bundle does not say it. Times are milliseconds since the epoch. */
export interface BundleMetadata {
  readonly integrity: BundleIntegrity;
  readonly projectId: string | null;
  readonly environment: string | null;
  readonly audience: string | null;
  /** Grows when the signing key changes, and only then. */
  readonly epoch: number | null;
  /** Grows with every publication within an epoch. */
  readonly version: number | null;
  readonly createdAt: number;
  readonly issuedAt: number | null;
  readonly expiresAt: number | null;
  /** From then on the server has a newer signature for the same policies. */
  readonly refreshAfter: number | null;
  readonly keyId: string | null;
  readonly policiesSha256: string | null;
  readonly policyCount: number | null;
  /** How many of the policies are enabled, as older servers say it. */
  readonly activePolicyCount: number | null;
  /** Features that a reader must know, or else refuse the bundle. */
  readonly critical: readonly string[];
  readonly minSdkVersion: string | null;
  readonly recommendedSdkVersion: string | null;
  /** Versions below this one were withdrawn. */
  readonly revokedBefore: number | null;
}

const SECOND = 1000;
const LONGEST_TEXT = 256;
const MOST_CRITICAL = 64;
const LATEST_SECONDS = 8_640_000_000_000;

function refuse(key: string, accepted: string): never {
  throw new BundleRefusedError('invalid_data', `metadata.${key} is not ${accepted}.`);
}

function readText(from: JsonObject, key: string): string | null {
  const value = from[key] ?? null;
  if (value === null) return null;
  const isText = typeof value === 'string' && value.length > 0 && value.length <= LONGEST_TEXT;
  return isText ? value : refuse(key, `a text of 1 to ${LONGEST_TEXT} characters`);
}

function readCount(from: JsonObject, key: string): number | null {
  const value = from[key] ?? null;
  if (value === null) return null;
  const isCount = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
  return isCount ? value : refuse(key, 'a whole number from 0 on');
}

function readTime(from: JsonObject, key: string): number | null {
  const seconds = readCount(from, key);
  if (seconds === null) return null;
  return seconds <= LATEST_SECONDS ? seconds * SECOND : refuse(key, 'a time in seconds since 1970');
}

// Older servers send other things than counts here; those count as absent.
function readLenientCount(from: JsonObject, key: string): number | null {
  const value = from[key];
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

function readNames(value: Json | undefined): readonly string[] {
  if (value === undefined || value === null) return [];
  const isList = Array.isArray(value) && value.length <= MOST_CRITICAL;
  const names = isList ? (value as readonly Json[]).filter((name) => typeof name === 'string') : [];
  if (!isList || names.length < value.length) refuse('critical', `a list of at most ${MOST_CRITICAL} names`);
  return names;
}

function metadataOf(payload: JsonObject): JsonObject {
  const metadata = payload['metadata'] ?? null;
  if (metadata === null) return {};
  return isJsonObject(metadata) ? metadata : refuse('', 'an object');
}

function projectOf(payload: JsonObject, metadata: JsonObject): string | null {
  const inside = readText(metadata, 'project_id');
  const outside = readText(payload, 'project_id');
  if (inside !== null && outside !== null && inside !== outside)
    throw new BundleRefusedError('invalid_data', 'The bundle names two different projects.');
  return inside ?? outside;
}

const NEEDED: readonly (keyof BundleMetadata)[] = [
  'projectId',
  'epoch',
  'issuedAt',
  'expiresAt',
  'keyId',
  'policiesSha256',
  'policyCount',
];

function checkComplete(metadata: BundleMetadata): BundleMetadata {
  const { integrity, epoch, issuedAt, expiresAt } = metadata;
  if (integrity === 'legacy' && epoch !== null)
    throw new BundleRefusedError('invalid_data', 'The metadata has an epoch and no version.');
  const missing = integrity === 'versioned' ? NEEDED.filter((key) => metadata[key] === null) : [];
  if (missing.length > 0)
    throw new BundleRefusedError('invalid_data', `The metadata has a version, but lacks ${missing.join(', ')}.`);
  if (issuedAt !== null && expiresAt !== null && expiresAt <= issuedAt)
    throw new BundleRefusedError('invalid_data', 'The bundle expires before it was issued.');
  return metadata;
}

/**
 * Reads the metadata of a payload.
 *
 * @param createdAt the time in the header, in seconds since the epoch
 * @throws {BundleRefusedError} `invalid_data` when a part of it has another type, or is missing beside the others
 */
export function readMetadata(payload: JsonObject, createdAt: number): BundleMetadata {
  const from = metadataOf(payload);
  const version = readCount(from, 'bundle_version');
  if (createdAt > LATEST_SECONDS) refuse('created_at', 'a time in seconds since 1970');
  return checkComplete({
    integrity: version === null ? 'legacy' : 'versioned',
    projectId: projectOf(payload, from),
    environment: readText(from, 'environment'),
    audience: readText(from, 'audience'),
    epoch: readCount(from, 'bundle_epoch'),
    version,
    createdAt: createdAt * SECOND,
    issuedAt: readTime(from, 'issued_at'),
    expiresAt: readTime(from, 'expires_at'),
    refreshAfter: readTime(from, 'refresh_after'),
    keyId: readText(from, 'key_id'),
    policiesSha256: readText(from, 'policies_sha256'),
    policyCount: readCount(from, 'policy_count'),
    activePolicyCount: readLenientCount(from, 'active_policy_count'),
    critical: readNames(from['critical']),
    minSdkVersion: readText(from, 'min_sdk_version'),
    recommendedSdkVersion: readText(from, 'recommended_sdk_version'),
    revokedBefore: readCount(from, 'revoked_before'),
  });
}

/** What a server may call critical, because this package does it. */
const FEATURES: ReadonlySet<string> = new Set([
  'conditions',
  'priorities',
  'expiry',
  'epochs',
  'warn',
  'default_action',
]);

const VERSION_TEXT = /^v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?((?:[-+]|\.?[a-z]).*)?$/iu;

// Numeric triple; anything behind it (`-rc.1`, `a1`, `.dev2`) makes the version older than the release.
function versionParts(version: string): readonly number[] | undefined {
  const [, major, minor = 0, patch = 0, suffix] = VERSION_TEXT.exec(version) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch), suffix === undefined ? 1 : 0];
}

/** Whether a version is another one or comes after it; `1.2.0-rc.1` before `1.2.0` before `1.10.0`. No version at all is neither. */
function isAtLeast(version: string, needed: string): boolean {
  const [ours, theirs] = [versionParts(version), versionParts(needed)];
  if (!ours || !theirs) return false;
  const at = ours.findIndex((part, index) => part !== theirs[index]);
  return at === -1 || (ours[at] ?? 0) > (theirs[at] ?? 0);
}

/**
 * Refuses what this version of the package cannot enforce as it was meant.
 * @throws {BundleRefusedError} `unsupported`
 */
export function checkSupported({ critical, minSdkVersion }: BundleMetadata, sdkVersion: string): void {
  const unknown = critical.find((feature) => !FEATURES.has(feature));
  if (unknown !== undefined) {
    const message = `It needs the feature "${printable(unknown)}", which this version of the package does not have. Update the package.`;
    throw new BundleRefusedError('unsupported', message);
  }
  if (minSdkVersion !== null && !isAtLeast(sdkVersion, minSdkVersion)) {
    const message = `It needs version ${printable(minSdkVersion)} of the SDK protocol (min_sdk_version); this package implements ${sdkVersion}. Update the package: npm install @controlzero/sdk@latest`;
    throw new BundleRefusedError('unsupported', message);
  }
}
