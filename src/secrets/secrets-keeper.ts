import { ControlZeroError } from '../errors.ts';
import type { Clock, Moment } from '../sync/clock.ts';
import { momentOf, since } from '../sync/clock.ts';
import { untilAborted } from '../sync/until-aborted.ts';
import type { SecretEvent, SecretsStatus } from './secret-event.ts';
import type { SecretReasonCode } from './secret-errors.ts';
import { SecretUnavailableError } from './secret-errors.ts';
import type { SecretsContent, SecretsSource } from './secrets-source.ts';
import type { SecretChanges, Vault } from './vault.ts';

/** What a keeper is made of. */
export interface SecretsKeeperOptions {
  readonly source: SecretsSource;
  readonly vault: Vault;
  /** How long values are used while the source cannot be read. */
  readonly ttlMs: number;
  readonly clock: Clock;
  /** Called when the vault has new values, before anybody is told. */
  readonly changed: () => void;
  /** Called with every failure, before it is kept or told. */
  readonly failed: (error: SecretUnavailableError) => void;
  readonly emit: (event: SecretEvent) => void;
}

const unavailable = (reasonCode: SecretReasonCode, message: string): SecretUnavailableError =>
  new SecretUnavailableError({ reasonCode, message });

const ATTEMPT_TIMEOUT_MS = 5000;
const SHORTEST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
const CODE = /^[A-Z][A-Z0-9_]{1,40}$/u;

// Foreign text may hold a value, so of a foreign error only its kind is told.
function failureOf(thrown: unknown, kind: string): SecretUnavailableError {
  if (thrown instanceof SecretUnavailableError) return thrown;
  if (thrown instanceof ControlZeroError) return unavailable('UNREADABLE', thrown.message);
  const code: unknown = thrown instanceof Error ? Reflect.get(thrown, 'code') : undefined;
  const named = typeof code === 'string' && CODE.test(code) ? ` (${code})` : '';
  return unavailable('UNREADABLE', `The secrets of source ${kind} cannot be read${named}.`);
}

interface Failure {
  readonly error: SecretUnavailableError;
  readonly at: number;
}

function describeFailure({ error: { reasonCode, message }, at }: Failure): SecretsStatus['lastError'] {
  return { reasonCode, message, at };
}

/**
 * Keeps the vault fresh: reads its source when told to, opens what is new, and exchanges all values at
 * once. A failure leaves the values for the time to live; a refused API key drops them at once.
 */
export class SecretsKeeper {
  readonly #options: SecretsKeeperOptions;
  readonly #closed = new AbortController();
  readonly #first = Promise.withResolvers<void>();
  readonly #stopListening: (() => void) | undefined;
  #limit = new AbortController();
  #latest: Promise<void> | undefined;
  #isTrying = false;
  #failures = 0;
  #revision: string | undefined;
  #expiresAt = Infinity;
  #lastSuccess: Moment | undefined;
  #failure: Failure | undefined;
  #dropped: SecretUnavailableError | undefined;

  constructor(options: SecretsKeeperOptions) {
    this.#options = options;
    this.#stopListening = options.source.onRevoked?.((error) => this.fail(error));
  }

  get status(): SecretsStatus {
    const { source, vault } = this.#options;
    return {
      source: source.kind,
      count: vault.size,
      revision: this.#revision ?? null,
      lastSuccessAt: this.#lastSuccess?.wall ?? null,
      lastError: this.#failure ? describeFailure(this.#failure) : null,
    };
  }

  get isLoaded(): boolean {
    return this.#revision !== undefined;
  }

