import type { Bytes } from '../bundle/bytes.ts';
import type { HighWaterMark } from '../bundle/high-water-mark.ts';
import type { KeyTrust } from '../bundle/key-trust.ts';
import { chooseTrust } from '../bundle/key-trust.ts';
import { MAX_CHAIN_BYTES, followRotations } from '../bundle/rotation-chain.ts';
import type { VerifiedBundle } from '../bundle/verify-bundle.ts';
import { MAX_BUNDLE_BYTES, verifyBundle } from '../bundle/verify-bundle.ts';
import { BundleRefusedError, PolicyUnavailableError } from '../errors.ts';
import type { KeyTrustMode } from '../options.ts';
import type { RecordSink } from '../records/record-sink.ts';
import type { SecretsSource } from '../secrets/secrets-source.ts';
import type { RecordCache, RecordPlace } from '../sources/record-cache.ts';
import { comparePlaces } from '../sources/record-cache.ts';
import type {
  CacheFault,
  Pacing,
  PolicyFacts,
  PolicySnapshot,
  PolicySource,
  ReadSourceOptions,
} from '../sources/source.ts';
import type { Clock } from '../sync/clock.ts';
import { inSlices } from '../sync/in-slices.ts';
import { PROTOCOL_VERSION } from '../version.ts';
import type { ActivationReport } from './activation-report.ts';
import type { Bootstrap } from './bootstrap.ts';
import { MAX_BOOTSTRAP_BYTES, readBootstrap } from './bootstrap.ts';
import type { BundleRecord } from './bundle-record.ts';
import { BundleStore } from './bundle-store.ts';
import type { Credentials, Moment } from './credentials.ts';
import type { Exchange } from './exchange.ts';
import type { Hint, ListenForHints } from './hint.ts';
import type { HostedSecrets } from './hosted-secrets.ts';
import { ROUTES } from './protocol.ts';

/** What a hosted source is made of. */
export interface HostedSourceOptions {
  readonly exchange: Exchange;
  readonly report: ActivationReport;
  readonly cache: RecordCache;
  readonly clock: Clock;
  readonly pacing: Pacing;
  readonly intervalMs: number;
  readonly apiKey: string;
  /** The project that the API key must be of; undefined: whatever it is of. */
  readonly projectId: string | undefined;
  /** Signing keys that are trusted, and no others; empty: as `keyTrust` says. */
  readonly trustedKeys: readonly string[];
  readonly keyTrust: KeyTrustMode;
  readonly minBundleVersion: number | undefined;
  /** Undefined where hints are not wanted or not possible. */
  readonly listen: ListenForHints | undefined;
}

/** The policy that is in force, as it came. */
interface Current {
  readonly etag: string | null;
  readonly place: RecordPlace;
  readonly snapshot: PolicySnapshot;
}

interface Expected {
  readonly now: number;
  /** What the bundle must not be older than. */
  readonly mark: HighWaterMark | undefined;
}

interface Received {
  readonly bytes: Bytes;
  readonly etag: string | null;
  readonly verified: VerifiedBundle;
  readonly bootstrap: Bootstrap;
  readonly source: PolicyFacts['source'];
}

const ATTEMPT_TIMEOUT_MS = 30_000;
const LONGEST_ETAG = 256;

/**
 * The policy of a control plane: bootstrap, conditional pull, verification. What it gives out is
 * verified; what it remembers is what was in force at some time.
 */
export class HostedSource implements PolicySource {
  readonly kind: string = 'hosted';
  readonly attemptTimeoutMs: number = ATTEMPT_TIMEOUT_MS;
  readonly refreshIntervalMs: number;
  readonly pacing: Pacing;
  readonly watch?: NonNullable<PolicySource['watch']>;
  readonly #options: HostedSourceOptions;
  readonly #store: BundleStore;
  readonly #refusedListeners = new Set<(error: PolicyUnavailableError) => void>();
  #credentials: Credentials | undefined;
  #mark: HighWaterMark | undefined;
  #current: Current | undefined;
  #secrets: HostedSecrets | undefined;
  #unanswered: PolicyUnavailableError | undefined;

  constructor(options: HostedSourceOptions) {
    this.#options = options;
    this.#store = new BundleStore(options);
    this.refreshIntervalMs = options.intervalMs;
    this.pacing = options.pacing;
    const { listen } = options;
    if (listen) this.watch = (hint) => this.#watch(listen, hint);
  }

  get clockSkewMs(): number | null {
    return this.#options.exchange.clockSkewMs;
  }

  get cacheFault(): CacheFault | null {
    return this.#store.fault;
  }

  /** Calls back whenever the control plane refuses the API key; the function that comes back ends it. */
  onKeyRefused(listener: (error: PolicyUnavailableError) => void): () => void {
    this.#refusedListeners.add(listener);
    return () => void this.#refusedListeners.delete(listener);
  }

