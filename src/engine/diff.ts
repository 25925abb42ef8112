import type { ParsedPolicy, ParsedRule } from '../policy/parsed-policy.ts';
import type { Attribute } from '../policy/context-values.ts';
import type { Effect } from '../policy/types.ts';
import { relevantRules } from './changed-rules.ts';
import { Effort } from './effort.ts';
import { defaultEffect } from './lint.ts';
import type { Language, NameClass } from './name-classes.ts';
import { ACTIONS, RESOURCES, VALUES, classesOf, languageOfPatterns } from './name-classes.ts';
import { actionsOf, resourcesOf } from './rule-languages.ts';

/** A request that stands for all that the rules of both policies cannot tell from it. */
export interface RepresentativeRequest {
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, Attribute>>;
  /** Set when only a deny rule that matches another name of the resource makes the difference. */
  readonly aliases?: readonly string[];
}

/** The representatives that two policies decide differently. */
export interface DifferingRequests {
  readonly requests: readonly RepresentativeRequest[];
  /** False when the policies tell too many requests apart to go through all of them. */
  readonly isComplete: boolean;
}

interface Named {
  readonly example: string;
  readonly rules: ReadonlySet<ParsedRule>;
}

interface ContextClass {
  readonly context: Readonly<Record<string, Attribute>>;
  readonly rules: ReadonlySet<ParsedRule>;
}

/** Rules in their order, and what applies when none matches. */
export interface Walk {
  readonly rules: readonly ParsedRule[];
  readonly fallback: Effect;
}

const MOST_CONTEXTS = 5000;
const MOST_COMPARED = 20_000_000;
const MOST_FOUND = 10_000;

// Rules share languages; each is put into the automaton once.
function namedClasses(
  rules: readonly ParsedRule[],
  languageOf: (rule: ParsedRule) => Language,
  { domain, effort }: { readonly domain: typeof ACTIONS; readonly effort: Effort },
): { readonly classes: readonly Named[]; readonly isComplete: boolean } {
  const languages: Language[] = [];
  const users: ParsedRule[][] = [];
  const indexes = new Map<string, number>();
  for (const rule of rules) {
    const language = languageOf(rule);
    const key = JSON.stringify(language);
    const index = indexes.get(key) ?? languages.push(language) - 1;
    indexes.set(key, index);
    (users[index] ??= []).push(rule);
  }
  const { classes, isComplete } = classesOf(languages, domain, effort);
  const named = classes.map(({ example, members }: NameClass): Named => ({
    example,
    rules: new Set([...members].flatMap((member) => users[member] ?? [])),
  }));
  return { classes: named, isComplete };
}

interface ValueClass {
  readonly value: Attribute | undefined;
  readonly rules: ReadonlySet<ParsedRule>;
}

function acceptsOf(rule: ParsedRule, key: string): ParsedRule['conditions'][number]['accepts'] | undefined {
  return rule.conditions.find((condition) => condition.key === key)?.accepts;
}

function valueClasses(
  rules: readonly ParsedRule[],
  key: string,
  effort: Effort,
): { readonly classes: readonly ValueClass[]; readonly isComplete: boolean } {
  const asking = rules.filter((rule) => acceptsOf(rule, key) !== undefined);
  const texts = asking.filter((rule) => typeof acceptsOf(rule, key) === 'object');
  const languageOf = (rule: ParsedRule): Language => {
    const accepts = acceptsOf(rule, key);
    return typeof accepts === 'object' ? languageOfPatterns(accepts) : [];
  };
  const { classes, isComplete } = namedClasses(texts, languageOf, { domain: VALUES, effort });
  const exact = new Set(asking.map((rule) => acceptsOf(rule, key)).filter((accepts) => typeof accepts !== 'object'));
  const values = [...exact].map((value) => ({
    value,
    rules: new Set(asking.filter((rule) => acceptsOf(rule, key) === value)),
  }));
  // A value that no rule accepts is to the rules what an absent one is.
  const accepted = classes.filter((named) => named.rules.size > 0);
  const strings = accepted.map((named) => ({ value: named.example, rules: named.rules }));
  return { classes: [{ value: undefined, rules: new Set<ParsedRule>() }, ...values, ...strings], isComplete };
}

function* refined(
  classes: readonly ContextClass[],
  key: string,
  values: readonly ValueClass[],
): Generator<ContextClass> {
  let left = MOST_CONTEXTS;
  for (const one of classes) {
    for (const { value, rules } of values) {
      if ((left -= 1) < 0) return;
      yield {
        context: value === undefined ? one.context : { ...one.context, [key]: value },
        rules: new Set([...one.rules].filter((rule) => acceptsOf(rule, key) === undefined || rules.has(rule))),
      };
    }
  }
}

