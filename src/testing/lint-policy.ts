import type { LintKind } from '../engine/lint.ts';
import { lintRules } from '../engine/lint.ts';
import type { PolicyInput } from './load-policy.ts';
import { loadPolicy } from './load-policy.ts';

/** One thing in a policy that is valid and probably not meant. */
export interface LintFinding {
  readonly kind: LintKind;
  readonly message: string;
  readonly policy: string;
  readonly rule: string | number;
  /** Place in the text, from 1; absent for a policy given in code. */
  readonly line?: number;
  readonly column?: number;
}

/**
 * Looks for rules that no request reaches, patterns that mean something else in other languages, and
 * denies that do not apply when an attribute is missing. Without findings the list is empty.
 *
 * @throws {PolicyInvalidError} `ERR_CZ_POLICY_INVALID` when the policy has problems
 *
 * @example
 * ```ts
 * import { lintPolicy } from '@controlzero/sdk/testing';
 *
 * const [finding] = await lintPolicy({
 *   rules: [
 *     { effect: 'deny', action: 'llm.generate', resource: 'model/gpt-4*' },
 *     { effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4-turbo' },
 *   ],
 * });
 * console.log(finding?.kind, finding?.rule); // shadowed-rule 1
 * ```
 */
export async function lintPolicy(input: PolicyInput): Promise<readonly LintFinding[]> {
  const { policies, locate, stepsOf } = await loadPolicy(input);
  return lintRules(policies).map(({ kind, message, at: [policy, rule] }): LintFinding => {
    const position = locate(stepsOf(policy, rule)) ?? {};
    const names = { policy: policies[policy]?.name ?? '', rule: policies[policy]?.rules[rule]?.name ?? rule };
    return Object.assign({ kind, message }, names, position);
  });
}
