import type { Bytes } from '../../bundle/bytes.ts';
import { concatBytes, fromHex, toBase64, utf8 } from '../../bundle/bytes.ts';
import { bundlePayload, wirePolicies } from '../../bundle/bundle-payload.ts';
import type { Publication } from '../../bundle/bundle-payload.ts';
import { joinContainer, writeHeader } from '../../bundle/container.ts';
import { encodeBundle } from '../../bundle/encode-bundle.ts';
import type { KeyRotation } from '../../bundle/rotation-chain.ts';
import { rotateKey } from '../../bundle/rotation-chain.ts';
import { sealPayload } from '../../bundle/sealed-payload.ts';
import { sealSecrets } from '../../bundle/sealed-secrets.ts';
import { isSecretName } from '../../bundle/secret-entries.ts';
import type { SigningKey } from '../../bundle/signing-key.ts';
import { createSigningKey } from '../../bundle/signing-key.ts';
import { compress } from '../../bundle/zstd.ts';
import { parsePolicy } from '../../policy/parse.ts';
import type { PolicyDocument } from '../../policy/types.ts';
import type { BundleMaker, BundleParts } from './faulty-bundle.ts';
import { FAULTY_BUNDLES } from './faulty-bundle.ts';
import type { ControlPlaneFault } from './plane-fault.ts';
import { isBundleFault } from './plane-fault.ts';

/** What may be said about a publication besides its policies. */
export interface PublishOptions {
  /** Withdraws every version before this one: no client loads one of them again, not even from a cache. */
  readonly revokeEarlier?: boolean;
  /** Features that a client has to know, or else keep what it has. */
  readonly critical?: readonly string[];
  /** The oldest version of the SDK protocol that a reader has to implement (`PROTOCOL_VERSION`). */
  readonly minSdkVersion?: string;
}

/** What a project is made of. */
export interface ProjectOptions {
  readonly scope: Pick<Publication, 'projectId' | 'environment' | 'audience'>;
  /** Bundles without signed metadata, as older servers make them. */
  readonly isLegacy: boolean;
  readonly validForSeconds: number;
  readonly refreshAfterSeconds: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A signed bundle with the tag that identifies it. */
export interface IssuedBundle {
  readonly bytes: Bytes;
  readonly etag: string;
}

const SECOND = 1000;
const KEY_BYTES = 32;

const randomKey = (): Bytes => crypto.getRandomValues(new Uint8Array(KEY_BYTES));

/** One project of the test control plane: its keys, its policies and its secrets. */
export class PlaneProject {
  readonly #options: ProjectOptions;
  readonly rotations: KeyRotation[] = [];
  readonly #secrets = new Map<string, Bytes>();
  #signingKey: SigningKey;
  #projectKey = randomKey();
  #policies: readonly object[] = [];
  #publishOptions: PublishOptions = {};
  #revokedBefore = 0;
  #issue: Promise<IssuedBundle> | undefined;
  #issuedAt = 0;
  #previous: IssuedBundle | undefined;
  epoch = 1;
  version = 1;
  secretsVersion = 1;

  private constructor(options: ProjectOptions, signingKey: SigningKey) {
    this.#options = options;
    this.#signingKey = signingKey;
  }

  static async create(options: ProjectOptions): Promise<PlaneProject> {
    return new PlaneProject(options, await createSigningKey());
  }

  get projectId(): string {
    return this.#options.scope.projectId;
  }

  get publicKey(): string {
    return this.#signingKey.publicKey;
  }

  get #seconds(): number {
    return Math.floor(this.#options.now() / SECOND);
  }

  async publish(document: PolicyDocument, options: PublishOptions): Promise<void> {
    // As a dashboard does: what no client would take is not published.
    parsePolicy(document, { origin: 'the published document' });
    this.#previous = await this.#current();
    this.version += 1;
    this.#policies = JSON.parse(JSON.stringify(wirePolicies(document))) as readonly object[];
    this.#publishOptions = options;
    if (options.revokeEarlier) this.#revokedBefore = this.version;
    this.#issue = undefined;
  }

  setSecret(name: string, value: string): void {
    if (!isSecretName(name))
      throw new TypeError('The name of a secret has 1 to 128 letters, digits, ".", "_" and "-".');
    this.#secrets.set(name, utf8(value));
    this.secretsVersion += 1;
  }

