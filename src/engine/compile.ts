import type { Decision, ReasonCode } from '../policy/decision.ts';
import { createDecision } from '../policy/decision.ts';
import type { ParsedPolicy, ParsedRule } from '../policy/parsed-policy.ts';
import type { Effect } from '../policy/types.ts';
import type { CompiledCondition } from './conditions.ts';
import { compileCondition } from './conditions.ts';
import type { Matcher } from './wildcard.ts';
import { compileMatcher, literalNames } from './wildcard.ts';

/** One rule, ready to be matched. */
export interface CompiledRule {
  readonly policy: string;
  /** Id of the rule, or its index in the policy. */
  readonly name: string | number;
  readonly effect: Effect;
  readonly matchesAction: Matcher;
  readonly matchesResource: Matcher;
  readonly conditions: readonly CompiledCondition[];
  /** The answer when this rule decides. */
  readonly decision: Decision;
  /** As written in the policy, for explanations. */
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Resources the rule names without a wildcard. */
  readonly literalResources: readonly string[];
}

/** All policies of a document in one ordered walk. */
export interface CompiledPolicy {
  readonly revision: string;
  readonly rules: readonly CompiledRule[];
  /** Every context key that some condition reads. */
  readonly conditionKeys: readonly string[];
  /** The answer when no rule matches. */
  readonly noMatch: Decision;
  /** The answer to a request that cannot be judged. */
  readonly invalidRequest: (problem: string) => Decision;
  /** The answer when a rule looks at a context value that is too long to be compared. */
  readonly overlongAttribute: Decision;
  /** Whether some rule names an action, other than by a wildcard alone. */
  readonly namesAction: Matcher;
  /** Rules by action, filled as actions are seen. */
  readonly views: Map<string, readonly CompiledRule[]>;
}

const STRICTEST_FIRST: readonly Effect[] = ['deny', 'warn', 'allow'];

function ruleReason(rule: ParsedRule, policy: ParsedPolicy): string {
  return rule.reason ?? `Rule ${JSON.stringify(rule.name)} of policy ${JSON.stringify(policy.name)} matched.`;
}

function compileRule(rule: ParsedRule, policy: ParsedPolicy, revision: string): CompiledRule {
  const { effect, resources, name } = rule;
  const reasonCode: ReasonCode = 'RULE_MATCH';
  return {
    policy: policy.name,
    name,
    effect,
    matchesAction: compileMatcher(rule.actions),
    matchesResource: resources === undefined ? () => true : compileMatcher(resources),
    conditions: rule.conditions.map(compileCondition),
    decision: createDecision({
      effect,
      reason: ruleReason(rule, policy),
      reasonCode,
      policy: policy.name,
      rule: name,
      revision,
    }),
    actions: rule.actions.map((pattern) => pattern.text),
    resources: resources?.map((pattern) => pattern.text) ?? ['*'],
    literalResources: resources?.flatMap(literalNames) ?? [],
  };
}

// Where policies differ the strictest default wins, so adding a policy can never widen another one's default.
function compileNoMatch(policies: readonly ParsedPolicy[], revision: string): Decision {
  const reasonCode: ReasonCode = 'NO_RULE_MATCH';
  for (const effect of STRICTEST_FIRST) {
    const policy = policies.find(({ defaultAction }) => defaultAction === effect);
    if (!policy) continue;
    const reason = `No rule matched; the default of policy ${JSON.stringify(policy.name)} is ${effect}.`;
    return createDecision({ effect, reason, reasonCode, policy: policy.name, revision });
  }
  return createDecision({ effect: 'deny', reason: 'No rule matched; the default is deny.', reasonCode, revision });
}

// Compiled when first asked for, because most applications never ask.
function compileNamesAction(policies: readonly ParsedPolicy[]): Matcher {
  const compile = (): Matcher => {
    const patterns = policies.flatMap(({ rules }) => rules.flatMap(({ actions }) => actions));
    return compileMatcher(patterns.filter(({ text }) => !/^\*+$/u.test(text)));
  };
  let matcher: Matcher | undefined;
  return (action) => (matcher ??= compile())(action);
}

/** Compiles parsed policies, given in the order they apply, into one ordered first-match walk. */
export function compilePolicy(policies: readonly ParsedPolicy[], revision: string): CompiledPolicy {
  const rules = policies.flatMap((policy) => policy.rules.map((rule) => compileRule(rule, policy, revision)));
  const keys = new Set(rules.flatMap((rule) => rule.conditions.map((condition) => condition.key)));
  const invalidRequest = (problem: string): Decision =>
    createDecision({ effect: 'deny', reason: problem, reasonCode: 'INVALID_REQUEST', revision });
  return {
    revision,
    rules,
    conditionKeys: [...keys],
    noMatch: compileNoMatch(policies, revision),
    invalidRequest,
    overlongAttribute: invalidRequest('A context value that a rule looks at has more than 1,024 characters.'),
    namesAction: compileNamesAction(policies),
    views: new Map(),
  };
}
