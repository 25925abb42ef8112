import type { Bytes } from '../bundle/bytes.ts';
import { concatBytes, sha256, utf8 } from '../bundle/bytes.ts';
import type { OpenedSecrets } from '../bundle/sealed-secrets.ts';
import { MAX_ENVELOPE_BYTES, openSecrets } from '../bundle/sealed-secrets.ts';
import { MAX_SECRET_BYTES } from '../bundle/secret-entries.ts';
import { BundleRefusedError, ControlZeroError, PolicyUnavailableError } from '../errors.ts';
import { SecretUnavailableError } from '../secrets/secret-errors.ts';
import type { ReadSecretsOptions, SecretsContent, SecretsSnapshot, SecretsSource } from '../secrets/secrets-source.ts';
import type { RecordPlace } from '../sources/record-cache.ts';
import type { Clock } from '../sync/clock.ts';
import type { Credentials, Moment } from './credentials.ts';
import type { Exchange, ExchangeAnswer } from './exchange.ts';
import { ROUTES } from './protocol.ts';

/** What hosted secrets are made of. */
export interface HostedSecretsOptions {
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly intervalMs: number;
  /** The secrets to ask for where the control plane has no envelope. */
  readonly names: readonly string[];
  /** Why the policy could not be had a moment ago, when it could not: the secrets could not either. */
  readonly unanswered: () => PolicyUnavailableError | undefined;
  /** Which policy is in force. */
  readonly active: () => RecordPlace | undefined;
  /** Lends the keys of the policy in force, and those that have taken over when they do not fit. */
  readonly withKeys: <Result>(moment: Moment, use: (keys: Credentials) => Promise<Result>) => Promise<Result>;
  readonly onKeyRefused: (listener: (error: PolicyUnavailableError) => void) => () => void;
}

interface NamedValue {
  readonly name: string;
  readonly value: Bytes;
}

const ATTEMPT_TIMEOUT_MS = 20_000;
// JSON may escape each character with six.
const MAX_VALUE_BYTES = 6 * MAX_SECRET_BYTES + 1024;
const SALT_BYTES = 32;
const DIGITS = 16;
const NOT_FOR_THIS_KEY: ReadonlySet<number | undefined> = new Set([403, 404]);

function unavailable(error: unknown): unknown {
  if (!(error instanceof ControlZeroError) || error instanceof SecretUnavailableError) return error;
  const { message } = error;
  if (error instanceof BundleRefusedError)
    return new SecretUnavailableError({ reasonCode: 'INVALID', message: `The secrets were refused. ${message}` });
  const isRefused = error instanceof PolicyUnavailableError && error.kind === 'auth';
  return new SecretUnavailableError({ reasonCode: isRefused ? 'REVOKED' : 'UNREADABLE', message });
}

function isStatus(error: unknown, statuses: ReadonlySet<number | undefined>): boolean {
  return error instanceof PolicyUnavailableError && statuses.has(error.httpStatus);
}

function readValue(body: Bytes): Bytes {
  try {
    const { value } = JSON.parse(new TextDecoder().decode(body)) as { readonly value?: unknown };
    if (typeof value === 'string') return utf8(value);
  } catch {
    // What the engine says about broken JSON quotes it.
  }
  throw new SecretUnavailableError({ reasonCode: 'INVALID', message: 'The control plane sent no value of a secret.' });
}

/**
 * The secrets of a control plane: all of them in one sealed envelope, or, where there is no such route,
 * one by one as older control planes hand them out. Nothing is ever written to a disk.
 */
export class HostedSecrets implements SecretsSource {
  readonly kind: string = 'hosted';
  readonly attemptTimeoutMs: number = ATTEMPT_TIMEOUT_MS;
  readonly refreshIntervalMs: number;
  readonly #options: HostedSecretsOptions;
  readonly #salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  #version = 0;
  #unopened: readonly NamedValue[] = [];

  constructor(options: HostedSecretsOptions) {
    this.#options = options;
    this.refreshIntervalMs = options.intervalMs;
  }

  /** The version that was opened last; 0 before the first one. */
  get version(): number {
    return this.#version;
  }

