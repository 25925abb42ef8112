import type { SyncFailureKind } from '../failure-kind.ts';
import { VERSION } from '../version.ts';
import type { Exchange } from './exchange.ts';
import { ROUTES } from './protocol.ts';

/** The policy that an instance enforces. */
export interface EnforcedPolicy {
  readonly epoch: number | null;
  readonly version: number | null;
  readonly digest: string;
}

const MAX_ANSWER_BYTES = 2048;
// A control plane that has no such route says so; it is not asked again.
const NO_SUCH_ROUTE: ReadonlySet<number | undefined> = new Set([404, 405, 501]);

/**
 * Tells the control plane what this instance enforces, and what it refused, so that a dashboard can
 * show how far a publication has come. Best effort: nothing waits for it and nothing depends on it.
 */
export class ActivationReport {
  readonly #exchange: Exchange;
  readonly #instance = crypto.randomUUID();
  readonly #abort = new AbortController();
  #enforced: EnforcedPolicy | undefined;
  #last = '';
  #isWanted = true;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  activated(policy: EnforcedPolicy): void {
    this.#enforced = policy;
    this.#send({ activated: true });
  }

  /** A document was refused; what was in force before stays. */
  refused(kind: SyncFailureKind): void {
    this.#send({ activated: false, error: { kind } });
  }

  close(): void {
    this.#abort.abort();
  }

  #send(news: Readonly<Record<string, unknown>>): void {
    const { epoch = null, version = null, digest = null } = this.#enforced ?? {};
    const json = { instance_id: this.#instance, sdk: `node@${VERSION}`, epoch, version, digest, ...news };
    const text = JSON.stringify(json);
    // The same refusal at every attempt is no news.
    if (!this.#isWanted || text === this.#last || this.#abort.signal.aborted) return;
    this.#last = text;
    const request = { method: 'POST', path: ROUTES.activations, json, maxBytes: MAX_ANSWER_BYTES } as const;
    this.#exchange.send({ ...request, signal: this.#abort.signal }).catch((error: { readonly httpStatus?: number }) => {
      this.#isWanted = !NO_SUCH_ROUTE.has(error.httpStatus);
    });
  }
}
