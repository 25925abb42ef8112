import type { Decision } from '../policy/decision.ts';
import { canonicalAction, isJudgeableName } from '../policy/names.ts';
import { ownCopy } from '../policy/own-copy.ts';
import type { JudgedRequest } from '../policy/judged-request.ts';
import { judgedRequest } from '../policy/judged-request.ts';
import type { TakenRequest } from '../policy/taken-request.ts';
import type { CompiledPolicy } from './compiled-policy.ts';
import type { RememberedDecisions } from './memo.ts';
import { View } from './view.ts';
import { stopsFor, walk, walkFew } from './walk.ts';

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
  const canonical = canonicalAction(kept);
  const stops = policy.isShort ? stopsFor(policy.rules, canonical) : undefined;
  const { keepsLatest } = policy;
  const view = new View({ action: canonical, remembered: policy.memo.createTrees(), stops, keepsLatest });
  policy.views.set(kept, view);
  return view;
}

/** Decides a request whose names are checked, without a look at what was decided before. */
export function evaluateAnew(policy: CompiledPolicy, request: JudgedRequest): Decision {
  const { search } = policy;
  // Which rule is the first to look at a value that cannot be judged, only the walk along the rules can say.
  if (!search || request.attributes.hasOverlong) return walk(policy, request);
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

function hasOneName({ resource, aliases }: TakenRequest): boolean {
  return typeof resource === 'string' && aliases === undefined;
}

// What other names a call brings along is rarely the same twice, and an overlong value never decides by an index.
function isMemorable(taken: TakenRequest): boolean {
  return hasOneName(taken) && !taken.hasOverlong;
}

function recallOrSearch(policy: CompiledPolicy, taken: TakenRequest, view: View | undefined): Decision {
  const { memo } = policy;
  const { resource } = taken;
  const trees = view?.remembered;
  const isRemembered = trees !== undefined && memo.isAsked && isMemorable(taken);
  const known = isRemembered ? memo.recall(trees, resource as string, taken) : undefined;
  if (known) return known;
  const request = judgedRequest(taken, view?.action);
  if ('fault' in request) return policy.invalidRequest(request.fault);
  if (!isRemembered || !memo.admits()) return evaluateAnew(policy, request);
  return evaluateAndRemember(policy, { request, resource: resource as string, trees });
}

/**
 * Decides a request: the first rule that matches, else the default. Pure and synchronous.
 *
 * 1. What was decided a moment ago, or before, about the same names and the same context values, is known.
 * 2. The names are checked and brought to one spelling.
 * 3. The rules are searched through their index, or walked along where they are few.
 */
export function evaluate(policy: CompiledPolicy, taken: TakenRequest): Decision {
  const view = viewOf(policy, taken.action);
  if (view === undefined) return recallOrSearch(policy, taken, undefined);
  const latest = view.latest(taken);
  if (latest !== undefined) return latest;
  const few = view.stops === undefined || !hasOneName(taken) ? undefined : walkFew(policy, view.stops, taken);
  const decision = few ?? recallOrSearch(policy, taken, view);
  view.note(taken, decision);
  return decision;
}
