import type { Decision } from '../policy/decision.ts';
import { canonicalAction, isJudgeableName } from '../policy/names.ts';
import { ownCopy } from '../policy/own-copy.ts';
import type { JudgedRequest, TakenRequest } from '../policy/request.ts';
import { judgedRequest } from '../policy/request.ts';
import type { CompiledPolicy } from './compile.ts';
import { testConditions } from './test-conditions.ts';
import type { RememberedDecisions } from './memo.ts';
import type { CompiledRule } from './rule.ts';
import { coversResource } from './covers-resource.ts';
import type { View } from './view.ts';

const MOST_VIEWS = 256;

/** A request whose decision may be remembered, and where. */
interface Memorable {
  readonly request: JudgedRequest;
  /** As the request wrote it. */
  readonly resource: string;
  readonly trees: RememberedDecisions;
}

// Actions come from callers; past the bound they are judged all the same, only not remembered.
function viewOf(policy: CompiledPolicy, action: unknown): View | undefined {
  const { latest } = policy;
  if (latest?.action === action) return latest?.view;
  if (typeof action !== 'string') return undefined;
  const view = policy.views.get(action) ?? createView(policy, action);
  if (view) policy.latest = { action, view };
  return view;
}

function createView(policy: CompiledPolicy, action: string): View | undefined {
  if (policy.views.size >= MOST_VIEWS || !isJudgeableName(action)) return undefined;
  const kept = ownCopy(action);
  const view = { action: canonicalAction(kept), remembered: policy.memo.createTrees() };
  policy.views.set(kept, view);
  return view;
}

/** The walk along the rules: the first that matches decides, else the default. This is what a policy means. */
function walk(policy: CompiledPolicy, request: JudgedRequest): Decision {
  const { rules } = policy;
  for (let number = 0; number < rules.length; number += 1) {
    const rule = rules[number] as CompiledRule;
    if (!rule.actions.matches(request.action) || !coversResource(rule, request.names)) continue;
    const result = testConditions(rule.conditions, request.attributes);
    if (result === 'hold') return rule.decision;
    if (result === 'unjudgeable') return policy.overlongAttribute;
  }
  return policy.noMatch;
}

/** Decides a request whose names are checked, without a look at what was decided before. */
export function evaluateAnew(policy: CompiledPolicy, request: JudgedRequest): Decision {
  const { search } = policy;
  // Which rule is the first to look at a value that cannot be judged, only the walk along the rules can say.
  if (!search || policy.isShort || request.attributes.hasOverlong) return walk(policy, request);
  return search(request).run()?.decision ?? policy.noMatch;
}

function evaluateAndRemember(policy: CompiledPolicy, { request, resource, trees }: Memorable): Decision {
  const search = policy.search?.(request);
  if (!search) return evaluateAnew(policy, request);
  const decision = search.run()?.decision ?? policy.noMatch;
  const { looked } = search;
  if (!search.dependsOnPresence)
    policy.memo.remember(trees, { resource, attributes: request.attributes, looked, decision });
  return decision;
}

// What other names a call brings along is rarely the same twice, and an overlong value never decides by an index.
function isMemorable({ resource, aliases, hasOverlong }: TakenRequest): boolean {
  return typeof resource === 'string' && aliases === undefined && !hasOverlong;
}

/**
 * Decides a request: the first rule that matches, else the default. Pure and synchronous.
 *
 * 1. What was decided before, about the same names and the same context values, is known.
 * 2. The names are checked and brought to one spelling.
 * 3. The rules are searched through their index, or walked along where they are few.
 */
export function evaluate(policy: CompiledPolicy, taken: TakenRequest): Decision {
  const { action, resource } = taken;
  const { memo } = policy;
  const view = viewOf(policy, action);
  const trees = view?.remembered;
  const isRemembered = trees !== undefined && memo.isAsked && isMemorable(taken);
  const known = isRemembered ? memo.recall(trees, resource as string, taken) : undefined;
  if (known) return known;
  const request = judgedRequest(taken, view?.action);
  if ('fault' in request) return policy.invalidRequest(request.fault);
  if (!isRemembered || !memo.admits()) return evaluateAnew(policy, request);
  return evaluateAndRemember(policy, { request, resource: resource as string, trees });
}
