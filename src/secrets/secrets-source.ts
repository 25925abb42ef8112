import type { SecretUnavailableError } from './secret-errors.ts';

/** All secrets of a source at one moment. */
export interface SecretsContent {
  /**
   * Names and values, each value as the bytes of a UTF-8 text in a buffer of its own. They belong to the
   * reader from then on, which fills them with zeros when they are no longer needed.
   */
  readonly secrets: ReadonlyMap<string, Uint8Array>;
  /** From then on the values must not be used. Milliseconds since the epoch. Default: no end. */
  readonly expiresAt?: number;
}

/** All secrets of a source at one moment, still closed. */
export interface SecretsSnapshot {
  /** Identifies the content: equal revisions mean equal secrets. */
  readonly revision: string;
  /** Opens it. Called only for a revision that is new to the reader. */
  open(): Promise<SecretsContent>;
}

/** How secrets are read. */
export interface ReadSecretsOptions {
  /** Aborted when the client is closed, the time for the attempt is over, or the right to read is gone. */
  readonly signal: AbortSignal;
}

/**
 * Where secrets come from.
 *
 * Like a `PolicySource` it only reads: everything at once, without a timer, without knowing what
 * became of the last answer. Reject with a `SecretUnavailableError`: its message is shown, and the
 * reason code `REVOKED` drops every value at once. Of any other error only name and code are shown,
 * because its text may hold a value; the last values then stay for `secretTtl`.
 *
 * @example
 * ```ts
 * import type { SecretsSource } from '@controlzero/sdk';
 *
 * export const fromEnvironment: SecretsSource = {
 *   kind: 'environment',
 *   refreshIntervalMs: 0,
 *   read: async () => ({
 *     revision: '1',
 *     open: async () => ({
 *       secrets: new Map([['openai', new TextEncoder().encode(process.env['OPENAI_API_KEY'])]]),
 *     }),
 *   }),
 * };
 * ```
 */
export interface SecretsSource {
  /** One word for status and messages: `vault-file`, `hosted`, ... */
  readonly kind: string;
  /** How often reading again makes sense, in milliseconds, unless the options say otherwise; 0 = never. */
  readonly refreshIntervalMs: number;
  /** Milliseconds that one attempt may take. Default: 5000. */
  readonly attemptTimeoutMs?: number;
  read(options: ReadSecretsOptions): Promise<SecretsSnapshot>;
  /** Calls back when the right to read was taken away, found elsewhere than in `read()`. The function that comes back ends it. */
  onRevoked?(listener: (error: SecretUnavailableError) => void): () => void;
}