  /** @throws {SecretUnavailableError} */
  async read({ signal }: ReadSecretsOptions): Promise<SecretsSnapshot> {
    try {
      const fault = this.#options.unanswered();
      // A control plane in trouble is not asked twice.
      if (fault) throw fault;
      const envelope = await this.#fetchEnvelope(signal);
      return envelope ? await this.#snapshotOf(envelope, signal) : await this.#readOneByOne(signal);
    } catch (error) {
      throw unavailable(error);
    }
  }

  onRevoked(listener: (error: SecretUnavailableError) => void): () => void {
    return this.#options.onKeyRefused(({ message }) =>
      listener(new SecretUnavailableError({ reasonCode: 'REVOKED', message })),
    );
  }

  async #fetch(path: string, maxBytes: number, signal: AbortSignal): Promise<ExchangeAnswer> {
    return this.#options.exchange.send({ path, headers: { accept: '*/*' }, maxBytes, signal });
  }

  async #fetchEnvelope(signal: AbortSignal): Promise<Bytes | undefined> {
    try {
      return (await this.#fetch(ROUTES.secrets, MAX_ENVELOPE_BYTES, signal)).body;
    } catch (error) {
      // Who has sealed once is not believed to have forgotten how: values would come in less safety.
      if (this.#version > 0 || !isStatus(error, new Set([404]))) throw error;
      return undefined;
    }
  }

  async #snapshotOf(envelope: Bytes, signal: AbortSignal): Promise<SecretsSnapshot> {
    return {
      revision: (await sha256(envelope)).slice(0, DIGITS),
      open: async (): Promise<SecretsContent> => {
        try {
          const opened = await this.#open(envelope, signal);
          this.#version = opened.secretsVersion;
          return opened;
        } catch (error) {
          throw unavailable(error);
        }
      },
    };
  }

  async #open(envelope: Bytes, signal: AbortSignal): Promise<OpenedSecrets> {
    const { clock, active, withKeys } = this.#options;
    const now = clock.now();
    const place = active();
    return withKeys({ now, signal }, async ({ bootstrap, trust }) =>
      openSecrets(envelope, {
        trust,
        projectKey: bootstrap.projectKey,
        projectId: bootstrap.projectId,
        now,
        minSecretsVersion: this.#version,
        ...(place && { active: place }),
      }),
    );
  }

  async #readOneByOne(signal: AbortSignal): Promise<SecretsSnapshot> {
    const { names } = this.#options;
    if (names.length === 0) {
      throw new SecretUnavailableError({
        reasonCode: 'UNREADABLE',
        message: 'This control plane hands out secrets one by one. Name those you need in the secrets option.',
      });
    }
    this.#wipeUnopened();
    const found = await Promise.allSettled(names.map(async (name) => this.#readOne(name, signal)));
    const secrets = found.flatMap((one) => (one.status === 'fulfilled' && one.value ? [one.value] : []));
    this.#unopened = secrets;
    const failed = found.find((one) => one.status === 'rejected');
    if (failed) {
      this.#wipeUnopened();
      throw failed.reason;
    }
    return {
      revision: await this.#revisionOf(secrets),
      open: async () => {
        this.#unopened = [];
        return { secrets: new Map(secrets.map(({ name, value }) => [name, value])) };
      },
    };
  }

  // Values that nobody took over: they were known already, or came with a failure.
  #wipeUnopened(): void {
    for (const { value } of this.#unopened) value.fill(0);
    this.#unopened = [];
  }

  // A secret that is gone, or that this key may not read any more, is one that there is not.
  async #readOne(name: string, signal: AbortSignal): Promise<NamedValue | undefined> {
    const path = `${ROUTES.secret}/${encodeURIComponent(name)}`;
    try {
      const { body } = await this.#fetch(path, MAX_VALUE_BYTES, signal);
      const value = readValue(body);
      body.fill(0);
      return { name, value };
    } catch (error) {
      if (isStatus(error, NOT_FOR_THIS_KEY)) return undefined;
      throw error;
    }
  }

  // Salted, because a revision is shown: nobody must be able to try out values with it.
  async #revisionOf(secrets: readonly NamedValue[]): Promise<string> {
    const parts = secrets.flatMap(({ name, value }) => [utf8(`${name}:${value.length}:`), value]);
    const joined = concatBytes(this.#salt, ...parts);
    const revision = (await sha256(joined)).slice(0, DIGITS);
    joined.fill(0);
    return revision;
  }
}
