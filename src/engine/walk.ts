import type { Decision } from '../policy/decision.ts';
import type { JudgedRequest } from '../policy/judged-request.ts';
import { isPlainModel } from '../policy/names.ts';
import type { TakenRequest } from '../policy/taken-request.ts';
import type { ExplainedPolicy } from './explain.ts';
import { coversResource } from './covers-resource.ts';
import type { CompiledRule } from './rule.ts';
import { testConditions } from './test-conditions.ts';

function decisionAt(rule: CompiledRule, attributes: TakenRequest, policy: ExplainedPolicy): Decision | undefined {
  const result = testConditions(rule.conditions, attributes);
  if (result === 'unjudgeable') return policy.overlongAttribute;
  return result === 'hold' ? rule.decision : undefined;
}

/** The walk along the rules: the first that matches decides, else the default. This is what a policy means. */
export function walk(policy: ExplainedPolicy, { action, names, attributes }: JudgedRequest): Decision {
  const { rules } = policy;
  for (let number = 0; number < rules.length; number += 1) {
    const rule = rules[number] as CompiledRule;
    if (!rule.actions.matches(action) || !coversResource(rule, names)) continue;
    const decision = decisionAt(rule, attributes, policy);
    if (decision !== undefined) return decision;
  }
  return policy.noMatch;
}

/** One rule on a short walk. */
export interface Stop {
  readonly rule: CompiledRule;
  /** The one resource that the rule covers, where that is a plain name. */
  readonly plainModel: string | undefined;
}

/** The rules of a short walk that are for one action. */
export function stopsFor(rules: readonly CompiledRule[], action: string): readonly Stop[] {
  return rules
    .filter((rule) => rule.actions.matches(action))
    .map((rule) => ({ rule, plainModel: isPlainModel(rule.resource) ? rule.resource : undefined }));
}

function isAt({ rule, plainModel }: Stop, resource: string): boolean {
  return plainModel === undefined ? rule.matchesResource(resource) : plainModel === resource;
}

/**
 * The same walk along the few rules for one action, for a request that has one name.
 *
 * The name is checked as late as it can be: one that equals a plain name of the policy is a plain name, and
 * one that is not plain was until then only found to differ.
 *
 * @returns undefined for a name that is not plain: it may go by others
 */
export function walkFew(policy: ExplainedPolicy, stops: readonly Stop[], taken: TakenRequest): Decision | undefined {
  const resource = taken.resource as string;
  let isPlain = false;
  for (let number = 0; number < stops.length; number += 1) {
    const stop = stops[number] as Stop;
    if (!isPlain && stop.plainModel === undefined) {
      if (!isPlainModel(resource)) return undefined;
      isPlain = true;
    }
    if (!isAt(stop, resource)) continue;
    const decision = decisionAt(stop.rule, taken, policy);
    if (decision !== undefined) return decision;
    isPlain = true;
  }
  return isPlain || isPlainModel(resource) ? policy.noMatch : undefined;
}
