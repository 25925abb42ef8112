import type { CompiledPolicy } from '../engine/compiled-policy.ts';
import { BundleRefusedError } from '../errors.ts';
import type { Steps } from '../policy/steps.ts';
import { finish } from '../policy/steps.ts';
import type { Policy } from '../policy/types.ts';
import type { BundleMetadata } from './bundle-metadata.ts';
import { checkSupported, readMetadata } from './bundle-metadata.ts';
import type { Bytes } from './bytes.ts';
import { Part, writeCanonical } from './canonical-json.ts';
import { compileTranslated, documentOf } from './compile-translated.ts';
import { readContainer } from './container.ts';
import { Digest } from './digest.ts';
import type { BundleExpectations, HighWaterMark } from './high-water-mark.ts';
import { checkFresh } from './high-water-mark.ts';
import type { Json, JsonObject } from './json-payload.ts';
import { readJsonInSteps, readJsonObject } from './json-payload.ts';
import type { KeyTrust, TrustedKey } from './key-trust.ts';
import { checkSigner, findSigner } from './key-trust.ts';
import { openPayload } from './sealed-payload.ts';
import type { BundleNote, TranslatedPayload } from './translate-payload.ts';
import { isInForce, translatePayload } from './translate-payload.ts';
import { decompress } from './zstd.ts';

/** What a bundle is verified with. */
export interface VerifyBundleOptions extends BundleExpectations {
  readonly trust: KeyTrust;
  /** The key of the project from the bootstrap: 32 bytes. It decrypts, and proves nothing. */
  readonly projectKey: Uint8Array;
  /** The version of the protocol that is implemented here, for bundles that need a newer one: `PROTOCOL_VERSION`. */
  readonly sdkVersion: string;
  /** The name that rules may be restricted to by `clients`. Undefined: a rule with `clients` never allows. */
  readonly clientName?: string;
  /** Does the long parts, reading and compiling the rules. Default: at once, without a pause. */
  readonly run?: RunSteps;
}

/** Does work that may pause. */
type RunSteps = <Result>(steps: Steps<Result>) => Result | Promise<Result>;

/** A bundle that passed every check. */
export interface VerifiedBundle {
  /** Ready to decide: activating is one assignment. */
  readonly compiled: CompiledPolicy;
  /** The same policies as a document in the form of the package. Read anew each time, because hardly anybody asks. */
  readonly readDocument: () => Promise<{ readonly policies: readonly Policy[] }>;
  /** The first 16 digits of `digest`: the revision that decisions show. */
  readonly revision: string;
  /** SHA-256 of everything that decides. The same policies signed anew have the same digest. */
  readonly digest: string;
  readonly metadata: BundleMetadata;
  /** Id of the key that signed it. */
  readonly signer: TrustedKey;
  /** What is not enforced as it was written. */
  readonly notes: readonly BundleNote[];
  /** Remember both once the bundle is active, and pass them in the next time. */
  readonly mark: HighWaterMark;
  readonly trust: KeyTrust;
}

/** The most bytes of a bundle: stop reading the answer there. */
export const MAX_BUNDLE_BYTES: number = 16 * 1024 * 1024;
/** The most bytes a bundle may unpack to. */
const MAX_UNPACKED_BYTES = 32 * 1024 * 1024;

const REVISION_DIGITS = 16;
// What differs between two signatures over the same policies.
const PER_SIGNATURE: ReadonlySet<string> = new Set(['metadata', 'created_at', 'expires_at', 'bundle_id']);

/** The digests of a payload. */
interface Digests {
  /** Of everything that decides. */
  readonly all: Digest;
  readonly policies: Digest;
}

function* digestsInSteps(payload: JsonObject): Steps<Digests> {
  const [all, policies] = [new Digest(), new Digest()];
  const content = Object.create(null) as Record<string, Json | Part>;
  for (const [key, value] of Object.entries(payload)) if (!PER_SIGNATURE.has(key)) content[key] = value;
  content['policies'] = new Part(payload['policies'] ?? null, policies.update);
  yield* writeCanonical(content, all.update);
  return { all, policies };
}

