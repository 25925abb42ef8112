import type { Decision } from '../policy/decision.ts';
import type { PolicyInput } from './load-policy.ts';
import { loadPolicy } from './load-policy.ts';
import type { PolicyCase } from './policy-cases.ts';

/** What became of one test. */
export interface PolicyCaseResult {
  readonly case: PolicyCase;
  readonly passed: boolean;
  readonly decision: Decision;
}

/** A rule, and how many tests it decided. */
export interface RuleCoverage {
  readonly policy: string;
  readonly rule: string | number;
  readonly decided: number;
}

/** What became of all tests. */
export interface PolicyTestReport {
  readonly passed: boolean;
  readonly results: readonly PolicyCaseResult[];
  /** Every rule in the order of the walk. */
  readonly coverage: readonly RuleCoverage[];
}

/**
 * Runs tests that are written as data.
 *
 * @throws {PolicyInvalidError} `ERR_CZ_POLICY_INVALID` when the policy has problems
 *
 * @example
 * ```ts
 * import { testPolicy } from '@controlzero/sdk/testing';
 *
 * const policy = { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] } as const;
 * const report = await testPolicy(policy, [
 *   { action: 'llm.generate', resource: 'model/gpt-4', expect: 'allow' },
 *   { action: 'llm.generate', resource: 'model/gpt-4-turbo', expect: 'deny' },
 * ]);
 * console.log(report.passed, report.coverage[0]?.decided); // true 1
 * ```
 */
export async function testPolicy(input: PolicyInput, cases: readonly PolicyCase[]): Promise<PolicyTestReport> {
  const { cz, policies } = await loadPolicy(input);
  const decided = policies.flatMap(({ rules }) => rules.map(() => 0));
  const results = cases.map((one): PolicyCaseResult => {
    const { action, resource, aliases, agent, context } = one;
    const { decision, rules } = cz.explain({
      action,
      resource,
      context: { ...(agent !== undefined && { agent_id: agent }), ...context },
      ...(aliases && { aliases }),
    });
    const at = rules.findIndex(({ outcome }) => outcome === 'decides');
    if (at !== -1) decided[at] = (decided[at] ?? 0) + 1;
    const passed = decision.effect === one.expect && (one.rule === undefined || one.rule === decision.rule);
    return { case: one, passed, decision };
  });
  const walk = policies.flatMap(({ name, rules }) => rules.map((rule) => ({ policy: name, rule: rule.name })));
  return {
    passed: results.every(({ passed }) => passed),
    results,
    coverage: walk.map(({ policy, rule }, at) => ({ policy, rule, decided: decided[at] ?? 0 })),
  };
}
