import type { ContextKeys } from '../policy/context-values.ts';
import type { Decision } from '../policy/decision.ts';
import { createDecision } from '../policy/decision.ts';
import type { CutPattern } from '../policy/glob.ts';
import type { ParsedCondition, ParsedPolicy, ParsedRule } from '../policy/parsed-policy.ts';
import type { JudgedRequest } from '../policy/request.ts';
import type { Steps } from '../policy/steps.ts';
import { finish } from '../policy/steps.ts';
import type { Effect } from '../policy/types.ts';
import { CompiledCondition } from './conditions.ts';
import type { ExplainedPolicy, Explanation } from './explain.ts';
import { explain } from './explain.ts';
import type { Matcher } from './wildcard.ts';
import { compileMatcher } from './wildcard.ts';
import { Memo } from './memo.ts';
import { buildRuleIndex } from './rule-index.ts';
import { CompiledRule, RuleActions } from './rule.ts';
import { Search } from './search.ts';
import type { View } from './view.ts';

/** How a policy is compiled. The answers are the same whatever is chosen; tests choose. */
export interface EngineOptions {
  /** False: every request walks along the rules, without an index and without a memo. Default: true. */
  readonly isIndexed?: boolean;
  /** How many decisions are remembered; 0 = none. Default: 4096. */
  readonly remembered?: number;
  /** How many rules may share what an index files them under before they get an index of their own. Default: 8. */
  readonly bucketSize?: number;
}

/** All policies of a document, ready to decide. */
export interface CompiledPolicy extends ExplainedPolicy {
  readonly revision: string;
  /** Searches the same rules by what they match; undefined: they are walked along. */
  readonly search: ((request: JudgedRequest) => Search) | undefined;
  /** Walks along the rules, keeping why. */
  readonly explain: (request: JudgedRequest) => Explanation;
  /** Whether a walk along the rules is as fast as a search. */
  readonly isShort: boolean;
  /** Every context key that some condition reads. */
  readonly conditionKeys: ContextKeys;
  /** The answer to a request that cannot be judged. */
  readonly invalidRequest: (problem: string) => Decision;
  /** Whether some rule names an action, other than by a wildcard alone. */
  readonly namesAction: Matcher;
  /** What is known about an action, filled as actions are seen. */
  readonly views: Map<string, View>;
  /** The action that was asked for last, and what is known about it. */
  latest: { readonly action: string; readonly view: View } | undefined;
  /** Decisions that were made before. */
  readonly memo: Memo;
}

const STRICTEST_FIRST: readonly Effect[] = ['deny', 'warn', 'allow'];
const RULES_PER_STEP = 128;
const REMEMBERED = 4096;
const BUCKET_SIZE = 8;
const FEW_GLOBS = 12;
const NO_CONDITIONS: readonly CompiledCondition[] = [];

// Where policies differ the strictest default wins, so adding a policy can never widen another one's default.
function compileNoMatch(policies: readonly ParsedPolicy[], revision: string): Decision {
  const reasonCode = 'NO_RULE_MATCH';
  for (const effect of STRICTEST_FIRST) {
    const policy = policies.find(({ defaultAction }) => defaultAction === effect);
    if (!policy) continue;
    const reason = `No rule matched; the default of policy ${JSON.stringify(policy.name)} is ${effect}.`;
    return createDecision({ effect, reason, reasonCode, policy: policy.name, revision });
  }
  return createDecision({ effect: 'deny', reason: 'No rule matched; the default is deny.', reasonCode, revision });
}

// Compiled when first asked for, because most applications never ask.
function compileNamesAction(patterns: readonly CutPattern[]): Matcher {
  let matcher: Matcher | undefined;
  return (action) => (matcher ??= compileMatcher(patterns.filter(({ text }) => !/^\*+$/u.test(text))))(action);
}

