import { canonicalActionPattern, canonicalResourcePattern, widenToolPattern } from './canonical-pattern.ts';
import type { Pattern } from './pattern.ts';
import { parsePattern } from './pattern.ts';
import type { Condition, Effect, Policy, Rule } from './types.ts';

/** One condition: the context key, and the patterns or the exact value it is compared with. */
export interface ParsedCondition {
  readonly key: string;
  readonly accepts: readonly Pattern[] | number | boolean;
}

/** One rule in the form that both dialects are brought to. */
export interface ParsedRule {
  readonly effect: Effect;
  readonly actions: readonly Pattern[];
  /** Undefined: any resource. */
  readonly resources: readonly Pattern[] | undefined;
  readonly conditions: readonly ParsedCondition[];
  /** Id or index in the policy. */
  readonly name: string | number;
  readonly reason: string | undefined;
}

/** One policy in the form that both dialects are brought to. */
export interface ParsedPolicy {
  readonly name: string;
  readonly priority: number;
  readonly defaultAction: Effect | undefined;
  readonly rules: readonly ParsedRule[];
}

const DEFAULT_PRIORITY = 100;

function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

function mustParse(text: string): Pattern {
  const parsed = parsePattern(text);
  if ('message' in parsed) throw new TypeError('A pattern reached the compiler unchecked.');
  return parsed;
}

function readCondition([key, accepts]: readonly [string, Condition]): ParsedCondition {
  if (typeof accepts === 'number' || typeof accepts === 'boolean') return { key, accepts };
  return { key, accepts: listOf(accepts).map(mustParse) };
}

function readActions(rule: Rule, isFileDialect: boolean): readonly Pattern[] {
  const texts = listOf(rule.allow ?? rule.deny ?? rule.action ?? rule.actions ?? []);
  return texts.map((text) => canonicalActionPattern(mustParse(isFileDialect ? widenToolPattern(text) : text)));
}

function readEffect(rule: Rule): Effect {
  if (rule.effect !== undefined) return rule.effect;
  return rule.allow === undefined ? 'deny' : 'allow';
}

function readRule(rule: Rule, index: number, isFileDialect: boolean): ParsedRule {
  const resources = rule.resource ?? rule.resources;
  return {
    effect: readEffect(rule),
    actions: readActions(rule, isFileDialect),
    resources:
      resources === undefined ? undefined : listOf(resources).map((text) => canonicalResourcePattern(mustParse(text))),
    conditions: Object.entries(rule.conditions ?? rule.when ?? {}).map(readCondition),
    name: rule.id ?? rule.name ?? index,
    reason: rule.reason,
  };
}

function readOnePolicy(policy: Policy, index: number): ParsedPolicy {
  const isFileDialect = policy.version !== undefined;
  return {
    name: policy.name ?? `policy-${index}`,
    priority: policy.priority ?? DEFAULT_PRIORITY,
    defaultAction: policy.default_action ?? (policy.settings?.['default_action'] as Effect | undefined),
    rules: policy.rules.map((rule, at) => readRule(rule, at, isFileDialect)),
  };
}

function policiesOf(document: unknown): readonly Policy[] {
  if (Array.isArray(document)) return document as readonly Policy[];
  const { policies } = document as { readonly policies?: readonly Policy[] };
  return policies ?? [document as Policy];
}

/** Brings a checked document to one form, policies in the order they apply: by priority, then as given. */
export function readPolicies(document: unknown): readonly ParsedPolicy[] {
  const policies = policiesOf(document).map(readOnePolicy);
  return policies.toSorted((a, b) => a.priority - b.priority);
}
