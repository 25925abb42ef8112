import { ControlZeroError, nameErrors } from '../errors.ts';

/**
 * Why there are no secrets.
 *
 * - `SECRETS_DISABLED`: `secretsEnabled` is not set.
 * - `NOT_INITIALIZED`: `initialize()` was not called, or has not come to an end.
 * - `NO_POLICY`: no policy is active, so nobody knows who may read.
 * - `UNREADABLE`: the source cannot be read at present.
 * - `INVALID`: what was read is damaged, or was changed by somebody without the key.
 * - `WRONG_KEY`: it is sealed with another key.
 * - `REVOKED`: the control plane refuses the API key. All values were dropped.
 * - `EXPIRED`: the source could not be read for longer than `secretTtl`. All values were dropped.
 * - `CLIENT_CLOSED`: `close()` was called.
 */
export type SecretReasonCode =
  | 'SECRETS_DISABLED'
  | 'NOT_INITIALIZED'
  | 'NO_POLICY'
  | 'UNREADABLE'
  | 'INVALID'
  | 'WRONG_KEY'
  | 'REVOKED'
  | 'EXPIRED'
  | 'CLIENT_CLOSED';

/** What a {@link SecretUnavailableError} is built from. */
export interface SecretUnavailableErrorOptions {
  readonly reasonCode: SecretReasonCode;
  /** What happened and what to do next, one line. Never a value, never foreign text that may hold one. */
  readonly message: string;
}

/**
 * Thrown when secrets cannot be read at all, whatever the name: they are not enabled, not loaded, or
 * were dropped. `reasonCode` says which. It carries no cause: what lies beneath may hold a value.
 *
 * @example
 * ```ts
 * import { SecretUnavailableError } from '@controlzero/sdk';
 *
 * export const isRevoked = (error: unknown): boolean =>
 *   error instanceof SecretUnavailableError && error.reasonCode === 'REVOKED';
 * ```
 */
export class SecretUnavailableError extends ControlZeroError {
  static override readonly brand: string = 'SecretUnavailableError';
  declare readonly code: 'ERR_CZ_SECRET_UNAVAILABLE';
  /** HTTP status that fits: the service cannot answer at present. */
  readonly status = 503;
  readonly reasonCode: SecretReasonCode;

  constructor({ reasonCode, message }: SecretUnavailableErrorOptions) {
    super({ code: 'ERR_CZ_SECRET_UNAVAILABLE', message });
    this.reasonCode = reasonCode;
  }

  override toJSON(): Record<string, unknown> {
    const { status, reasonCode } = this;
    return { ...super.toJSON(), status, reasonCode };
  }
}

nameErrors(SecretUnavailableError, 'SecretUnavailableError');

/**
 * Thrown when there is no secret of that name for the caller: nobody stored one, or the policy denies
 * `secret.read` on it. Both look alike, so that names cannot be tried out; the decision event says
 * which it was.
 *
 * @example
 * ```ts
 * import type { ControlZero } from '@controlzero/sdk';
 * import { SecretNotFoundError } from '@controlzero/sdk';
 *
 * export function findSecret(cz: ControlZero, name: string): string | undefined {
 *   try {
 *     return cz.getSecret(name);
 *   } catch (error) {
 *     if (error instanceof SecretNotFoundError) return undefined;
 *     throw error;
 *   }
 * }
 * ```
 */
export class SecretNotFoundError extends ControlZeroError {
  static override readonly brand: string = 'SecretNotFoundError';
  declare readonly code: 'ERR_CZ_SECRET_NOT_FOUND';
  /** HTTP status that fits. */
  readonly status = 404;

  constructor(message: string) {
    super({ code: 'ERR_CZ_SECRET_NOT_FOUND', message });
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), status: this.status };
  }
}

nameErrors(SecretNotFoundError, 'SecretNotFoundError');

/** The error for a client that has no secrets open. */
export function secretsNotOpen(isEnabled: boolean, isClosed: boolean): SecretUnavailableError {
  if (isClosed) {
    return new SecretUnavailableError({
      reasonCode: 'CLIENT_CLOSED',
      message: 'The client is closed; make a new one.',
    });
  }
  return isEnabled
    ? new SecretUnavailableError({ reasonCode: 'NOT_INITIALIZED', message: 'Wait for initialize() first.' })
    : new SecretUnavailableError({
        reasonCode: 'SECRETS_DISABLED',
        message: 'Set secretsEnabled: true or CONTROLZERO_SECRETS_ENABLED=true.',
      });
}