function checkCounts({ listed, enabled }: TranslatedPayload, { metadata, count }: Opened): void {
  const isStripped =
    (metadata.policyCount !== null && (metadata.policyCount !== listed || count !== listed)) ||
    enabled < (metadata.activePolicyCount ?? 0);
  if (isStripped)
    throw new BundleRefusedError('invalid_data', 'The bundle lists other policies than it was made with.');
}

// What is counted and digested is what the metadata vouches for.
async function checkPolicies({ policies }: Digests, { policiesSha256 }: BundleMetadata): Promise<void> {
  if (policiesSha256 !== null && policiesSha256 !== (await policies.hex()))
    throw new BundleRefusedError('invalid_data', 'The policies are not those that the metadata vouches for.');
}

interface Opened {
  readonly payload: JsonObject;
  /** The payload as it came, compressed. */
  readonly packed: Bytes;
  readonly count: number;
  readonly metadata: BundleMetadata;
  readonly signer: TrustedKey;
}

async function openBundle(bytes: Uint8Array, options: VerifyBundleOptions): Promise<Opened> {
  const container = readContainer(bytes, 'CZ01', MAX_BUNDLE_BYTES);
  const signer = await findSigner(options.trust, { message: container.signed, signature: container.signature });
  const packed = await openPayload(container.payload, { projectKey: options.projectKey });
  const { run = finish } = options;
  const payload = await run(readJsonInSteps(await decompress(packed, MAX_UNPACKED_BYTES)));
  const metadata = readMetadata(payload, container.createdAt);
  return { payload, packed, count: container.count, metadata, signer };
}

function translate(payload: JsonObject, metadata: BundleMetadata, options: VerifyBundleOptions): TranslatedPayload {
  return translatePayload(payload, {
    integrity: metadata.integrity,
    projectId: metadata.projectId ?? options.projectId ?? null,
    clientName: options.clientName,
  });
}

/**
 * Verifies a policy bundle (format CZ01) and brings it to a compiled policy. Pure: no network, no
 * files, no clock; the same arguments give the same answer.
 *
 * The checks, in this order: size, layout, signature by a trusted key, decryption, bounded
 * decompression, JSON, required features and versions, every rule, then project, order and time. Call
 * it for bytes from the network and for bytes from a cache alike.
 *
 * When it refuses, keep what is active, `mark` and `trust` as they are. On `signature`, fetch the
 * bootstrap for the project's key, and for trust on first use the chain of rotations
 * (`followRotations`), and verify the same bytes once more.
 *
 * @throws {BundleRefusedError} `ERR_CZ_BUNDLE_REFUSED`; `kind` says why
 */
export async function verifyBundle(bytes: Uint8Array, options: VerifyBundleOptions): Promise<VerifiedBundle> {
  const opened = await openBundle(bytes, options);
  const { run = finish } = options;
  const { payload, packed, metadata, signer } = opened;
  checkSupported(metadata, options.sdkVersion);
  const trust = await checkSigner(options.trust, signer, metadata);
  const translated = translate(payload, metadata, options);
  checkCounts(translated, opened);
  const digests = await run(digestsInSteps(payload));
  await checkPolicies(digests, metadata);
  const digest = await digests.all.hex();
  const revision = digest.slice(0, REVISION_DIGITS);
  const { compiled, notes } = await run(compileTranslated(translated.policies, revision));
  return {
    compiled,
    revision,
    digest,
    metadata,
    signer,
    notes: [...notes, ...translated.notes],
    mark: checkFresh(metadata, digest, options),
    trust,
    readDocument: async () => {
      const again = readJsonObject(await decompress(packed, MAX_UNPACKED_BYTES));
      return documentOf(translate(again, metadata, options).policies, isInForce);
    },
  };
}
