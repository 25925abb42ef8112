import { widenToolPattern } from './canonical-pattern.ts';
import type { CutPattern, PatternKind } from './glob.ts';
import { cutPattern } from './glob.ts';
import { hasUnjudgeableCharacter } from './names.ts';
import type { Condition, Effect, Policy, Rule } from './types.ts';

/** One condition: the context key, and the patterns or the exact value it is compared with. */
export interface ParsedCondition {
  readonly key: string;
  readonly accepts: readonly CutPattern[] | number | boolean;
}

/** One rule in the form that both dialects are brought to. */
export interface ParsedRule {
  readonly effect: Effect;
  readonly actions: readonly CutPattern[];
  /** Undefined: any resource. */
  readonly resources: readonly CutPattern[] | undefined;
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

/** What the rules of one policy have in common. */
export type PolicyHead = Omit<Policy, 'rules'>;

/** Thrown for a pattern that the policy language refuses. */
class PatternRefused extends Error {}

const DEFAULT_PRIORITY = 100;
const NO_CONDITIONS: readonly ParsedCondition[] = [];
const MOST_REMEMBERED = 4096;

function cut(text: string, kind: PatternKind): CutPattern {
  const pattern = cutPattern(text, kind);
  if ('message' in pattern || (kind !== 'value' && hasUnjudgeableCharacter(text)))
    throw new PatternRefused('A pattern reached the compiler unchecked.');
  return pattern;
}

function effectOf(rule: Rule): Effect {
  if (rule.effect !== undefined) return rule.effect;
  return rule.allow === undefined ? 'deny' : 'allow';
}

// Rules say the same few things again and again; those are read once.
class RememberedPatterns {
  readonly #known = new Map<string, readonly CutPattern[]>();
  readonly #read: (text: string) => CutPattern;

  constructor(read: (text: string) => CutPattern) {
    this.#read = read;
  }

  read(texts: string | readonly string[]): readonly CutPattern[] {
    if (typeof texts === 'string') return this.#readOne(texts);
    const [only = ''] = texts;
    return texts.length === 1 ? this.#readOne(only) : texts.map(this.#read);
  }

  #readOne(text: string): readonly CutPattern[] {
    const before = this.#known.get(text);
    if (before) return before;
    const patterns = [this.#read(text)];
    if (this.#known.size < MOST_REMEMBERED) this.#known.set(text, patterns);
    return patterns;
  }
}

function readAction(text: string): CutPattern {
  return cut(text, 'action');
}

function readToolAction(text: string): CutPattern {
  const pattern = readAction(text);
  const widened = widenToolPattern(text);
  return widened === text ? pattern : readAction(widened);
}

/** Brings rules to one form. */
export class RuleReader {
  readonly #actions: RememberedPatterns;
  readonly #values = new RememberedPatterns((text) => cut(text, 'value'));
  readonly #resources = new RememberedPatterns((text) => cut(text, 'resource'));

  constructor(policy: PolicyHead) {
    this.#actions = new RememberedPatterns(policy.version === undefined ? readAction : readToolAction);
  }

  /** @throws {PatternRefused} for a pattern that the policy language refuses */
  read(rule: Rule, index: number): ParsedRule {
    const resources = rule.resource ?? rule.resources;
    return {
      effect: effectOf(rule),
      actions: this.#actions.read(rule.allow ?? rule.deny ?? rule.action ?? rule.actions ?? []),
      resources: resources === undefined ? undefined : this.#resources.read(resources),
      conditions: this.#readConditions(rule.conditions ?? rule.when),
      name: rule.id ?? rule.name ?? index,
      reason: rule.reason,
    };
  }

  #readConditions(conditions: Rule['conditions']): readonly ParsedCondition[] {
    if (conditions === undefined) return NO_CONDITIONS;
    return Object.keys(conditions).map((key) => ({ key, accepts: this.#readAccepted(conditions[key] ?? []) }));
  }

  #readAccepted(accepts: Condition): ParsedCondition['accepts'] {
    return typeof accepts === 'number' || typeof accepts === 'boolean' ? accepts : this.#values.read(accepts);
  }
}

/** Brings a checked policy without its rules to the one form. */
export function readPolicyHead(policy: PolicyHead, index: number): Omit<ParsedPolicy, 'rules'> {
  return {
    name: policy.name ?? `policy-${index}`,
    priority: policy.priority ?? DEFAULT_PRIORITY,
    defaultAction: policy.default_action ?? (policy.settings?.['default_action'] as Effect | undefined),
  };
}

/** Policies in the order they apply: by priority, then as given. */
export function inOrderOfPriority<P extends Pick<ParsedPolicy, 'priority'>>(policies: readonly P[]): readonly P[] {
  return policies.toSorted((a, b) => a.priority - b.priority);
}

function policiesOf(document: unknown): readonly Policy[] {
  if (Array.isArray(document)) return document as readonly Policy[];
  const { policies } = document as { readonly policies?: readonly Policy[] };
  return policies ?? [document as Policy];
}

/** Brings a checked document to one form. */
export function readPolicies(document: unknown): readonly ParsedPolicy[] {
  const policies = policiesOf(document).map((policy, index): ParsedPolicy => {
    const reader = new RuleReader(policy);
    const rules = policy.rules.map((rule, at) => reader.read(rule, at));
    return Object.assign(readPolicyHead(policy, index), { rules });
  });
  return inOrderOfPriority(policies);
}
