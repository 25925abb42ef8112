import type { ParsedPolicy, ParsedRule } from '../policy/parsed-policy.ts';
import type { Effect } from '../policy/types.ts';
import { findGlobTrap } from './glob-traps.ts';
import { ACTIONS, RESOURCES, findCommon } from './name-classes.ts';
import type { Unreachable } from './reach.ts';
import { ReachAnalysis, actionsOf, resourcesOf } from './reach.ts';

/** The kinds of findings. The first four are about rules that no request reaches. */
export type LintKind =
  | 'duplicate-rule'
  | 'shadowed-rule'
  | 'unreachable-rule'
  | 'matches-nothing'
  | 'deny-depends-on-context'
  | 'pattern-trap';

/** One finding, with the place of the rule in the walk. */
export interface RuleFinding {
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

function overlap(deny: ParsedRule, other: ParsedRule): boolean {
  return (
    findCommon(resourcesOf(deny), resourcesOf(other), RESOURCES) !== undefined &&
    findCommon(actionsOf(deny), actionsOf(other), ACTIONS) !== undefined
  );
}

// What lets a request through that lacks the key: the first later rule that covers some of the same requests.
function allowedWithout(deny: ParsedRule, later: readonly ParsedRule[], fallback: Effect): string | undefined {
  const keys = new Set(deny.conditions.map(({ key }) => key));
  const open = later.filter(({ conditions }) => !conditions.some(({ key }) => keys.has(key)));
  for (const rule of open) {
    if (!overlap(deny, rule)) continue;
    if (rule.effect !== 'deny') return nameOf(rule);
    if (rule.conditions.length === 0 && rule.actions.some(({ text }) => text === '*') && rule.resources === undefined)
      return undefined;
  }
  return fallback === 'deny' ? undefined : 'the default';
}

function contextFinding(
  deny: ParsedRule,
  later: readonly ParsedRule[],
  fallback: Effect,
): Pick<RuleFinding, 'kind' | 'message'> | undefined {
  if (deny.effect !== 'deny' || deny.conditions.length === 0) return undefined;
  const allowing = allowedWithout(deny, later, fallback);
  if (allowing === undefined) return undefined;
  const keys = deny.conditions.map(({ key }) => JSON.stringify(key)).join(', ');
  const message = `It does not apply when the context lacks ${keys}; ${allowing} may then allow the call. Prefer a conditional allow.`;
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

/**
 * Looks for what is valid and probably not meant, in the order of the walk.
 *
 * A rule is called duplicate, shadowed or unreachable only when it is certain that no request reaches
 * it. The other kinds are hints.
 */
export function lintRules(policies: readonly ParsedPolicy[]): readonly RuleFinding[] {
  const findings: RuleFinding[] = [];
  const reach = new ReachAnalysis();
  const walk = policies.flatMap(({ rules }) => rules);
  const fallback = defaultEffect(policies);
  let position = 0;
  for (const [policy, { rules }] of policies.entries()) {
    for (const [index, rule] of rules.entries()) {
      position += 1;
      const at = [policy, index] as const;
      const unreachable = reach.next(rule);
      if (unreachable) findings.push({ ...describeUnreachable(unreachable), at });
      const dependent = unreachable ? undefined : contextFinding(rule, walk.slice(position), fallback);
      if (dependent) findings.push({ ...dependent, at });
      for (const trap of trapFindings(rule)) findings.push({ ...trap, at });
    }
  }
  return findings;
}