function contextClasses(
  rules: readonly ParsedRule[],
  effort: Effort,
): {
  readonly classes: readonly ContextClass[];
  readonly isComplete: boolean;
} {
  const keys = new Set(rules.flatMap(({ conditions }) => conditions.map(({ key }) => key)));
  let isComplete = true;
  let classes: readonly ContextClass[] = [{ context: {}, rules: new Set(rules) }];
  for (const key of keys) {
    const values = valueClasses(rules, key, effort);
    isComplete &&= values.isComplete && classes.length * values.classes.length <= MOST_CONTEXTS;
    classes = [...refined(classes, key, values.classes)];
  }
  return { classes, isComplete };
}

interface Reached {
  /** Index of the first rule that matches, and of the first deny that does. */
  readonly first: number;
  readonly denial: number;
  readonly effect: Effect;
}

function reach(walk: Walk, matches: (rule: ParsedRule) => boolean): Reached {
  const first = walk.rules.findIndex(matches);
  const denial = walk.rules.findIndex((rule) => rule.effect === 'deny' && matches(rule));
  const end = walk.rules.length;
  return {
    first: first === -1 ? end : first,
    denial: denial === -1 ? end : denial,
    effect: walk.rules[first]?.effect ?? walk.fallback,
  };
}

// A deny matches by any name, the rest by the first: with another name, an earlier deny decides.
function effectWith(name: Reached, alias: Reached): Effect {
  return alias.denial < name.first ? 'deny' : name.effect;
}

interface Column {
  readonly example: string;
  readonly before: Reached;
  readonly after: Reached;
}

function* differingIn(columns: readonly Column[]): Generator<{ resource: string; alias?: string }> {
  const denied = new Map(columns.map((column) => [`${column.before.denial} ${column.after.denial}`, column]));
  for (const { example: resource, before, after } of columns) {
    if (before.effect !== after.effect) {
      yield { resource };
      continue;
    }
    const differing = [...denied.values()].filter(
      (alias) => effectWith(before, alias.before) !== effectWith(after, alias.after),
    );
    for (const { example: alias } of differing) yield { resource, alias };
  }
}

/**
 * The requests that two policies decide with another effect, one for each class of requests that the
 * rules of both cannot tell apart: all combinations of the classes of actions, resources, one further
 * name of the resource, and values of each context key, the absent one included.
 *
 * One further name is enough: a request with several is denied exactly when it would be with one of them.
 */
export function findDiffering(before: readonly ParsedPolicy[], after: readonly ParsedPolicy[]): DifferingRequests {
  const [one, other] = [before, after].map((policies): Walk => ({
    rules: policies.flatMap(({ rules }) => rules),
    fallback: defaultEffect(policies),
  })) as [Walk, Walk];
  // With another default, every request that no rule matches differs.
  const isSameDefault = one.fallback === other.fallback;
  const relevant = isSameDefault ? relevantRules(one.rules, other.rules) : { before: one.rules, after: other.rules };
  return compareWalks(
    { rules: relevant.before, fallback: one.fallback },
    { rules: relevant.after, fallback: other.fallback },
  );
}

/** The requests that two walks along rules decide with another effect; see `findDiffering`. */
export function compareWalks(one: Walk, other: Walk): DifferingRequests {
  const all = [...one.rules, ...other.rules];
  const effort = new Effort();
  const actions = namedClasses(all, actionsOf, { domain: ACTIONS, effort });
  const resources = namedClasses(all, resourcesOf, { domain: RESOURCES, effort });
  const contexts = contextClasses(all, effort);
  let isComplete = actions.isComplete && resources.isComplete && contexts.isComplete;
  const requests: RepresentativeRequest[] = [];
  let compared = 0;
  for (const action of actions.classes) {
    for (const { context, rules } of contexts.classes) {
      compared += resources.classes.length * all.length;
      if (compared > MOST_COMPARED || requests.length > MOST_FOUND) return { requests, isComplete: false };
      const open =
        ({ rules: covering }: Named) =>
        (rule: ParsedRule) =>
          action.rules.has(rule) && covering.has(rule) && rules.has(rule);
      const columns = resources.classes.map((named): Column => ({
        example: named.example,
        before: reach(one, open(named)),
        after: reach(other, open(named)),
      }));
      for (const { resource, alias } of differingIn(columns))
        requests.push({ action: action.example, resource, context, ...(alias !== undefined && { aliases: [alias] }) });
    }
  }
  return { requests, isComplete };
}