// Rules say the same few things again and again; what is the same is compiled once.
class RuleCompiler {
  readonly rules: CompiledRule[] = [];
  readonly actions = new Map<readonly CutPattern[], RuleActions>();
  readonly keys = new Set<string>();
  readonly #conditions = new Map<unknown, Map<string, readonly CompiledCondition[]>>();
  readonly #revision: string;

  constructor(revision: string) {
    this.#revision = revision;
  }

  *addPolicy({ name, rules }: ParsedPolicy): Steps<void> {
    const policy = { name, revision: this.#revision };
    for (const [number, rule] of rules.entries()) {
      if (number % RULES_PER_STEP === 0) yield;
      const actions = this.#actionsOf(rule);
      this.rules.push(new CompiledRule({ rule, policy, actions, conditions: this.#conditionsOf(rule) }));
    }
  }

  #actionsOf({ actions }: ParsedRule): RuleActions {
    const known = this.actions.get(actions) ?? new RuleActions(actions);
    this.actions.set(actions, known);
    return known;
  }

  #conditionsOf({ conditions }: ParsedRule): readonly CompiledCondition[] {
    const [only, ...more] = conditions;
    if (only === undefined) return NO_CONDITIONS;
    for (const { key } of conditions) this.keys.add(key);
    return more.length === 0 ? this.#single(only) : conditions.map((one) => new CompiledCondition(one));
  }

  #single(condition: ParsedCondition): readonly CompiledCondition[] {
    const { key, accepts } = condition;
    const byKey = this.#conditions.get(accepts) ?? new Map<string, readonly CompiledCondition[]>();
    this.#conditions.set(accepts, byKey);
    const known = byKey.get(key) ?? [new CompiledCondition(condition)];
    byKey.set(key, known);
    return known;
  }
}

function countGlobs(rules: readonly CompiledRule[]): number {
  return rules.length > FEW_GLOBS ? rules.length : rules.flatMap((rule) => rule.resourceGlobs).length;
}

function* compileSearch(
  rules: readonly CompiledRule[],
  { isIndexed = true, bucketSize = BUCKET_SIZE }: EngineOptions,
): Steps<CompiledPolicy['search']> {
  if (!isIndexed) return undefined;
  const index = yield* buildRuleIndex(rules, bucketSize);
  return (request) => new Search(index, request);
}

/** Compiles parsed policies, given in the order they apply, into one ordered first-match decision, in steps. */
export function* compileInSteps(
  policies: readonly ParsedPolicy[],
  { revision, options = {} }: { readonly revision: string; readonly options?: EngineOptions },
): Steps<CompiledPolicy> {
  const compiler = new RuleCompiler(revision);
  for (const policy of policies) yield* compiler.addPolicy(policy);
  const { rules, keys, actions } = compiler;
  const isShort = options.bucketSize === undefined && countGlobs(rules) <= FEW_GLOBS;
  const { isIndexed = true, remembered = REMEMBERED } = options;
  const invalidRequest = (problem: string): Decision =>
    createDecision({ effect: 'deny', reason: problem, reasonCode: 'INVALID_REQUEST', revision });
  const explained: ExplainedPolicy = {
    rules,
    noMatch: compileNoMatch(policies, revision),
    overlongAttribute: invalidRequest('A context value that a rule looks at has more than 1,024 characters.'),
  };
  return {
    ...explained,
    revision,
    explain: (request) => explain(explained, request),
    search: yield* compileSearch(rules, options),
    isShort,
    conditionKeys: { list: [...keys], all: keys },
    invalidRequest,
    namesAction: compileNamesAction([...actions.keys()].flat()),
    views: new Map(),
    latest: undefined,
    memo: new Memo({ most: isIndexed ? remembered : 0, worth: isShort ? 1 : 8 }),
  };
}

/** Compiles parsed policies at once. */
export function compilePolicy(
  policies: readonly ParsedPolicy[],
  revision: string,
  options: EngineOptions = {},
): CompiledPolicy {
  return finish(compileInSteps(policies, { revision, options }));
}
