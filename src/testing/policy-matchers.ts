import type { ControlZero } from '../client.ts';
import type { PolicyRequest } from '../policy/types.ts';

/** What a matcher says. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** The matchers, for the `expect` of vitest or jest. */
export interface PolicyMatchers<Result = unknown> {
  /** The request is allowed. */
  toAllow(request: PolicyRequest): Result;
  /** The request is denied; with a second argument, by that rule. */
  toDeny(request: PolicyRequest, rule?: string | number): Result;
}

function describe(cz: ControlZero, request: PolicyRequest): string {
  const { decision } = cz.explain(request);
  const { effect, reasonCode, policy, rule } = decision;
  const by = rule === null ? reasonCode : `rule ${JSON.stringify(rule)} of policy ${JSON.stringify(policy)}`;
  return `${request.action} on ${request.resource} ${JSON.stringify(request.context ?? {})} is: ${effect}, by ${by}`;
}

/**
 * Matchers about decisions, for `expect.extend()` of vitest or jest. They record no event.
 *
 * How a test runner learns their types, once in a setup file, is in docs/testing-policies.md.
 *
 * @example
 * ```ts
 * import { createTestControlZero, policyMatchers } from '@controlzero/sdk/testing';
 *
 * // expect.extend(policyMatchers);
 * const { cz } = await createTestControlZero({ rules: [] });
 * console.log(policyMatchers.toDeny(cz, { action: 'llm.generate', resource: 'model/gpt-4' }).pass); // true
 * ```
 */
export const policyMatchers: {
  toAllow(received: ControlZero, request: PolicyRequest): MatcherResult;
  toDeny(received: ControlZero, request: PolicyRequest, rule?: string | number): MatcherResult;
} = {
  toAllow: (received, request) => ({
    pass: received.explain(request).decision.allowed,
    message: () => describe(received, request),
  }),
  toDeny: (received, request, rule) => {
    const { decision } = received.explain(request);
    const isRule = rule === undefined || decision.rule === rule;
    return { pass: !decision.allowed && isRule, message: () => describe(received, request) };
  },
};
