import type { ParsedPolicy, ParsedRule } from '../policy/parsed-policy.ts';
import type { Effect } from '../policy/types.ts';
import { AllowingRules } from './allowing-rules.ts';
import { LanguageComparison } from './compare-languages.ts';
import { Effort } from './effort.ts';
import { findGlobTrap } from './glob-traps.ts';
import type { Unreachable } from './reach.ts';
import { ReachAnalysis } from './reach.ts';

/** The kinds of findings. The first four are about rules that no request reaches. */
export type LintKind =
  | 'duplicate-rule'
  | 'shadowed-rule'
  | 'unreachable-rule'
  | 'matches-nothing'
  | 'deny-depends-on-context'
  | 'pattern-trap';

/** One finding, with the place of the rule in the walk. */
interface RuleFinding {
  readonly kind: LintKind;
  readonly message: string;
  /** Index of the policy in the order of the walk, and of the rule in it. */
  readonly at: readonly [policy: number, rule: number];
}

const STRICTEST_FIRST: readonly Effect[] = ['deny', 'warn', 'allow'];

/** The effect when no rule matches: the strictest default of all policies. */
export function defaultEffect(policies: readonly ParsedPolicy[]): Effect {
  const named = STRICTEST_FIRST.find((effect) => policies.some(({ defaultAction }) => defaultAction === effect));
  return named ?? 'deny';
}

function nameOf(rule: ParsedRule): string {
  return typeof rule.name === 'number' ? `rule ${rule.name}` : `rule ${JSON.stringify(rule.name)}`;
}

function list(rules: readonly ParsedRule[]): string {
  const names = rules.slice(0, 3).map(nameOf);
  if (rules.length > 3) names.push(`${rules.length - 3} more`);
  return names.join(', ');
}

function describeUnreachable(found: Unreachable): Pick<RuleFinding, 'kind' | 'message'> {
  if (found.kind === 'matches-nothing')
    return { kind: 'matches-nothing', message: 'No request holds a name that this rule matches.' };
  const by = list(found.by);
  if (found.kind === 'duplicate') return { kind: 'duplicate-rule', message: `It says the same as ${by} before it.` };
  if (found.kind === 'shadowed')
    return { kind: 'shadowed-rule', message: `It never decides: ${by} before it matches every such request.` };
  return { kind: 'unreachable-rule', message: `It never decides: ${by} before it match every such request together.` };
}

function contextFinding(
  deny: ParsedRule,
  allowing: ParsedRule | 'denied' | undefined,
  fallback: Effect,
): Pick<RuleFinding, 'kind' | 'message'> | undefined {
  if (allowing === 'denied' || (allowing === undefined && fallback === 'deny')) return undefined;
  const by = allowing === undefined ? 'the default' : nameOf(allowing);
  const keys = deny.conditions.map(({ key }) => JSON.stringify(key)).join(', ');
  const message = `It does not apply when the context lacks ${keys}; ${by} may then allow the call. Prefer a conditional allow.`;
  return { kind: 'deny-depends-on-context', message };
}

// Actions are written as llm.* by everybody; what looks like a trap there is none.
function* patternsOf(rule: ParsedRule): Generator<readonly [pattern: ParsedRule['actions'][number], what: string]> {
  for (const pattern of rule.resources ?? []) yield [pattern, 'resource'];
  for (const { key, accepts } of rule.conditions) {
    if (typeof accepts === 'object') for (const pattern of accepts) yield [pattern, `condition ${JSON.stringify(key)}`];
  }
}

function* trapFindings(rule: ParsedRule): Generator<Pick<RuleFinding, 'kind' | 'message'>> {
  for (const [pattern, what] of patternsOf(rule)) {
    const trap = findGlobTrap(pattern);
    if (trap !== undefined)
      yield { kind: 'pattern-trap', message: `The ${what} ${JSON.stringify(pattern.text)}: ${trap}` };
  }
  const isModelRule = rule.actions.some(({ text }) => /^(?:llm|embedding)[.:_]/u.test(text));
  for (const { text } of isModelRule ? (rule.resources ?? []) : []) {
    if (/^[A-Za-z0-9]/u.test(text) && !/^model[/:]/u.test(text) && !/[*?{[]/u.test(text.slice(0, 6)))
      yield {
        kind: 'pattern-trap',
        message: `The resource ${JSON.stringify(text)} names no model: write ${JSON.stringify(`model/${text}`)}.`,
      };
  }
}

/** What was found in some policies. */
export interface RuleFindings {
  readonly findings: readonly RuleFinding[];
  /** False when it would have taken too long to compare all rules: some findings may be missing. */
  readonly isComplete: boolean;
}

/** How rules are linted. */
export interface LintRulesOptions {
  /** Called with the number of rules that were looked at, after each of them. */
  readonly onProgress?: (rules: number) => void;
  /** How much may be done. Default: some 10,000 rules that overlap in every way. */
  readonly effort?: Effort;
}

// What was found about one rule after the other.
class RuleLint {
  readonly #rules: readonly ParsedRule[];
  readonly #fallback: Effect;
  readonly #reach: ReachAnalysis;
  readonly #allowing: AllowingRules;

  constructor(policies: readonly ParsedPolicy[], effort: Effort) {
    const comparison = new LanguageComparison(effort);
    this.#rules = policies.flatMap(({ rules }) => rules);
    this.#fallback = defaultEffect(policies);
    this.#reach = new ReachAnalysis(policies, comparison);
    this.#allowing = new AllowingRules(this.#rules, comparison);
  }

  *find(number: number): Generator<Pick<RuleFinding, 'kind' | 'message'>> {
    const rule = this.#rules[number] as ParsedRule;
    const unreachable = this.#reach.find(number);
    if (unreachable) yield describeUnreachable(unreachable);
    const isConditionalDeny = rule.effect === 'deny' && rule.conditions.length > 0;
    if (!unreachable && isConditionalDeny) {
      const found = contextFinding(rule, this.#allowing.find(number), this.#fallback);
      if (found) yield found;
    }
    yield* trapFindings(rule);
  }
}

/**
 * Looks for what is valid and probably not meant, in the order of the walk. Synchronous: it takes about as long
 * as compiling the rules some times over, and up to a minute where thousands of them overlap in every way.
 *
 * A rule is called duplicate, shadowed or unreachable only when it is certain that no request reaches
 * it. The other kinds are hints.
 */
export function lintRules(policies: readonly ParsedPolicy[], options: LintRulesOptions = {}): RuleFindings {
  const { onProgress, effort = new Effort() } = options;
  const lint = new RuleLint(policies, effort);
  const findings: RuleFinding[] = [];
  let number = 0;
  for (const [policy, { rules }] of policies.entries()) {
    for (const index of rules.keys()) {
      for (const found of lint.find(number)) findings.push({ ...found, at: [policy, index] });
      number += 1;
      onProgress?.(number);
    }
  }
  return { findings, isComplete: effort.isComplete };
}
