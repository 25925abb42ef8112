import type { Decision } from '../policy/decision.ts';
import { createDecision } from '../policy/decision.ts';
import type { CutPattern } from '../policy/glob.ts';
import type { ParsedCondition, ParsedPolicy, ParsedRule } from '../policy/parsed-policy.ts';
import type { Steps } from '../policy/steps.ts';
import { finish } from '../policy/steps.ts';
import type { Effect } from '../policy/types.ts';
import { allowedModels } from './alternatives.ts';
import type { CompiledPolicy } from './compiled-policy.ts';
import { CompiledCondition } from './conditions.ts';
import type { ExplainedPolicy } from './explain.ts';
import { explain } from './explain.ts';
import type { Matcher } from './wildcard.ts';
import { compileMatcher } from './wildcard.ts';
import { Memo } from './memo.ts';
import { buildRuleIndex } from './rule-index.ts';
import { CompiledRule, RuleActions } from './rule.ts';
import { Search } from './search.ts';

/** How a policy is compiled. The answers are the same whatever is chosen; tests choose. */
export interface EngineOptions {
  /** False: every request walks along the rules, without an index and without a memo. Default: true. */
  readonly isIndexed?: boolean;
  /** How many decisions are remembered; 0 = none. Default: 4096. */
  readonly remembered?: number;
  /** How many rules may share what an index files them under before they get an index of their own. Default: 8. */
  readonly bucketSize?: number;
}

/** A policy whose rules may come one by one, so that what each was read from need not last. */
export interface PolicyToCompile extends Omit<ParsedPolicy, 'rules'> {
  readonly rules: Iterable<ParsedRule>;
}

const STRICTEST_FIRST: readonly Effect[] = ['deny', 'warn', 'allow'];
const RULES_PER_STEP = 128;
const REMEMBERED = 4096;
const BUCKET_SIZE = 8;
const FEW_GLOBS = 12;
const NO_CONDITIONS: readonly CompiledCondition[] = [];

// Where policies differ the strictest default wins, so adding a policy can never widen another one's default.
function compileNoMatch(policies: readonly PolicyToCompile[], revision: string): Decision {
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

  *addPolicy({ name, rules }: PolicyToCompile): Steps<void> {
    const policy = { name, revision: this.#revision };
    for (const rule of rules) {
      if (this.rules.length % RULES_PER_STEP === 0) yield;
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

interface Way {
  readonly isShort: boolean;
  readonly isSearched: boolean;
  readonly keepsLatest: boolean;
  readonly remembered: number;
}

function countGlobs(rules: readonly CompiledRule[]): number {
  return rules.length > FEW_GLOBS ? rules.length : rules.flatMap((rule) => rule.resourceGlobs).length;
}

// How decisions are come to: by few rules walked along, by a search and what it remembers, or by a plain walk.
function chooseWay(
  rules: readonly CompiledRule[],
  { isIndexed = true, remembered = REMEMBERED, bucketSize }: EngineOptions,
): Way {
  const isShort = isIndexed && bucketSize === undefined && countGlobs(rules) <= FEW_GLOBS;
  const isSearched = isIndexed && !isShort;
  return { isShort, isSearched, keepsLatest: isIndexed && remembered > 0, remembered: isSearched ? remembered : 0 };
}

function* compileSearch(rules: readonly CompiledRule[], bucketSize = BUCKET_SIZE): Steps<CompiledPolicy['search']> {
  const index = yield* buildRuleIndex(rules, bucketSize);
  return (request) => new Search(index, request);
}

/** Compiles parsed policies, given in the order they apply, into one ordered first-match decision, in steps. */
export function* compileInSteps(
  policies: readonly PolicyToCompile[],
  { revision, options = {} }: { readonly revision: string; readonly options?: EngineOptions },
): Steps<CompiledPolicy> {
  const compiler = new RuleCompiler(revision);
  for (const policy of policies) yield* compiler.addPolicy(policy);
  const { rules, keys, actions } = compiler;
  const { isShort, isSearched, keepsLatest, remembered } = chooseWay(rules, options);
  const invalidRequest = (problem: string): Decision =>
    createDecision({ effect: 'deny', reason: problem, reasonCode: 'INVALID_REQUEST', revision });
  const explained: ExplainedPolicy = {
    rules,
    noMatch: compileNoMatch(policies, revision),
    overlongAttribute: invalidRequest('A context value that a rule looks at has more than 1,024 characters.'),
  };
  const compiled: CompiledPolicy = {
    ...explained,
    revision,
    explain: (request) => explain(explained, request),
    allowedModels: (request) => allowedModels(compiled, request),
    search: isSearched ? yield* compileSearch(rules, options.bucketSize) : undefined,
    isShort,
    keepsLatest: keepsLatest && keys.size <= 1,
    conditionKeys: { list: [...keys], all: keys },
    invalidRequest,
    namesAction: compileNamesAction([...actions.keys()].flat()),
    views: new Map(),
    latest: undefined,
    memo: new Memo(remembered),
  };
  return compiled;
}

/** Compiles parsed policies at once. */
export function compilePolicy(
  policies: readonly ParsedPolicy[],
  revision: string,
  options: EngineOptions = {},
): CompiledPolicy {
  return finish(compileInSteps(policies, { revision, options }));
}
