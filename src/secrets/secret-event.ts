import type { SecretReasonCode, SecretUnavailableError } from './secret-errors.ts';

/** A change of the secrets. It holds names, never values. */
export type SecretEvent =
  | {
      /** The value of a secret is another one, a secret is new, or it is gone. */
      readonly type: 'secret-rotated' | 'secret-added' | 'secret-removed';
      /** Milliseconds since the epoch. */
      readonly at: number;
      readonly name: string;
    }
  | {
      /** `secrets-refused`: an attempt to read failed. `secrets-dropped`: all values are gone from memory. */
      readonly type: 'secrets-refused' | 'secrets-dropped';
      readonly at: number;
      readonly error: SecretUnavailableError;
    };

/** Where a client stands with its secrets: no names, no values. Times are milliseconds since the epoch. */
export interface SecretsStatus {
  /** Kind of the source: `vault-file`, `hosted`, or the `kind` of your own source. */
  readonly source: string;
  /** Number of secrets in memory. */
  readonly count: number;
  readonly revision: string | null;
  readonly lastSuccessAt: number | null;
  readonly lastError: { readonly reasonCode: SecretReasonCode; readonly message: string; readonly at: number } | null;
}
