import type { ResolvedOptions } from './options.ts';
import { resolveSecretsSource } from './resolve-secrets-source.ts';
import type { SecretsGate } from './secrets/read-secret.ts';
import { readSecret } from './secrets/read-secret.ts';
import { redactError } from './secrets/redact-error.ts';
import { Redactor } from './secrets/redactor.ts';
import { secretsNotOpen } from './secrets/secret-errors.ts';
import type { SecretEvent, SecretsStatus } from './secrets/secret-event.ts';
import { SecretValue } from './secrets/secret-value.ts';
import { SecretsKeeper } from './secrets/secrets-keeper.ts';
import type { SecretsSource } from './secrets/secrets-source.ts';
import { Vault } from './secrets/vault.ts';
import type { PolicySource } from './sources/source.ts';
import type { Clock } from './sync/clock.ts';

/** What a client does with secrets, and with texts that may hold one. */
export interface OpenedSecrets {
  readonly isReady: boolean;
  readonly status: SecretsStatus | null;
  connect(policySource: PolicySource): Promise<void>;
  shorten(intervalMs: number): number;
  get(name: string): string;
  begin(): void;
  retry(): void;
  latest(): Promise<void>;
  redact(text: string): string;
  redactIn<Value>(value: Value): Value;
  close(): void;
}

/** What secrets are opened with. */
export interface OpenSecretsOptions {
  readonly options: ResolvedOptions;
  readonly gate: SecretsGate;
  /** Whether a policy decides at the moment. */
  readonly isUsable: () => boolean;
  readonly clock: Clock;
  readonly emit: (event: SecretEvent) => void;
}

class Secrets implements OpenedSecrets {
  readonly #options: OpenSecretsOptions;
  readonly #vault = new Vault();
  readonly #redactor = new Redactor();
  readonly #keys: readonly SecretValue[];
  #source: SecretsSource | undefined;
  #keeper: SecretsKeeper | undefined;

  constructor(options: OpenSecretsOptions) {
    this.#options = options;
    const { apiKey } = options.options;
    this.#keys = apiKey === undefined ? [] : [new SecretValue('[API key]', new TextEncoder().encode(apiKey))];
    this.#redactor.learn(this.#keys);
  }

  get isReady(): boolean {
    return this.#keeper?.isLoaded ?? true;
  }

  get status(): SecretsStatus | null {
    return this.#keeper?.status ?? null;
  }

  async connect(policySource: PolicySource): Promise<void> {
    const { options, clock, emit } = this.#options;
    if (!options.secretsEnabled || this.#keeper) return;
    const source = await resolveSecretsSource(options, policySource);
    this.#source = source;
    this.#keeper = new SecretsKeeper({
      source,
      vault: this.#vault,
      ttlMs: options.secretTtlMs,
      clock,
      changed: () => this.#redactor.learn([...this.#keys, ...this.#vault.values()]),
      failed: (error) => this.redactIn(error),
      emit,
    });
  }

  shorten(intervalMs: number): number {
    const intervals = [intervalMs, this.#source?.refreshIntervalMs ?? 0].filter((each) => each > 0);
    return intervals.length > 0 ? Math.min(...intervals) : 0;
  }

  get(name: string): string {
    const { gate, isUsable, options } = this.#options;
    try {
      this.#keeper?.check();
      return readSecret(name, {
        gate,
        hasPolicy: options.failOpen || isUsable(),
        isShadow: options.mode === 'shadow',
        reveal: (known) => this.#reveal(known),
      });
    } catch (error) {
      // Whoever confuses a name with a value finds neither in the message.
      throw this.redactIn(error);
    }
  }

  #reveal(name: string): string | undefined {
    // Without a policy source there is none of secrets either.
    if (!this.#keeper) throw secretsNotOpen(true, false);
    return this.#vault.reveal(name);
  }

  begin(): void {
    this.#keeper?.begin();
  }

  retry(): void {
    this.#keeper?.retry();
  }

  async latest(): Promise<void> {
    await this.#keeper?.latest();
  }

  redact(text: string): string {
    return this.#redactor.redact(text);
  }

  redactIn<Value>(value: Value): Value {
    return redactError(value, (text) => this.#redactor.redact(text));
  }

  close(): void {
    this.#keeper?.close();
  }
}

/**
 * Opens what a client needs for its secrets, and to keep them and its API key out of every text.
 * Nothing is read yet.
 */
export function openSecrets(options: OpenSecretsOptions): OpenedSecrets {
  return new Secrets(options);
}
