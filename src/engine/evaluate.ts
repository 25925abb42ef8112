import type { Attributes } from '../policy/context-values.ts';
import type { Decision } from '../policy/decision.ts';
import { canonicalAction, isJudgeableName } from '../policy/names.ts';
import type { JudgedRequest, TakenRequest } from '../policy/request.ts';
import { judgedRequest } from '../policy/request.ts';
import type { CompiledPolicy } from './compile.ts';
import { testConditions } from './conditions.ts';
import type { RememberedDecisions } from './memo.ts';
import { ownCopy } from './memo.ts';
import { coversResource } from './rule.ts';
import { Search } from './search.ts';
import type { View } from './view.ts';

const MOST_VIEWS = 256;

/** Where the memo keeps the decision about a request. */
interface MemoPlace {
  readonly trees: RememberedDecisions;
  readonly resource: string;
  readonly attributes: Attributes;
}

// Actions come from callers; past the bound they are judged all the same, only not remembered.
function viewOf(policy: CompiledPolicy, action: string): View | undefined {
  const { latest } = policy;
  if (latest?.action === action) return latest.view;
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
  for (const rule of policy.rules) {
    if (!rule.actions.matches(request.action) || !coversResource(rule, request.names)) continue;
    const result = testConditions(rule.conditions, request.attributes);
    if (result === 'hold') return rule.decision;
    if (result === 'unjudgeable') return policy.overlongAttribute;
  }
  return policy.noMatch;
}

/** Decides a request whose names are checked, without a look at what was decided before. */
export function evaluateAnew(policy: CompiledPolicy, request: JudgedRequest): Decision {
  const { index } = policy;
  // Which rule is the first to look at a value that cannot be judged, only the walk along the rules can say.
  if (!index || request.attributes.hasOverlong) return walk(policy, request);
  return new Search(index, request).run()?.decision ?? policy.noMatch;
}

function searchAndRemember(search: Search, policy: CompiledPolicy, place: MemoPlace): Decision {
  const decision = search.run()?.decision ?? policy.noMatch;
  if (!search.dependsOnPresence) policy.memo.remember(place.trees, { ...place, looked: search.looked, decision });
  return decision;
}

// What other names a call brings along is rarely the same twice, and an overlong value never decides by an index.
function placeIn(view: View | undefined, taken: TakenRequest): MemoPlace | undefined {
  const { resource, aliases, attributes } = taken;
  const trees = view?.remembered;
  if (!trees || typeof resource !== 'string' || aliases !== undefined || attributes.hasOverlong) return undefined;
  return { trees, resource, attributes };
}

/**
 * Decides a request: the first rule that matches, else the default. Pure and synchronous.
 *
 * 1. What was decided before, about the same names and the same context values, is known.
 * 2. The names are checked and brought to one spelling.
 * 3. The rules are searched through their index.
 */
export function evaluate(policy: CompiledPolicy, taken: TakenRequest): Decision {
  const view = typeof taken.action === 'string' ? viewOf(policy, taken.action) : undefined;
  const place = policy.memo.isAsked ? placeIn(view, taken) : undefined;
  const known = place && policy.memo.recall(place.trees, place.resource, place.attributes);
  if (known) return known;
  const request = judgedRequest(taken, view?.action);
  if ('fault' in request) return policy.invalidRequest(request.fault);
  if (place && policy.index) return searchAndRemember(new Search(policy.index, request), policy, place);
  return evaluateAnew(policy, request);
}