  /** Begins an attempt, unless one is under way. */
  begin(): void {
    if (this.#isTrying || this.#closed.signal.aborted) return;
    this.#isTrying = true;
    this.#latest = this.#run().finally(() => {
      this.#isTrying = false;
    });
    this.#first.resolve(this.#latest);
    // Whoever wants to know how it ended asks for it.
    for (const attempt of [this.#latest, this.#first.promise]) attempt.catch(() => undefined);
  }

  /** Begins an attempt on demand, unless the last ones failed and the source has to be spared. */
  retry(): void {
    if (!this.#failure) return;
    const pauseMs = Math.min(SHORTEST_PAUSE_MS * 2 ** (this.#failures - 1), LONGEST_PAUSE_MS);
    if (this.#options.clock.now() - this.#failure.at >= pauseMs) this.begin();
  }

  /**
   * Waits for the latest attempt, or for the first one when there was none yet.
   * @throws {SecretUnavailableError} with the reason code of what went wrong
   */
  async latest(): Promise<void> {
    await (this.#latest ?? this.#first.promise);
  }

  /**
   * Makes sure that there are values that may be used.
   * @throws {SecretUnavailableError} when there are none
   */
  check(): void {
    this.#expire();
    if (this.isLoaded) return;
    // A new error each time: it is thrown from where it is asked for.
    const known = this.#dropped ?? this.#failure?.error;
    if (known) throw unavailable(known.reasonCode, known.message);
    throw unavailable('NOT_INITIALIZED', 'The secrets are not loaded yet. Wait for initialize().');
  }

  /** Takes a failure, also one that was found elsewhere, such as a refused API key. */
  fail(error: SecretUnavailableError): void {
    this.#options.failed(error);
    if (this.#closed.signal.aborted) return;
    const isNews = this.#failure?.error.message !== error.message;
    this.#failure = { error, at: this.#options.clock.now() };
    this.#failures += 1;
    if (isNews) this.#options.emit({ type: 'secrets-refused', at: this.#options.clock.now(), error });
    if (error.reasonCode !== 'REVOKED') {
      this.#expire();
      return;
    }
    // An answer that is still under way was given before the key was refused.
    this.#limit.abort(error);
    this.#drop(error);
  }

  close(): void {
    this.#stopListening?.();
    this.#closed.abort(unavailable('CLIENT_CLOSED', 'The client is closed.'));
    this.#first.resolve();
    this.#revision = undefined;
    this.#options.vault.clear();
  }

  async #run(): Promise<void> {
    const { source, clock } = this.#options;
    const limit = new AbortController();
    this.#limit = limit;
    const late = unavailable('UNREADABLE', `The secrets of source ${source.kind} did not come in time.`);
    const cancel = clock.after(source.attemptTimeoutMs ?? ATTEMPT_TIMEOUT_MS, () => limit.abort(late));
    try {
      await this.#readOnce(AbortSignal.any([this.#closed.signal, limit.signal]));
    } catch (thrown) {
      const error = failureOf(thrown, source.kind);
      this.fail(error);
      throw error;
    } finally {
      cancel();
    }
  }

  async #readOnce(signal: AbortSignal): Promise<void> {
    const snapshot = await untilAborted(this.#options.source.read({ signal }), signal);
    if (snapshot.revision !== this.#revision) {
      const opening = snapshot.open().then((content) => this.#take(content, snapshot.revision, signal));
      await untilAborted(opening, signal);
    }
    this.#lastSuccess = momentOf(this.#options.clock);
    this.#failure = undefined;
    this.#failures = 0;
    this.#dropped = undefined;
  }

  #take({ secrets, expiresAt = Infinity }: SecretsContent, revision: string, signal: AbortSignal): void {
    let changes: SecretChanges;
    try {
      signal.throwIfAborted();
      changes = this.#options.vault.exchange(secrets);
    } catch (error) {
      for (const bytes of secrets.values()) bytes.fill(0);
      throw error;
    }
    const isFirst = !this.isLoaded;
    this.#revision = revision;
    this.#expiresAt = expiresAt;
    this.#options.changed();
    if (!isFirst) this.#tell(changes);
  }

  #tell({ added, rotated, removed }: SecretChanges): void {
    const at = this.#options.clock.now();
    const { emit } = this.#options;
    for (const name of rotated) emit({ type: 'secret-rotated', at, name });
    for (const name of added) emit({ type: 'secret-added', at, name });
    for (const name of removed) emit({ type: 'secret-removed', at, name });
  }

  #expire(): void {
    if (!this.isLoaded) return;
    if (this.#options.clock.now() >= this.#expiresAt) {
      this.#drop(
        unavailable('EXPIRED', 'The secrets were good up to a time that is over, and no newer ones have come.'),
      );
      return;
    }
    const { clock, ttlMs } = this.#options;
    if (!this.#failure || !this.#lastSuccess) return;
    if (since(this.#lastSuccess, momentOf(clock)) <= ttlMs) return;
    const { message } = this.#failure.error;
    this.#drop(unavailable('EXPIRED', `The secrets could not be read for longer than secretTtl. ${message}`));
  }

  #drop(error: SecretUnavailableError): void {
    this.#dropped = error;
    if (!this.isLoaded) return;
    this.#revision = undefined;
    this.#options.vault.clear();
    this.#options.emit({ type: 'secrets-dropped', at: this.#options.clock.now(), error });
  }
}