  removeSecret(name: string): void {
    if (this.#secrets.delete(name)) this.secretsVersion += 1;
  }

  secret(name: string): string | undefined {
    const value = this.#secrets.get(name);
    return value && new TextDecoder().decode(value);
  }

  /** Signs with a new key from now on; clients learn of it by the record that both keys sign. */
  async rotateKeys(isAnnounced: boolean): Promise<void> {
    this.#previous = await this.#current();
    const [previous, next] = [this.#signingKey, await createSigningKey()];
    this.epoch += 1;
    const { projectId } = this;
    if (isAnnounced)
      this.rotations.push(await rotateKey({ projectId, epoch: this.epoch, previous, next, issuedAt: this.#seconds }));
    this.#signingKey = next;
    this.#revokedBefore = 0;
    this.#issue = undefined;
  }

  rotateProjectKey(): void {
    this.#projectKey = randomKey();
    this.#issue = undefined;
  }

  bootstrap(): object {
    const { projectId, environment, audience } = this.#options.scope;
    // What stands before the 32 bytes of an Ed25519 key in a PEM document.
    const pem = toBase64(fromHex(`302a300506032b6570032100${this.publicKey}`) ?? new Uint8Array());
    return {
      project_id: projectId,
      org_id: 'org_test',
      // JSON leaves out what is undefined.
      environment,
      audience,
      project_encryption_key_b64: toBase64(this.#projectKey),
      signing_pubkey_hex: this.publicKey,
      signing_pubkey_pem: `-----BEGIN PUBLIC KEY-----\n${pem}\n-----END PUBLIC KEY-----\n`,
      key_version: this.epoch,
      algorithm: 'ed25519',
    };
  }

  /** The bundle that a client gets now, with a fault in it when there is one. */
  async bundle(fault?: ControlPlaneFault): Promise<IssuedBundle> {
    const issue = await this.#current();
    if (!fault || !isBundleFault(fault.kind)) return issue;
    const maker: BundleMaker = {
      current: issue.bytes,
      previous: (this.#previous ?? issue).bytes,
      policies: this.#policies,
      version: this.version,
      seconds: this.#seconds,
      validForSeconds: this.#options.validForSeconds,
      make: (parts) => this.#make(parts),
      seal: (plain) => this.#seal(plain),
    };
    const bytes = await FAULTY_BUNDLES[fault.kind](maker, fault);
    // A tag of its own, or a client that has the right bundle would be told that nothing has changed.
    return { bytes, etag: `"${fault.kind}-${this.epoch}.${this.version}"` };
  }

  async secretsEnvelope(): Promise<Bytes> {
    const { scope, validForSeconds } = this.#options;
    return sealSecrets(this.#secrets, {
      publication: {
        ...scope,
        secretsVersion: this.secretsVersion,
        bundleEpoch: this.epoch,
        bundleVersion: this.version,
        issuedAt: this.#seconds,
        expiresAt: this.#seconds + validForSeconds,
      },
      signingKey: this.#signingKey,
      projectKey: this.#projectKey,
    });
  }

  // Signed anew when the last signature is old, so that a client can tell a quiet server from a frozen one.
  // Kept as the work under way, so that clients who come together get the same bytes.
  #current(): Promise<IssuedBundle> {
    const issuedAt = this.#seconds;
    if (!this.#issue || issuedAt >= this.#issuedAt + this.#options.refreshAfterSeconds) {
      this.#issuedAt = issuedAt;
      this.#issue = this.#sign(issuedAt);
    }
    return this.#issue;
  }

  async #sign(issuedAt: number): Promise<IssuedBundle> {
    const etag = `"${this.epoch}.${this.version}.${issuedAt}"`;
    return { etag, bytes: await this.#make({ publication: { issuedAt } }) };
  }

  #publication(changes: Partial<Publication>): Publication {
    const { scope, validForSeconds, refreshAfterSeconds } = this.#options;
    const { critical, minSdkVersion } = this.#publishOptions;
    const issuedAt = changes.issuedAt ?? this.#seconds;
    return {
      ...scope,
      epoch: this.epoch,
      version: this.version,
      issuedAt,
      expiresAt: issuedAt + validForSeconds,
      refreshAfter: issuedAt + refreshAfterSeconds,
      publicKey: this.publicKey,
      ...(this.#revokedBefore > 0 && { revokedBefore: this.#revokedBefore }),
      ...(critical && { critical }),
      ...(minSdkVersion !== undefined && { minSdkVersion }),
      ...changes,
    };
  }

  async #payload({ publication = {}, policies = this.#policies }: BundleParts): Promise<object> {
    const payload = await bundlePayload(policies, this.#publication(publication));
    if (!this.#options.isLegacy) return payload;
    const metadata = { active_policy_count: policies.length, min_sdk_version: this.#publishOptions.minSdkVersion };
    return { ...payload, schema_version: '1.0', metadata };
  }

  async #make(parts: BundleParts): Promise<Bytes> {
    const { publication, policies = this.#policies, signingKey = this.#signingKey } = parts;
    const publicKey = publication?.publicKey ?? signingKey.publicKey;
    const payload = await this.#payload({ ...parts, publication: { ...publication, publicKey } });
    return encodeBundle(payload, {
      signingKey,
      projectKey: this.#projectKey,
      createdAt: publication?.issuedAt ?? this.#seconds,
      policyCount: policies.length,
    });
  }

  async #seal(plain: Uint8Array): Promise<Bytes> {
    const sealed = await sealPayload(compress(plain), { projectKey: this.#projectKey });
    const header = writeHeader({ magic: 'CZ01', createdAt: this.#seconds, count: 0 }, sealed.length);
    return joinContainer(header, sealed, await this.#signingKey.sign(concatBytes(header, sealed)));
  }
}
