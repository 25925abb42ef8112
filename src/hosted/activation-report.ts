import type { SyncFailureKind } from '../failure-kind.ts';
import type { Clock } from '../sync/clock.ts';
import { PROTOCOL_VERSION, VERSION } from '../version.ts';
import type { Exchange } from './exchange.ts';
import { ROUTES } from './protocol.ts';

/** The policy that an instance enforces. */
export interface EnforcedPolicy {
  readonly epoch: number | null;
  readonly version: number | null;
  readonly digest: string;
}

const MAX_ANSWER_BYTES = 2048;
// Everybody has something to report at the same moment, and nothing waits for it.
const LONGEST_DELAY_MS = 2000;
const MOST_WAITING = 8;
// A control plane that has no such route says so; it is not asked again.
const NO_SUCH_ROUTE: ReadonlySet<number | undefined> = new Set([404, 405, 501]);

/**
 * Tells the control plane what this instance enforces, and what it refused, so that a dashboard can
 * show how far a publication has come. Best effort: nothing waits for it and nothing depends on it.
 */
export class ActivationReport {
  readonly #exchange: Exchange;
  readonly #clock: Clock;
  readonly #instance = crypto.randomUUID();
  readonly #abort = new AbortController();
  #enforced: EnforcedPolicy | undefined;
  #waiting: string[] = [];
  #last = '';
  #isWanted = true;
  #cancel: () => void = () => undefined;

  constructor(exchange: Exchange, clock: Clock) {
    this.#exchange = exchange;
    this.#clock = clock;
  }

  activated(policy: EnforcedPolicy): void {
    this.#enforced = policy;
    this.#add({ activated: true });
  }

  /** A document was refused; what was in force before stays. */
  refused(kind: SyncFailureKind): void {
    this.#add({ activated: false, error: { kind } });
  }

  close(): void {
    this.#cancel();
    this.#abort.abort();
  }

  #add(news: Readonly<Record<string, unknown>>): void {
    const { epoch = null, version = null, digest = null } = this.#enforced ?? {};
    const text = JSON.stringify({
      instance_id: this.#instance,
      sdk: `node@${VERSION}`,
      protocol: PROTOCOL_VERSION,
      epoch,
      version,
      digest,
      ...news,
    });
    // The same refusal at every attempt is no news.
    if (!this.#isWanted || text === this.#last || this.#abort.signal.aborted) return;
    this.#last = text;
    this.#waiting = [...this.#waiting, text].slice(-MOST_WAITING);
    this.#cancel();
    this.#cancel = this.#clock.after(LONGEST_DELAY_MS * this.#clock.random(), () => void this.#send());
  }

  async #send(): Promise<void> {
    for (let body = this.#waiting.shift(); body !== undefined && this.#isWanted; body = this.#waiting.shift()) {
      const request = { method: 'POST', path: ROUTES.activations, body, maxBytes: MAX_ANSWER_BYTES } as const;
      await this.#exchange
        .send({ ...request, signal: this.#abort.signal })
        .catch((error: { readonly httpStatus?: number }) => {
          this.#isWanted = !NO_SUCH_ROUTE.has(error.httpStatus);
        });
    }
  }
}
