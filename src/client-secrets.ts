import type { RefusedRequest } from './errors.ts';
import type { Listener } from './events/emitter.ts';
import { Emitter } from './events/emitter.ts';
import type { OpenedSecrets } from './open-secrets.ts';
import type { ResolvedOptions } from './options.ts';
import type { SecretsGate } from './secrets/read-secret.ts';
import { secretsNotOpen } from './secrets/secret-errors.ts';
import type { SecretEvent, SecretsStatus } from './secrets/secret-event.ts';
import type { PolicySource } from './sources/source.ts';
import type { Clock } from './sync/clock.ts';

/** What secrets have to know of their client, besides its decisions. */
interface SecretsSurroundings {
  readonly clock: Clock;
  /** Whether a policy decides at the moment. */
  readonly isUsable: () => boolean;
}

/**
 * The part of a client that knows about secrets. What it needs is loaded when there is something to
 * keep: secrets, or an API key. Until then it passes every text through.
 */
export class ClientSecrets {
  readonly #options: ResolvedOptions;
  readonly #events: Emitter<SecretEvent>;
  #isClosed = false;
  #opened: OpenedSecrets | undefined;

  constructor(options: ResolvedOptions, report: (error: unknown) => void) {
    this.#options = options;
    this.#events = new Emitter(report);
  }

  /** Loads what is needed. From then on texts are redacted. */
  async open(gate: SecretsGate, { clock, isUsable }: SecretsSurroundings): Promise<void> {
    const options = this.#options;
    if (this.#opened || (!options.secretsEnabled && options.apiKey === undefined)) return;
    const { openSecrets } = await import('./open-secrets.ts');
    this.#opened ??= openSecrets({ options, gate, clock, isUsable, emit: (event) => this.#events.emit(event) });
  }

  /** Chooses the source of the secrets, which may be that of the policy. Nothing is read yet. */
  async connect(policySource: PolicySource): Promise<void> {
    await this.#opened?.connect(policySource);
    if (this.#isClosed) this.#opened?.close();
  }

  /** False while secrets are asked for and not there. */
  get isReady(): boolean {
    return this.#opened?.isReady ?? true;
  }

  get status(): SecretsStatus | null {
    return this.#opened?.status ?? null;
  }

  /** The shorter of an interval and that of the secrets, in milliseconds; 0 = never. */
  shorten(intervalMs: number): number {
    return this.#opened?.shorten(intervalMs) ?? intervalMs;
  }

  get(name: string): string {
    const { secretsEnabled } = this.#options;
    if (!this.#opened || this.#isClosed || !secretsEnabled) throw secretsNotOpen(secretsEnabled, this.#isClosed);
    return this.#opened.get(name);
  }

  /** Begins to read the source, unless that is under way. */
  begin(): void {
    this.#opened?.begin();
  }

  /** Begins to read the source, unless it has to be spared after failures. */
  retry(): void {
    this.#opened?.retry();
  }

  /**
   * Waits for the latest read, or the first one.
   * @throws {SecretUnavailableError} when it failed
   */
  async latest(): Promise<void> {
    await this.#opened?.latest();
  }

  /** A text without the value of any secret, and without the API key. */
  redact(text: string): string {
    return this.#opened?.redact(text) ?? text;
  }

  /** A request as it is told, without the same. */
  redactNames(request: RefusedRequest): RefusedRequest {
    if (!this.#opened) return request;
    const { action, resource, agentId } = request;
    return {
      action: this.redact(action),
      resource: this.redact(resource),
      ...(agentId !== undefined && { agentId: this.redact(agentId) }),
    };
  }

  /** Takes the same out of an error or of plain data, in place. */
  redactIn<Value>(value: Value): Value {
    return this.#opened ? this.#opened.redactIn(value) : value;
  }

  on(listener: Listener<SecretEvent>): () => void {
    return this.#events.on(listener);
  }

  async flush(): Promise<void> {
    await this.#events.flush();
  }

  close(): void {
    this.#isClosed = true;
    this.#opened?.close();
  }
}
