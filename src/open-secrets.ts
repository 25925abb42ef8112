import type { ResolvedOptions } from './options.ts';
import { resolveSecretsSource } from './resolve-secrets-source.ts';
import type { SecretsGate } from './secrets/read-secret.ts';
import { readSecret } from './secrets/read-secret.ts';
import { redactError } from './secrets/redact-error.ts';
import { Redactor } from './secrets/redactor.ts';
import type { SecretEvent } from './secrets/secret-event.ts';
import { SecretValue } from './secrets/secret-value.ts';
import { SecretsKeeper } from './secrets/secrets-keeper.ts';
import { Vault } from './secrets/vault.ts';

const ATTEMPT_TIMEOUT_MS = 5000;

/** What a client does with secrets, and with texts that may hold one. */
export interface OpenedSecrets {
  /** Undefined when secrets are not enabled: only texts are redacted then. */
  readonly keeper: SecretsKeeper | undefined;
  /** Milliseconds after which reading again makes sense; 0 = never. */
  readonly refreshIntervalMs: number;
  get(name: string): string;
  redact(text: string): string;
  redactIn<Value>(value: Value): Value;
  close(): void;
}

/** What secrets are opened with. */
export interface OpenSecretsOptions {
  readonly options: ResolvedOptions;
  readonly gate: SecretsGate;
  readonly emit: (event: SecretEvent) => void;
}

/**
 * Opens what a client needs for its secrets, and to keep them and its API key out of every text.
 * Nothing is read yet.
 */
export async function openSecrets({ options, gate, emit }: OpenSecretsOptions): Promise<OpenedSecrets> {
  const { apiKey, secretsEnabled, secretTtlMs } = options;
  const vault = new Vault();
  const redactor = new Redactor();
  const keys = apiKey === undefined ? [] : [new SecretValue('[API key]', new TextEncoder().encode(apiKey))];
  redactor.learn(keys);
  const redact = (text: string): string => redactor.redact(text);
  const redactIn = <Value>(value: Value): Value => redactError(value, redact);
  const source = secretsEnabled ? await resolveSecretsSource(options) : undefined;
  const keeper =
    source &&
    new SecretsKeeper({
      source,
      vault,
      ttlMs: secretTtlMs,
      attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
      changed: () => redactor.learn([...keys, ...vault.values()]),
      failed: redactIn,
      emit,
    });
  return {
    keeper,
    refreshIntervalMs: source?.refreshIntervalMs ?? 0,
    get: (name) => {
      try {
        keeper?.check();
        return readSecret(name, { gate, reveal: (known) => vault.reveal(known) });
      } catch (error) {
        // Whoever confuses a name with a value finds neither in the message.
        throw redactIn(error);
      }
    },
    redact,
    redactIn,
    close: () => keeper?.close(),
  };
}
