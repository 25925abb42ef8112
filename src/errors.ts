import type { BundleRefusalKind, SyncFailureKind } from './failure-kind.ts';
import type { Decision } from './policy/decision.ts';
import { printable } from './policy/printable.ts';
import type { PolicyProblem } from './policy/problem.ts';
import { formatProblem } from './policy/problem.ts';

const BRANDS: unique symbol = Symbol.for('controlzero.error.brands') as never;
const RETRYABLE: unique symbol = Symbol.for('langchain.errors.retryable') as never;

type ErrorClass = abstract new (...parameters: never[]) => Error;

/** The stable string in `error.code`. It is part of the API; messages are not. */
export type ControlZeroErrorCode =
  | 'ERR_CZ_POLICY_DENIED'
  | 'ERR_CZ_POLICY_UNAVAILABLE'
  | 'ERR_CZ_POLICY_INVALID'
  | 'ERR_CZ_BUNDLE_REFUSED'
  | 'ERR_CZ_CONFIGURATION'
  | 'ERR_CZ_BYPASS_DETECTED'
  | 'ERR_CZ_SECRET_UNAVAILABLE'
  | 'ERR_CZ_SECRET_NOT_FOUND';

/** What every error of this package is built from. */
export interface ControlZeroErrorOptions {
  /** One line that is safe to log. */
  readonly message: string;
  /** The stable code. */
  readonly code: ControlZeroErrorCode;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

function brandsOf(value: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  const brands: unknown = Reflect.get(value, BRANDS);
  return Array.isArray(brands) ? brands : [];
}

// Only our own classes carry a static brand of their own. A class that a user derives from one of
// them inherits Symbol.hasInstance, and must not claim every error of its parent.
function isBranded(errorClass: ErrorClass, value: unknown): boolean {
  const brand: unknown = Object.getOwnPropertyDescriptor(errorClass, 'brand')?.value;
  if (typeof brand === 'string') return brandsOf(value).includes(brand);
  return Function.prototype[Symbol.hasInstance].call(errorClass, value);
}

/**
 * The base of every error this package throws.
 *
 * `instanceof` looks at a brand in the global symbol registry, so it holds across two copies of the
 * package in one process, and for errors that an adapter had to rebase on a class of its framework.
 *
 * @example
 * ```ts
 * import { ControlZeroError } from '@controlzero/sdk';
 *
 * export function codeOf(error: unknown): string | undefined {
 *   return error instanceof ControlZeroError ? error.code : undefined;
 * }
 * ```
 */
export class ControlZeroError extends Error {
  /** Name of the brand that `instanceof` and `isInstance` look for. */
  static readonly brand: string = 'ControlZeroError';
  /** The stable code: switch on it rather than on the message. */
  readonly code: ControlZeroErrorCode;

  constructor(options: ControlZeroErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    // Only a class that a user derived has none of its own yet.
    if (!Object.hasOwn(new.target.prototype, BRANDS)) brandClass(new.target);
  }

  /** Whether a value is an error of this class, whichever copy of the package made it. */
  static isInstance(value: unknown): boolean {
    return isBranded(this, value);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isBranded(this, value);
  }

