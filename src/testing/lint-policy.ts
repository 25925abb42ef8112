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

/** What lint found in a policy. */
export interface PolicyLint {
  readonly findings: readonly LintFinding[];
  /** True when all rules were compared; false when that would take too long, and findings may be missing. */
  readonly isComplete: boolean;
}

/** How a policy is linted. */
export interface LintOptions {
  /** Called after each rule with how many were looked at, and how many there are. */
  readonly onProgress?: (rules: number, all: number) => void;
}

/**
 * Looks for rules that no request reaches, patterns that mean something else in other languages, and
 * denies that do not apply when an attribute is missing. Nothing found is an empty list.
 *
 * The policy is loaded asynchronously and then linted in one go: 10,000 rules hold up the event loop for a second
 * or two, and where thousands of wildcards overlap for up to a minute. It is meant for tests, CI and the shell.
 *
 * @throws {PolicyInvalidError} `ERR_CZ_POLICY_INVALID` when the policy has problems
 *
 * @example
 * ```ts
 * import { lintPolicy } from '@controlzero/sdk/testing';
 *
 * const { findings } = await lintPolicy({
 *   rules: [
 *     { effect: 'deny', action: 'llm.generate', resource: 'model/gpt-4*' },
 *     { effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4-turbo' },
 *   ],
 * });
 * console.log(findings[0]?.kind, findings[0]?.rule); // shadowed-rule 1
 * ```
 */
export async function lintPolicy(input: PolicyInput, { onProgress }: LintOptions = {}): Promise<PolicyLint> {
  const { policies, locate, stepsOf } = await loadPolicy(input);
  const all = policies.reduce((sum, { rules }) => sum + rules.length, 0);
  const { findings, isComplete } = lintRules(policies, { onProgress: (rules) => onProgress?.(rules, all) });
  const located = findings.map(({ kind, message, at: [policy, rule] }): LintFinding => {
    const position = locate(stepsOf(policy, rule)) ?? {};
    const names = { policy: policies[policy]?.name ?? '', rule: policies[policy]?.rules[rule]?.name ?? rule };
    return Object.assign({ kind, message }, names, position);
  });
  return { findings: located, isComplete };
}
