import { isSecretName } from '../bundle/secret-entries.ts';
import { PolicyDeniedError } from '../errors.ts';
import type { Decision } from '../policy/decision.ts';
import { printable } from '../policy/printable.ts';
import type { PolicyRequest } from '../policy/types.ts';
import { SecretNotFoundError, SecretUnavailableError } from './secret-errors.ts';
import { SECRET_NAME_RULE } from './vault.ts';

const SECRET_READ = 'secret.read';
const SECRET_LIST = 'secret.list';

/** What the policy says about secrets. A client is one. */
export interface SecretsGate {
  policyNames(action: string): boolean;
  /** Decides, and records one event. */
  evaluate(request: PolicyRequest): Decision;
  /** Decides, and records nothing. */
  explain(request: PolicyRequest): { readonly decision: Decision };
}

function notFound(name: string): SecretNotFoundError {
  const shown = printable(name);
  return new SecretNotFoundError(
    `No secret ${shown} for this caller: none has that name, or the policy denies ${SECRET_READ} on secret/${shown}.`,
  );
}

// Who may list names learns nothing from being told the truth.
function mayList(gate: SecretsGate, resource: string): boolean {
  return gate.policyNames(SECRET_LIST) && gate.explain({ action: SECRET_LIST, resource }).decision.allowed;
}

/** How one secret is read. */
export interface ReadSecretOptions {
  readonly gate: SecretsGate;
  /** Whether a policy decides, or nothing is to wait for one. */
  readonly hasPolicy: boolean;
  /** Whether denials are told, and not enforced. */
  readonly isShadow: boolean;
  readonly reveal: (name: string) => string | undefined;
}

function isReadable(name: string, { gate, hasPolicy, isShadow }: ReadSecretOptions): boolean {
  if (!hasPolicy) {
    throw new SecretUnavailableError({
      reasonCode: 'NO_POLICY',
      message: 'No policy is active, so no secret is handed out. See status().lastError.',
    });
  }
  if (!gate.policyNames(SECRET_READ)) return true;
  // Hosted policies of today name the secret alone; a denial counts by either name.
  const request = { action: SECRET_READ, resource: `secret/${name}`, aliases: [name] };
  const decision = gate.evaluate(request);
  if (decision.allowed || isShadow) return true;
  if (mayList(gate, request.resource))
    throw new PolicyDeniedError({ request: { action: SECRET_READ, resource: request.resource }, decision });
  return false;
}

/**
 * Hands out the value of a secret, if the policy lets the caller read it.
 * @throws {SecretNotFoundError} `ERR_CZ_SECRET_NOT_FOUND` when there is none for this caller
 * @throws {PolicyDeniedError} `ERR_CZ_POLICY_DENIED` when reading is denied, and listing allowed
 */
export function readSecret(name: string, options: ReadSecretOptions): string {
  if (typeof name !== 'string' || !isSecretName(name))
    throw new SecretNotFoundError(`A name of a secret is ${SECRET_NAME_RULE}; this one is not.`);
  const value = isReadable(name, options) ? options.reveal(name) : undefined;
  // One place for both, so that not even the stack tells them apart.
  if (value === undefined) throw notFound(name);
  return value;
}