  /** A stable, JSON-safe form: name, code and message. */
  toJSON(): Record<string, unknown> {
    return { name: this.name, code: this.code, message: this.message };
  }
}

function brandChain(errorClass: unknown): readonly string[] {
  const brands: string[] = [];
  for (let at = errorClass; typeof at === 'function'; at = Object.getPrototypeOf(at)) {
    const brand: unknown = Object.getOwnPropertyDescriptor(at, 'brand')?.value;
    if (typeof brand === 'string') brands.push(brand);
  }
  return brands;
}

// On the prototype, because every property that is defined on an error costs as much as a few decisions.
// Configurable, because an adapter may lay several of our prototypes into one.
function brandClass(errorClass: ErrorClass): void {
  Reflect.defineProperty(errorClass.prototype as object, BRANDS, { value: brandChain(errorClass), configurable: true });
}

/** Gives the errors of one of our classes their name and their brand. */
export function nameErrors(errorClass: ErrorClass, name: string): void {
  // A literal, because minifiers rename classes; not enumerable, as on the built-in errors.
  Object.defineProperty(errorClass.prototype, 'name', { value: name, configurable: true, writable: true });
  brandClass(errorClass);
}

// LangChain's retry layers look for this symbol: neither a denial nor a missing policy gets better by asking again.
function forbidRetry(errorClass: ErrorClass): void {
  Object.defineProperty(errorClass.prototype, RETRYABLE, { value: false, configurable: true });
}

brandClass(ControlZeroError);

/** The request as an error shows it: what was asked for and by whom, never the rest of the context. */
export interface RefusedRequest {
  readonly action: string;
  readonly resource: string;
  /** The agent that asked, when the context named one. */
  readonly agentId?: string;
}

/** What a {@link PolicyDeniedError} is built from. */
export interface PolicyDeniedErrorOptions {
  readonly request: RefusedRequest;
  readonly decision: Decision;
  /** Computes the models this agent may use; called at most once, when `alternatives` is read. */
  readonly alternatives?: () => readonly string[];
}

function describeRequest(request: RefusedRequest): string {
  const agent = request.agentId === undefined ? '' : ` for agent ${printable(request.agentId)}`;
  return `${printable(request.action)} on ${printable(request.resource)}${agent}`;
}

// The reason of a rule is for operators. The reason of an unjudgeable request is our own, and the caller needs it.
function deniedMessage({ request, decision }: PolicyDeniedErrorOptions): string {
  const denied = `Policy denied ${describeRequest(request)}`;
  if (decision.reasonCode === 'INVALID_REQUEST') return `${denied}: ${decision.reason} Nothing was sent.`;
  if (!request.resource.startsWith('model/')) return `${denied}. Nothing was done.`;
  return `${denied}. Nothing was sent; error.alternatives lists what this agent may use.`;
}

// Where an error keeps what lists its alternatives: a property, because those are asked for by a Proxy as well.
const LISTING: unique symbol = Symbol('alternatives');

// One for all errors, so that they are all of one shape.
const ALTERNATIVES: PropertyDescriptor = {
  enumerable: true,
  get(this: { readonly [LISTING]: () => readonly string[] }) {
    return this[LISTING]();
  },
};

function once(list: () => readonly string[] = () => []): () => readonly string[] {
  let listed: readonly string[] | undefined;
  return () => (listed ??= list());
}

/**
 * Thrown when the policy denies a call. Nothing was sent.
 *
 * The message is one line that may be shown to an end user or to a model: action, model and agent;
 * no rule text, no prompt. `status` is 403, so retry layers and web frameworks treat it as final.
 *
 * @example
 * ```ts
 * import { PolicyDeniedError } from '@controlzero/sdk';
 *
 * export function modelsToOffer(error: unknown): readonly string[] {
 *   if (error instanceof PolicyDeniedError) return error.alternatives;
 *   throw error;
 * }
 * ```
 */
export class PolicyDeniedError extends ControlZeroError {
  static override readonly brand: string = 'PolicyDeniedError';
  declare readonly code: 'ERR_CZ_POLICY_DENIED';
  /** HTTP status that fits a denial. */
  readonly status = 403;
  /** Why: effect, reason code, policy, rule and revision. */
  readonly decision: Decision;
  /** What was asked for. */
  readonly request: RefusedRequest;
  /** Models this agent may use for the same action: those the policy names literally, at most 20. */
  declare readonly alternatives: readonly string[];

  constructor(options: PolicyDeniedErrorOptions) {
    super({
      code: 'ERR_CZ_POLICY_DENIED',
      message: deniedMessage(options),
    });
    this.decision = options.decision;
    this.request = options.request;
    Object.defineProperty(this, LISTING, { value: once(options.alternatives) });
    Object.defineProperty(this, 'alternatives', ALTERNATIVES);
  }

  override toJSON(): Record<string, unknown> {
    const { status, decision, request, alternatives } = this;
    return { ...super.toJSON(), status, decision, request, alternatives };
  }
}

nameErrors(PolicyDeniedError, 'PolicyDeniedError');
forbidRetry(PolicyDeniedError);

const UNAVAILABLE_DETAILS = ['decision', 'request', 'kind', 'httpStatus', 'retryAfterMs'] as const;

/** What a {@link PolicyUnavailableError} is built from. */
export interface PolicyUnavailableErrorOptions {
  /** What happened and what to do next, one line. */
  readonly message: string;
  readonly cause?: unknown;
  /** Set when a call was refused for lack of a policy. */
  readonly decision?: Decision;
  readonly request?: RefusedRequest;
  /** Set when a source failed: how. */
  readonly kind?: SyncFailureKind;
  /** Set when the control plane answered with an error. */
  readonly httpStatus?: number;
  /** Set when the control plane said when to come back. */
  readonly retryAfterMs?: number;
}

/**
 * Thrown when no decision could be made, because there is no active policy: none was configured, the
 * source could not be read, or the client was closed; or because it has to be recorded and cannot be. Fails closed: nothing was sent. It is not a
 * {@link PolicyDeniedError}, so that "the policy says no" and "nobody could ask" stay apart.
 *
 * @example
 * ```ts
 * import { PolicyUnavailableError } from '@controlzero/sdk';
 *
 * export const isOutage = (error: unknown): boolean => error instanceof PolicyUnavailableError;
 * ```
 */
export class PolicyUnavailableError extends ControlZeroError {
  static override readonly brand: string = 'PolicyUnavailableError';
  declare readonly code: 'ERR_CZ_POLICY_UNAVAILABLE';
  /** HTTP status that fits: the service cannot answer at present. */
  readonly status = 503;
  declare readonly decision?: Decision;
  declare readonly request?: RefusedRequest;
  /** How the source failed, when that is why. */
  declare readonly kind?: SyncFailureKind;
  /** The status the control plane answered with, when that is why. */
  declare readonly httpStatus?: number;
  /** Milliseconds after which the control plane wants to be asked again. */
  declare readonly retryAfterMs?: number;