  /**
   * Asks for what is newer than the policy in force.
   * @throws {PolicyUnavailableError} when there is no answer that can be used
   * @throws {BundleRefusedError} when the answer must not be used
   */
  async read({ signal }: ReadSourceOptions): Promise<PolicySnapshot> {
    this.#unanswered = undefined;
    try {
      return await this.#pull(signal);
    } catch (error) {
      if (error instanceof PolicyUnavailableError) this.#unanswered = error;
      if (error instanceof PolicyUnavailableError && error.kind === 'auth') {
        for (const listener of this.#refusedListeners) listener(error);
      }
      if (error instanceof BundleRefusedError) this.#options.report.refused(error.kind);
      throw error;
    }
  }

  /** The newest record of the cache that passes, when it is newer than the policy in force. */
  async readStored(): Promise<PolicySnapshot | undefined> {
    for (const record of await this.#store.load(this.#current?.place)) {
      const snapshot = await this.#openRecord(record);
      if (snapshot) return snapshot;
    }
    return undefined;
  }

  /** The secrets of the project, read with the same key and opened with the same trust. */
  async openSecrets(names: readonly string[]): Promise<SecretsSource> {
    const { exchange, clock, intervalMs } = this.#options;
    const { HostedSecrets: Secrets } = await import('./hosted-secrets.ts');
    this.#secrets = new Secrets({
      exchange,
      clock,
      intervalMs,
      names,
      unanswered: () => this.#unanswered,
      active: () => this.#current?.place,
      withKeys: async (moment, use) => {
        const { result, credentials } = await this.#withKeys(moment, use);
        this.#credentials = credentials;
        return result;
      },
      onKeyRefused: (listener) => this.onKeyRefused(listener),
    });
    return this.#secrets;
  }

  /** The sink of the same project: records go where the policy comes from. */
  async openRecords(): Promise<RecordSink> {
    const { AuditSink } = await import('./audit-sink.ts');
    return new AuditSink({
      exchange: this.#options.exchange,
      projectId: async (signal) => (this.#credentials?.bootstrap ?? (await this.#fetchBootstrap(signal))).projectId,
    });
  }

  /** Resolves when what is in force is in the cache. */
  async close(): Promise<void> {
    this.#options.report.close();
    await this.#store.close();
  }

  #watch(listen: ListenForHints, hint: () => void): () => void {
    const { clock } = this.#options;
    let cancel: (() => void) | undefined;
    const stop = listen((told) => {
      if (cancel || !this.#isNews(told)) return;
      // All clients were told at the same moment.
      cancel = clock.after(told.spreadMs * clock.random(), () => {
        cancel = undefined;
        hint();
      });
    });
    return () => {
      stop();
      cancel?.();
    };
  }

  #isNews({ event, epoch, version }: Hint): boolean {
    if (event === 'secrets') return this.#secrets !== undefined && version > this.#secrets.version;
    if (event !== 'policy') return false;
    return !this.#current || comparePlaces({ epoch, version, issuedAt: 0 }, this.#current.place) > 0;
  }

  async #pull(signal: AbortSignal): Promise<PolicySnapshot> {
    const { exchange, clock } = this.#options;
    // One time for all checks: they must not disagree about it.
    const now = clock.now();
    this.#credentials ??= await this.#fetchCredentials(signal);
    const current = this.#current;
    const etag = this.#etagAt(now);
    const answer = await exchange.send({
      path: ROUTES.pull,
      headers: { accept: 'application/octet-stream', ...(etag !== null && { 'if-none-match': etag }) },
      maxBytes: MAX_BUNDLE_BYTES,
      signal,
    });
    if (current && answer.status === 304) return current.snapshot;
    const bytes = answer.body;
    const { result: verified, credentials } = await this.#withKeys({ now, signal }, async (keys) =>
      this.#verifyWith(bytes, keys, { now, mark: this.#mark }),
    );
    const { bootstrap } = credentials;
    return this.#snapshotOf({ bytes, etag: readEtag(answer.header('etag')), verified, bootstrap, source: 'network' });
  }

  // Sent for bytes that were verified and are in force, and for no others. Past their time what is wanted
  // is a new signature, and some servers tell only new contents apart.
  #etagAt(now: number): string | null {
    const { etag = null, snapshot } = this.#current ?? {};
    return now < (snapshot?.facts?.expiresAt ?? Infinity) ? etag : null;
  }

  // What no trusted key has signed may be signed by one that has taken over since.
  async #withKeys<Result>(
    moment: Moment,
    use: (credentials: Credentials) => Promise<Result>,
  ): Promise<{ readonly result: Result; readonly credentials: Credentials }> {
    const credentials = (this.#credentials ??= await this.#fetchCredentials(moment.signal));
    try {
      return { result: await use(credentials), credentials };
    } catch (error) {
      if (!(error instanceof BundleRefusedError) || error.kind !== 'signature') throw error;
      const renewed = await this.#renew(credentials, moment).catch(() => undefined);
      if (!renewed) throw error;
      return { result: await use(renewed), credentials: renewed };
    }
  }

  async #verifyWith(bytes: Bytes, { bootstrap, trust }: Credentials, { now, mark }: Expected): Promise<VerifiedBundle> {
    const { minBundleVersion } = this.#options;
    return verifyBundle(bytes, {
      trust,
      projectKey: bootstrap.projectKey,
      projectId: bootstrap.projectId,
      sdkVersion: PROTOCOL_VERSION,
      now,
      run: inSlices,
      ...(mark && { mark }),
      ...(minBundleVersion !== undefined && { minBundleVersion }),
    });
  }

  async #fetchBootstrap(signal: AbortSignal): Promise<Bootstrap> {
    const { exchange, projectId } = this.#options;
    const headers = { accept: 'application/json' };
    const answer = await exchange.send({ path: ROUTES.bootstrap, headers, maxBytes: MAX_BOOTSTRAP_BYTES, signal });
    const bootstrap = readBootstrap(answer.body);
    if (projectId !== undefined && projectId !== bootstrap.projectId) {
      throw new PolicyUnavailableError({
        message: 'The API key is of another project than projectId (CONTROLZERO_PROJECT_ID) says.',
        kind: 'wrong_project',
      });
    }
    return bootstrap;
  }

  async #fetchCredentials(signal: AbortSignal): Promise<Credentials> {
    const bootstrap = await this.#fetchBootstrap(signal);
    return { bootstrap, trust: this.#trustFor(bootstrap, undefined) };
  }

  #trustFor({ offeredKey }: Bootstrap, remembered: KeyTrust | undefined): KeyTrust {
    const { trustedKeys, keyTrust } = this.#options;
    const trust = chooseTrust({
      pinned: trustedKeys,
      offered: offeredKey,
      isLegacy: keyTrust === 'legacy',
      ...(remembered && { remembered }),
    });
    if (!trust) throw new BundleRefusedError('signature', 'There is no key to verify bundles with.');
    return trust;
  }

  // A changed project key is simply taken over. A changed signing key is trusted only when the chain of
  // rotations leads to it, or when nothing signed by the old one was ever in force.
  async #renew({ trust }: Credentials, { now, signal }: Moment): Promise<Credentials> {
    const bootstrap = await this.#fetchBootstrap(signal);
    if (!this.#mark) return (this.#credentials = { bootstrap, trust: this.#trustFor(bootstrap, undefined) });
    const kept = this.#trustFor(bootstrap, trust);
    const isKnown = kept.keys.some(({ publicKey }) => publicKey === bootstrap.offeredKey);
    if (kept.kind !== 'first-use' || isKnown) return { bootstrap, trust: kept };
    const headers = { accept: 'application/json' };
    const chain = await this.#options.exchange.send({
      path: ROUTES.rotations,
      headers,
      maxBytes: MAX_CHAIN_BYTES,
      signal,
    });
    return { bootstrap, trust: await followRotations(kept, chain.body, { projectId: bootstrap.projectId, now }) };
  }

  async #openRecord(record: BundleRecord): Promise<PolicySnapshot | undefined> {
    const { bundle: bytes, bootstrap, etag, storedAt } = record;
    try {
      const trust = this.#trustFor(bootstrap, record.trust);
      // As of when it was accepted; whether its time is over by now is for the reader to say.
      const verified = await this.#verifyWith(
        bytes,
        { bootstrap, trust },
        { now: storedAt, mark: this.#mark ?? record.mark },
      );
      return this.#snapshotOf({ bytes, etag, verified, bootstrap, source: 'cache' });
    } catch {
      return undefined;
    }
  }

  #snapshotOf(received: Received): PolicySnapshot {
    const { verified, source } = received;
    const { metadata, digest, revision, signer, compiled } = verified;
    const { epoch, version, integrity, issuedAt, expiresAt } = metadata;
    const keyId = metadata.keyId ?? signer.publicKey.slice(0, 16);
    const snapshot: PolicySnapshot = {
      revision,
      origin: 'the control plane',
      facts: { epoch, version, digest, integrity, issuedAt, expiresAt, keyId, source },
      compiled,
      parse: async () => ({ document: await verified.readDocument() }),
      settled: ({ activated }) => {
        if (activated && this.#current?.snapshot !== snapshot) this.#activated(received, snapshot);
      },
    };
    return snapshot;
  }

  #activated(received: Received, snapshot: PolicySnapshot): void {
    const { bytes, etag, verified, bootstrap, source } = received;
    const { mark, trust, metadata } = verified;
    const { epoch, version, issuedAt, createdAt } = metadata;
    const place = { epoch: epoch ?? 0, version: version ?? 0, issuedAt: issuedAt ?? createdAt };
    this.#current = { etag, place, snapshot };
    this.#mark = mark;
    this.#credentials = { bootstrap, trust };
    this.#options.report.activated({ epoch, version, digest: verified.digest });
    if (source === 'cache') this.#store.trust();
    else this.#store.keep(place, { bundle: bytes, bootstrap, trust, mark, etag, storedAt: this.#options.clock.now() });
  }
}

function readEtag(header: string | null): string | null {
  return header !== null && header.length <= LONGEST_ETAG ? header : null;
}
