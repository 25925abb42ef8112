import type { Effect } from './types.ts';

/**
 * Why a decision came out as it did.
 *
 * - `RULE_MATCH`: a rule matched; `policy` and `rule` name it.
 * - `NO_RULE_MATCH`: no rule matched; the default applied.
 * - `NO_POLICY`: no policy is active.
 * - `POLICY_EXPIRED`: the active policy is past the time it may be used.
 * - `INVALID_REQUEST`: the request names no judgeable action, resource or model.
 * - `CLIENT_CLOSED`: `close()` was called.
 * - `AUDIT_UNAVAILABLE`: the decision has to be recorded, and cannot be.
 */
export type ReasonCode =
  | 'RULE_MATCH'
  | 'NO_RULE_MATCH'
  | 'NO_POLICY'
  | 'POLICY_EXPIRED'
  | 'INVALID_REQUEST'
  | 'CLIENT_CLOSED'
  | 'AUDIT_UNAVAILABLE';

const UNDECIDED: ReadonlySet<ReasonCode> = new Set([
  'NO_POLICY',
  'POLICY_EXPIRED',
  'CLIENT_CLOSED',
  'AUDIT_UNAVAILABLE',
]);

/**
 * Whether a denial says that there was nothing to decide by, rather than that the policy says no. Thrown, it
 * is a `PolicyUnavailableError`. Of a decision that allows it says nothing.
 *
 * @example
 * ```ts
 * import { ControlZero, isUndecided } from '@controlzero/sdk';
 *
 * const decision = new ControlZero().evaluate({ action: 'llm.generate', resource: 'model/gpt-4' });
 * console.log(isUndecided(decision)); // true
 * ```
 */
export function isUndecided({ reasonCode }: Pick<Decision, 'reasonCode'>): boolean {
  return UNDECIDED.has(reasonCode);
}

/** The answer to a request. Frozen, and shared by all requests that get the same answer. */
export interface Decision {
  /** False only for the effect `deny`. */
  readonly allowed: boolean;
  readonly effect: Effect;
  /** One sentence for people. It may hold the `reason` of the rule, so show it to operators. */
  readonly reason: string;
  readonly reasonCode: ReasonCode;
  /** Name of the policy that decided, or null. */
  readonly policy: string | null;
  /** Id of the rule that decided, or its index in the policy, or null. */
  readonly rule: string | number | null;
  /** Revision of the policy document, or null when none is active. */
  readonly revision: string | null;
  /** Present while the policy could not be refreshed for long: the answer may not be the newest. */
  readonly stale?: true;
}

/** The part of a decision that differs from a plain denial. */
export type DecisionParts = Pick<Decision, 'effect' | 'reason' | 'reasonCode'> & Partial<Decision>;

/** Builds the frozen decision for an outcome. */
export function createDecision(parts: DecisionParts): Decision {
  return Object.freeze({
    allowed: parts.effect !== 'deny',
    effect: parts.effect,
    reason: parts.reason,
    reasonCode: parts.reasonCode,
    policy: parts.policy ?? null,
    rule: parts.rule ?? null,
    revision: parts.revision ?? null,
  });
}
