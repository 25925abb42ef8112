import type { Decision } from '../policy/decision.ts';
import type { Attribute, Attributes } from '../policy/context-values.ts';
import { OVERLONG } from '../policy/context-values.ts';
import type { JudgedRequest } from '../policy/judged-request.ts';
import type { Effect } from '../policy/types.ts';
import { testConditions } from './test-conditions.ts';
import type { CompiledRule } from './rule.ts';
import { coversResource } from './covers-resource.ts';

/** One part of a rule that did not match. */
export interface Mismatch {
  readonly part: 'action' | 'resource' | 'condition';
  /** The context key, for a condition. */
  readonly key?: string;
  /** The patterns or the value that the rule accepts. */
  readonly accepted: readonly Attribute[];
  /** What the request has; null for a context key that it lacks. */
  readonly found: Attribute | null;
}

/** What became of one rule. */
export interface RuleExplanation {
  readonly policy: string;
  readonly rule: string | number;
  readonly effect: Effect;
  /** `decides`: the first match. `mismatch`: `mismatches` says why. `not-reached`: an earlier rule decided. */
  readonly outcome: 'decides' | 'mismatch' | 'not-reached';
  /** Every part that does not match; empty unless the outcome is `mismatch`. */
  readonly mismatches: readonly Mismatch[];
}

/** A decision and the walk that led to it. */
export interface Explanation {
  readonly decision: Decision;
  /** Every rule, in the order of the walk. Empty when the request could not be judged. */
  readonly rules: readonly RuleExplanation[];
}

function conditionMismatches(rule: CompiledRule, attributes: Attributes): Mismatch[] {
  return rule.conditions.flatMap((condition): Mismatch[] => {
    const { key, accepted } = condition;
    const found = attributes.get(key);
    if (found === OVERLONG) return [{ part: 'condition', key, accepted, found: '(more than 1,024 characters)' }];
    return condition.holds(found) ? [] : [{ part: 'condition', key, accepted, found: found ?? null }];
  });
}

function mismatchesOf(rule: CompiledRule, request: JudgedRequest): Mismatch[] {
  const mismatches: Mismatch[] = [];
  if (!rule.actions.matches(request.action))
    mismatches.push({ part: 'action', accepted: rule.actions.texts, found: request.action });
  if (!coversResource(rule, request.names))
    mismatches.push({ part: 'resource', accepted: rule.resourceTexts, found: request.names[0] });
  return [...mismatches, ...conditionMismatches(rule, request.attributes)];
}

// An overlong attribute ends the walk at the rule that looks at it, without that rule having matched.
function endsWalk(rule: CompiledRule, request: JudgedRequest): boolean {
  const isAsked = rule.actions.matches(request.action) && coversResource(rule, request.names);
  return isAsked && testConditions(rule.conditions, request.attributes) === 'unjudgeable';
}

/** What a walk is about. */
export interface ExplainedPolicy {
  /** Every rule, in the order they are asked. */
  readonly rules: readonly CompiledRule[];
  /** The answer when no rule matches. */
  readonly noMatch: Decision;
  /** The answer when a rule looks at a context value that is too long to be compared. */
  readonly overlongAttribute: Decision;
}

/** Walks the compiled policy as `evaluate` does, and keeps why each rule did or did not match. */
export function explain(policy: ExplainedPolicy, request: JudgedRequest): Explanation {
  let decision: Decision | undefined;
  const rules = policy.rules.map((rule): RuleExplanation => {
    const { policy: policyName, name, effect } = rule;
    const named = { policy: policyName, rule: name, effect };
    if (decision) return { ...named, outcome: 'not-reached', mismatches: [] };
    const mismatches = mismatchesOf(rule, request);
    if (endsWalk(rule, request)) decision = policy.overlongAttribute;
    if (mismatches.length > 0) return { ...named, outcome: 'mismatch', mismatches };
    decision = rule.decision;
    return { ...named, outcome: 'decides', mismatches };
  });
  return { decision: decision ?? policy.noMatch, rules };
}
