import type { Listener } from './events/emitter.ts';
import { Emitter } from './events/emitter.ts';
import type { OpenedSecrets } from './open-secrets.ts';
import type { ResolvedOptions } from './options.ts';
import type { SecretsGate } from './secrets/read-secret.ts';
import { secretsNotOpen } from './secrets/secret-errors.ts';
import type { SecretEvent, SecretsStatus } from './secrets/secret-event.ts';

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

  /** Loads what is needed. Nothing is read yet. */
  async open(gate: SecretsGate): Promise<void> {
    const options = this.#options;
    if (this.#opened || (!options.secretsEnabled && options.apiKey === undefined)) return;
    const { openSecrets } = await import('./open-secrets.ts');
    this.#opened ??= await openSecrets({ options, gate, emit: (event) => this.#events.emit(event) });
    if (this.#isClosed) this.#opened.close();
  }

  /** False while secrets are asked for and not there. */
  get isReady(): boolean {
    return this.#opened?.keeper?.isLoaded !== false;
  }

  /** Milliseconds after which reading again makes sense; 0 = never. */
  get refreshIntervalMs(): number {
    return this.#opened?.refreshIntervalMs ?? 0;
  }

  get status(): SecretsStatus | null {
    return this.#opened?.keeper?.status ?? null;
  }

  get(name: string): string {
    const { secretsEnabled } = this.#options;
    if (!this.#opened || this.#isClosed || !secretsEnabled) throw secretsNotOpen(secretsEnabled, this.#isClosed);
    return this.#opened.get(name);
  }

  /** Begins to read the source, unless that is under way. */
  begin(): void {
    this.#opened?.keeper?.begin();
  }

  /**
   * How the latest read ended.
   * @throws {SecretUnavailableError} when it failed
   */
  async latest(): Promise<void> {
    await this.#opened?.keeper?.latest();
  }

  /** A text without the value of any secret, and without the API key. */
  redact(text: string): string {
    return this.#opened?.redact(text) ?? text;
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
