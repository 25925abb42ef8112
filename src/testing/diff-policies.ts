import type { RepresentativeRequest } from '../engine/diff.ts';
import { findDiffering } from '../engine/diff.ts';
import type { Decision } from '../policy/decision.ts';
import type { PolicyInput } from './load-policy.ts';
import { loadPolicy } from './load-policy.ts';

/** Requests that two policies decide differently, all by the same rules. */
export interface PolicyDifference {
  /** One of the requests. */
  readonly request: RepresentativeRequest;
  readonly before: Decision;
  readonly after: Decision;
  /** How many classes of requests this stands for. */
  readonly count: number;
}

/** What changes between two policies. */
export interface PolicyDiff {
  readonly differences: readonly PolicyDifference[];
  /** True when nothing else changes; false when the policies tell too much apart to be sure. */
  readonly isComplete: boolean;
}

/**
 * Compares what two policies decide: which requests get another effect. Rules that only moved or were
 * renamed make no difference. What it guarantees is in docs/testing-policies.md.
 *
 * @throws {PolicyInvalidError} `ERR_CZ_POLICY_INVALID` when one of the policies has problems
 *
 * @example
 * ```ts
 * import { diffPolicies } from '@controlzero/sdk/testing';
 *
 * const allow = (resource: string) => ({ effect: 'allow', action: 'llm.generate', resource }) as const;
 * const { differences } = await diffPolicies({ rules: [allow('model/gpt-4')] }, { rules: [allow('model/gpt-4*')] });
 * const [first] = differences;
 * console.log(first?.request.resource, first?.before.effect, first?.after.effect); // model/gpt-4x deny allow
 * ```
 */
export async function diffPolicies(before: PolicyInput, after: PolicyInput): Promise<PolicyDiff> {
  const [one, other] = await Promise.all([loadPolicy(before), loadPolicy(after)]);
  const { requests, isComplete } = findDiffering(one.policies, other.policies);
  const groups = new Map<string, PolicyDifference>();
  let isConfirmed = true;
  for (const request of requests) {
    const [old, next] = [one, other].map(({ cz }) => cz.explain(request).decision) as [Decision, Decision];
    // The example has a bare name of its own that the rules see as well, and with it nothing changes.
    if (old.effect === next.effect) isConfirmed = false;
    else {
      const key = JSON.stringify([old.effect, old.policy, old.rule, next.effect, next.policy, next.rule]);
      const group = groups.get(key);
      groups.set(key, { request, before: old, after: next, ...group, count: (group?.count ?? 0) + 1 });
    }
  }
  return { differences: [...groups.values()], isComplete: isComplete && isConfirmed };
}
