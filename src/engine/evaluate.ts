import type { Decision } from '../policy/decision.ts';
import type { JudgedRequest } from '../policy/request.ts';
import type { CompiledPolicy, CompiledRule } from './compile.ts';
import { testConditions } from './conditions.ts';

const MOST_VIEWS = 256;

function viewOf(policy: CompiledPolicy, action: string): readonly CompiledRule[] {
  const known = policy.views.get(action);
  if (known) return known;
  const view = policy.rules.filter((rule) => rule.matchesAction(action));
  // Actions come from callers; past the bound they are judged all the same, only not remembered.
  if (policy.views.size < MOST_VIEWS) policy.views.set(action, view);
  return view;
}

/**
 * Whether a rule covers the resource. A deny matches by any of its names, an allow or warn only by the
 * full one, so nothing is ever allowed by an alias.
 */
export function coversResource(rule: CompiledRule, names: JudgedRequest['names']): boolean {
  if (rule.effect !== 'deny' || names.length === 1) return rule.matchesResource(names[0]);
  return names.some((name) => rule.matchesResource(name));
}

/** Decides a request: the first rule that matches, else the default. Pure, synchronous, allocates nothing. */
export function evaluate(policy: CompiledPolicy, request: JudgedRequest): Decision {
  for (const rule of viewOf(policy, request.action)) {
    if (!coversResource(rule, request.names)) continue;
    const result = testConditions(rule.conditions, request.attributes);
    if (result === 'hold') return rule.decision;
    if (result === 'unjudgeable') return policy.overlongAttribute;
  }
  return policy.noMatch;
}
