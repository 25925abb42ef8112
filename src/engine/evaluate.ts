import type { Attributes } from '../policy/context-values.ts';
import type { Decision } from '../policy/decision.ts';
import { canonicalAction, isJudgeableName } from '../policy/names.ts';
import type { JudgedRequest, TakenRequest } from '../policy/request.ts';
import { judgedRequest } from '../policy/request.ts';
import type { CompiledPolicy } from './compile.ts';
import { testConditions } from './conditions.ts';
import type { RememberedDecisions } from './memo.ts';
import { ownCopy, recall } from './memo.ts';
import type { CompiledRule } from './rule.ts';
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

function createView(policy: CompiledPolicy, action: string): View {
  const canonical = canonicalAction(action);
  const rules = policy.index ? undefined : policy.rules.filter((rule) => rule.actions.matches(canonical));
  return { rules, remembered: policy.index && policy.memo.createTrees() };
}

// Actions come from callers; past the bound they are judged all the same, only not remembered.
function viewOf(policy: CompiledPolicy, action: string): View | undefined {
  const known = policy.views.get(action);
  if (known || policy.views.size >= MOST_VIEWS || !isJudgeableName(action)) return known;
  const view = createView(policy, action);
  policy.views.set(ownCopy(action), view);
  return view;
}

/** The walk along the rules: the first that matches decides, else the default. This is what a policy means. */
function walk(policy: CompiledPolicy, rules: readonly CompiledRule[], request: JudgedRequest): Decision {
  for (const rule of rules) {
    if (!rule.actions.matches(request.action) || !coversResource(rule, request.names)) continue;
    const result = testConditions(rule.conditions, request.attributes);
    if (result === 'hold') return rule.decision;
    if (result === 'unjudgeable') return policy.overlongAttribute;
  }
  return policy.noMatch;
}

/** Decides a request whose names are checked, without a look at what was decided before. */
export function evaluateAnew(policy: CompiledPolicy, request: JudgedRequest, view?: View): Decision {
  const { index } = policy;
  // Which rule is the first to look at a value that cannot be judged, only the walk along the rules can say.
  if (!index || request.attributes.hasOverlong) return walk(policy, view?.rules ?? policy.rules, request);
  return new Search(index, request).run()?.decision ?? policy.noMatch;
}

function searchAndRemember(search: Search, policy: CompiledPolicy, place: MemoPlace): Decision {
  const decision = search.run()?.decision ?? policy.noMatch;
  if (!search.dependsOnPresence) policy.memo.remember(place.trees, { ...place, looked: search.looked, decision });
  return decision;
}

// What other names a call brings along is rarely the same twice, and an overlong value never decides by an index.
function placeIn(view: View | undefined, { resource, aliases, attributes }: TakenRequest): MemoPlace | undefined {
  const trees = view?.remembered;
  if (!trees || typeof resource !== 'string' || aliases !== undefined || attributes.hasOverlong) return undefined;
  return { trees, resource, attributes };
}

/**
 * Decides a request: the first rule that matches, else the default. Pure and synchronous.
 *
 * 1. What was decided before, about the same names and the same context values, is known.
 * 2. The names are checked and brought to one spelling.
 * 3. A few rules are walked along; many are searched through their index.
 */
export function evaluate(policy: CompiledPolicy, taken: TakenRequest): Decision {
  const view = typeof taken.action === 'string' ? viewOf(policy, taken.action) : undefined;
  const place = placeIn(view, taken);
  const known = place && recall(place.trees, place.resource, place.attributes);
  if (known) return known;
  const request = judgedRequest(taken);
  if ('fault' in request) return policy.invalidRequest(request.fault);
  if (place && policy.index) return searchAndRemember(new Search(policy.index, request), policy, place);
  return evaluateAnew(policy, request, view);
}
