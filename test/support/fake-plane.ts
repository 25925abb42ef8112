import type { Publication } from '../../src/bundle/bundle-payload.ts';
import type { Bytes } from '../../src/bundle/bytes.ts';
import { toBase64 } from '../../src/bundle/bytes.ts';
import type { KeyRotation } from '../../src/bundle/rotation-chain.ts';
import { rotateKey } from '../../src/bundle/rotation-chain.ts';
import type { SigningKey } from '../../src/bundle/signing-key.ts';
import { ROUTES } from '../../src/hosted/protocol.ts';
import { PROJECT, PROJECT_KEY, bundleOf, keyOf } from './bundle-stage.ts';
import type { FakeClock } from './fake-clock.ts';

/** One request as a fake plane saw it. */
export interface SeenRequest {
  readonly at: number;
  readonly path: string;
  readonly origin: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a fault has to go wrong with. */
interface FaultScope {
  readonly plane: FakePlane;
  readonly signal: AbortSignal;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A fault: what comes instead of an answer. Undefined: the usual answer. */
export type PlaneFault = (scope: FaultScope) => Promise<Response> | Response | undefined;

const DAY_SECONDS = 86_400;
const HEADERS = { 'content-type': 'application/octet-stream' };

/** The document that version `n` of a fake plane's policy is: it allows `model/v<n>` and nothing else. */
export const documentOf = (version: number): { rules: { effect: 'allow'; action: string; resource: string }[] } => ({
  rules: [{ effect: 'allow', action: 'llm.generate', resource: `model/v${version}` }],
});

/** Waits like a server that never answers, until the client gives up. */
export async function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}

/** A control plane behind `fetch`, on a clock that a test moves. Its bundles are real ones. */
export class FakePlane {
  static readonly url: string = 'https://plane.test';
  readonly requests: SeenRequest[] = [];
  /** What clients told about activations. */
  readonly reports: unknown[] = [];
  readonly clock: FakeClock;
  version: number = 1;
  epoch: number = 1;
  projectKey: Uint8Array = PROJECT_KEY;
  readonly rotations: KeyRotation[] = [];
  fault: PlaneFault | undefined;
  #key: SigningKey;

  private constructor(clock: FakeClock, key: SigningKey) {
    this.clock = clock;
    this.#key = key;
  }

  static async create(clock: FakeClock): Promise<FakePlane> {
    return new FakePlane(clock, await keyOf(1));
  }

  readonly fetch = async (input: string, init: RequestInit): Promise<Response> => {
    const { origin, pathname: path } = new URL(input);
    const headers = Object.fromEntries(new Headers(init.headers));
    const signal = init.signal as AbortSignal;
    this.requests.push({ at: this.clock.elapsed(), path, origin, headers });
    if (path === ROUTES.activations) this.reports.push(JSON.parse(init.body as string));
    signal.throwIfAborted();
    const answer = this.fault?.({ plane: this, signal, path, headers });
    return (await answer) ?? this.#answer(path, headers);
  };

  count(path: string): number {
    return this.requests.filter((request) => request.path === path).length;
  }

  /** How many attempts were made: each begins with a bootstrap or a pull, and at most one of each. */
  get attempts(): number {
    return Math.max(this.count(ROUTES.pull), this.count(ROUTES.bootstrap));
  }

  /** Signs with another key from now on; announced, the old key has signed the new one. */
  async rotate(seed: number, isAnnounced = true): Promise<void> {
    const [previous, next] = [this.#key, await keyOf(seed)];
    this.#key = next;
    this.epoch += 1;
    const issuedAt = Math.floor(this.clock.now() / 1000);
    if (!isAnnounced) return;
    this.rotations.push(await rotateKey({ projectId: PROJECT, epoch: this.epoch, previous, next, issuedAt }));
  }

  async bundle(changes: Partial<Publication> & { readonly key?: SigningKey } = {}): Promise<Bytes> {
    const { key = this.#key, ...rest } = changes;
    const issuedAt = Math.floor(this.clock.now() / 1000);
    const version = rest.version ?? this.version;
    return bundleOf(documentOf(version), key, {
      version,
      epoch: this.epoch,
      issuedAt,
      expiresAt: issuedAt + 7 * DAY_SECONDS,
      publicKey: key.publicKey,
      ...rest,
    });
  }

  async #answer(path: string, headers: SeenRequest['headers']): Promise<Response> {
    if (path === ROUTES.bootstrap) return Response.json(this.bootstrap());
    if (path === ROUTES.rotations) return Response.json({ rotations: this.rotations });
    if (path !== ROUTES.pull) return Response.json({}, { status: 202 });
    const etag = `"v${this.epoch}.${this.version}"`;
    if (headers['if-none-match'] === etag) return new Response(null, { status: 304, headers: { etag } });
    return new Response(await this.bundle(), { headers: { ...HEADERS, etag } });
  }

  bootstrap(): Readonly<Record<string, string>> {
    return {
      project_id: PROJECT,
      project_encryption_key_b64: toBase64(this.projectKey),
      signing_pubkey_hex: this.#key.publicKey,
    };
  }
}