  constructor(options: PolicyUnavailableErrorOptions) {
    super({ ...options, code: 'ERR_CZ_POLICY_UNAVAILABLE' });
    for (const key of UNAVAILABLE_DETAILS) {
      if (options[key] !== undefined) Object.defineProperty(this, key, { value: options[key], enumerable: true });
    }
  }

  override toJSON(): Record<string, unknown> {
    const details = UNAVAILABLE_DETAILS.filter((key) => this[key] !== undefined).map((key) => [key, this[key]]);
    return { ...super.toJSON(), status: this.status, ...Object.fromEntries(details) };
  }
}

nameErrors(PolicyUnavailableError, 'PolicyUnavailableError');
forbidRetry(PolicyUnavailableError);

/** Says which call could not be decided, and why. */
export function unavailableForCall(
  decision: Decision,
  request: RefusedRequest,
  cause?: unknown,
): PolicyUnavailableError {
  const message = `No decision for ${describeRequest(request)}: ${decision.reason} Nothing was sent.`;
  return new PolicyUnavailableError({ message, decision, request, cause });
}

const MOST_LISTED = 50;

/** What a {@link PolicyInvalidError} is built from. */
export interface PolicyInvalidErrorOptions {
  /** Every problem of the document; at least one. */
  readonly problems: readonly PolicyProblem[];
  /** Where the document came from: a file name, or "the policy option". */
  readonly origin: string;
  readonly cause?: unknown;
}

/**
 * Thrown when a policy document is not valid. A document is taken whole or refused whole: `problems`
 * lists everything that is wrong with it, and the last good policy stays active.
 *
 * @example
 * ```ts
 * import type { PolicyDocument } from '@controlzero/sdk';
 * import { PolicyInvalidError, init } from '@controlzero/sdk';
 *
 * export async function check(document: PolicyDocument): Promise<void> {
 *   await init({ policy: document }).catch((error: unknown) => {
 *     if (!(error instanceof PolicyInvalidError)) throw error;
 *     for (const { path, message } of error.problems) process.stderr.write(`${path}: ${message}\n`);
 *   });
 * }
 * ```
 */
export class PolicyInvalidError extends ControlZeroError {
  static override readonly brand: string = 'PolicyInvalidError';
  declare readonly code: 'ERR_CZ_POLICY_INVALID';
  /** Every problem, in the order of the document. */
  readonly problems: readonly PolicyProblem[];
  /** Where the document came from. */
  readonly origin: string;

  constructor(options: PolicyInvalidErrorOptions) {
    const count = options.problems.length;
    const lines = options.problems.slice(0, MOST_LISTED).map((problem) => `  ${formatProblem(problem)}`);
    if (count > MOST_LISTED) lines.push(`  and ${count - MOST_LISTED} more in error.problems`);
    super({
      code: 'ERR_CZ_POLICY_INVALID',
      message: `Policy from ${options.origin} has ${count} ${count === 1 ? 'problem' : 'problems'}:\n${lines.join('\n')}`,
      cause: options.cause,
    });
    this.problems = options.problems;
    this.origin = options.origin;
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), origin: this.origin, problems: this.problems };
  }
}

nameErrors(PolicyInvalidError, 'PolicyInvalidError');

/**
 * Thrown when a policy bundle, a key rotation or a secrets envelope of the control plane is refused.
 * It is taken whole or refused whole; what was active before stays active. The message holds no rule,
 * no secret and no key.
 *
 * @example
 * ```ts
 * import { BundleRefusedError } from '@controlzero/sdk';
 *
 * export const isAttackOrMixUp = (error: unknown): boolean =>
 *   error instanceof BundleRefusedError && ['signature', 'wrong_project', 'rollback', 'equivocation'].includes(error.kind);
 * ```
 */
export class BundleRefusedError extends ControlZeroError {
  static override readonly brand: string = 'BundleRefusedError';
  declare readonly code: 'ERR_CZ_BUNDLE_REFUSED';
  /** Why, as a stable word. */
  readonly kind: BundleRefusalKind;

  constructor(kind: BundleRefusalKind, message: string, cause?: unknown) {
    super({ code: 'ERR_CZ_BUNDLE_REFUSED', message, cause });
    this.kind = kind;
  }

  override toJSON(): Record<string, unknown> {
    return { ...super.toJSON(), kind: this.kind };
  }
}

nameErrors(BundleRefusedError, 'BundleRefusedError');
forbidRetry(BundleRefusedError);

/**
 * Thrown when an option, an environment variable or the runtime does not allow what was asked for.
 * The message names the option and what is accepted.
 */
export class ConfigurationError extends ControlZeroError {
  static override readonly brand: string = 'ConfigurationError';
  declare readonly code: 'ERR_CZ_CONFIGURATION';

  constructor(message: string, cause?: unknown) {
    super({ code: 'ERR_CZ_CONFIGURATION', message, cause });
  }
}

nameErrors(ConfigurationError, 'ConfigurationError');

/** The text of anything that was thrown, for a log line. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
