import { Effort } from '../../src/engine/effort.ts';
import type { LintKind } from '../../src/engine/lint.ts';
import { defaultEffect } from '../../src/engine/lint.ts';
import type { Domain, Language } from '../../src/engine/name-classes.ts';
import {
  ACTIONS,
  ANYTHING,
  RESOURCES,
  VALUES,
  languageOfPatterns,
  walkClasses,
} from '../../src/engine/name-classes.ts';
import type { ParsedCondition, ParsedPolicy, ParsedRule } from '../../src/policy/parsed-policy.ts';

/** A finding about a pair of rules: what lint has to find, with the names of the rules that it has to name. */
export interface NaiveFinding {
  readonly kind: LintKind;
  readonly at: number;
  readonly by: readonly (string | number)[];
}

const effort = new Effort(Number.POSITIVE_INFINITY);

function isContained(inner: Language, outer: Language, domain: Domain): boolean {
  const walk = walkClasses([inner, outer], { domain, only: 0, effort });
  let step = walk.next();
  for (; step.done !== true; step = walk.next())
    if (step.value.members.has(0) && !step.value.members.has(1)) return false;
  return step.value;
}

function haveCommon(one: Language, other: Language, domain: Domain): boolean {
  for (const { members } of walkClasses([one, other], { domain, only: 0, effort }))
    if (members.has(0) && members.has(1)) return true;
  return false;
}

const actionsOf = (rule: ParsedRule): Language => languageOfPatterns(rule.actions);
const resourcesOf = (rule: ParsedRule): Language =>
  rule.resources === undefined ? ANYTHING : languageOfPatterns(rule.resources);

function acceptsWithin(inner: ParsedCondition['accepts'], outers: readonly ParsedCondition['accepts'][]): boolean {
  if (typeof inner !== 'object') return outers.includes(inner);
  const all = outers.filter((accepts) => typeof accepts === 'object').flatMap(languageOfPatterns);
  return all.length > 0 && isContained(languageOfPatterns(inner), all, VALUES);
}

function conditionsWithin(inner: ParsedRule, outer: ParsedRule, exceptKey?: string): boolean {
  return outer.conditions.every(({ key, accepts }) => {
    const own = inner.conditions.find((one) => one.key === key);
    return key === exceptKey || (own !== undefined && acceptsWithin(own.accepts, [accepts]));
  });
}

const sees = (outer: ParsedRule, inner: ParsedRule): boolean =>
  inner.effect !== 'deny' || outer.effect === 'deny' || isContained(ANYTHING, resourcesOf(outer), RESOURCES);

const covers = (outer: ParsedRule, inner: ParsedRule): boolean =>
  sees(outer, inner) &&
  conditionsWithin(inner, outer) &&
  isContained(actionsOf(inner), actionsOf(outer), ACTIONS) &&
  isContained(resourcesOf(inner), resourcesOf(outer), RESOURCES);

function coverBox(
  rule: ParsedRule,
  [action, resource]: readonly [Language, Language],
  earlier: readonly ParsedRule[],
): readonly ParsedRule[] | undefined {
  const hasAction = (outer: ParsedRule): boolean => isContained(action, actionsOf(outer), ACTIONS);
  const hasResource = (outer: ParsedRule): boolean => isContained(resource, resourcesOf(outer), RESOURCES);
  const hasConditions = (outer: ParsedRule): boolean => conditionsWithin(rule, outer);
  const byResource = earlier.filter((outer) => hasAction(outer) && hasConditions(outer));
  if (isContained(resource, byResource.flatMap(resourcesOf), RESOURCES))
    return byResource.filter((outer) => haveCommon(resourcesOf(outer), resource, RESOURCES));
  const byAction = earlier.filter((outer) => hasResource(outer) && hasConditions(outer));
  if (isContained(action, byAction.flatMap(actionsOf), ACTIONS))
    return byAction.filter((outer) => haveCommon(actionsOf(outer), action, ACTIONS));
  for (const { key, accepts } of rule.conditions) {
    const alike = earlier.filter(
      (outer) => hasAction(outer) && hasResource(outer) && conditionsWithin(rule, outer, key),
    );
    const values = alike.flatMap((outer) => outer.conditions.filter((one) => one.key === key));
    if (
      acceptsWithin(
        accepts,
        values.map((one) => one.accepts),
      )
    )
      return alike;
  }
  return undefined;
}

function coverTogether(rule: ParsedRule, earlier: readonly ParsedRule[]): readonly ParsedRule[] | undefined {
  const by = new Set<ParsedRule>();
  for (const action of actionsOf(rule)) {
    for (const resource of resourcesOf(rule)) {
      const covering = coverBox(rule, [[action], [resource]], earlier);
      if (!covering) return undefined;
      for (const one of covering) by.add(one);
    }
  }
  return earlier.filter((one) => by.has(one));
}

function reach(rule: ParsedRule, earlier: readonly ParsedRule[]): Omit<NaiveFinding, 'at'> | undefined {
  if (isContained(actionsOf(rule), [], ACTIONS) || isContained(resourcesOf(rule), [], RESOURCES))
    return { kind: 'matches-nothing', by: [] };
  const single = earlier.find((outer) => covers(outer, rule));
  if (single) {
    const isSame = single.effect === rule.effect && covers(rule, single);
    return { kind: isSame ? 'duplicate-rule' : 'shadowed-rule', by: [single.name] };
  }
  const together = coverTogether(
    rule,
    earlier.filter((outer) => sees(outer, rule)),
  );
  return together && { kind: 'unreachable-rule', by: together.map(({ name }) => name) };
}

function dependsOnContext(
  deny: ParsedRule,
  later: readonly ParsedRule[],
  fallback: string,
): Omit<NaiveFinding, 'at'> | undefined {
  if (deny.effect !== 'deny' || deny.conditions.length === 0) return undefined;
  const keys = new Set(deny.conditions.map(({ key }) => key));
  for (const rule of later.filter(({ conditions }) => !conditions.some(({ key }) => keys.has(key)))) {
    if (!haveCommon(resourcesOf(deny), resourcesOf(rule), RESOURCES)) continue;
    if (!haveCommon(actionsOf(deny), actionsOf(rule), ACTIONS)) continue;
    if (rule.effect !== 'deny') return { kind: 'deny-depends-on-context', by: [rule.name] };
    const isEverything = rule.conditions.length === 0 && rule.resources === undefined;
    if (isEverything && rule.actions.some(({ text }) => text === '*')) return undefined;
  }
  return fallback === 'deny' ? undefined : { kind: 'deny-depends-on-context', by: [] };
}

/** Compares every rule with every other one: what lint does, without an index and without a short way. */
export function naiveLint(policies: readonly ParsedPolicy[]): readonly NaiveFinding[] {
  const walk = policies.flatMap(({ rules }) => rules);
  const fallback = defaultEffect(policies);
  return walk.flatMap((rule, at) => {
    const found = reach(rule, walk.slice(0, at)) ?? dependsOnContext(rule, walk.slice(at + 1), fallback);
    return found ? [{ ...found, at }] : [];
  });
}
