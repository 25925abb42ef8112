import type { ParsedCondition, ParsedRule } from '../policy/parsed-policy.ts';
import type { LanguageComparison } from './compare-languages.ts';
import type { Language } from './name-classes.ts';
import { ACTIONS, ANYTHING, RESOURCES, VALUES, languageOfPatterns } from './name-classes.ts';
import { actionsOf, resourcesOf } from './rule-languages.ts';

/** One alternative of the actions and one of the resources of a rule, under its conditions. */
export interface Box {
  readonly rule: ParsedRule;
  readonly action: Language;
  readonly resource: Language;
}

const knownOnes = new WeakMap<Language[number], Language>();

function languageOfOne(tokens: Language[number]): Language {
  const known = knownOnes.get(tokens) ?? [tokens];
  knownOnes.set(tokens, known);
  return known;
}

/** Whether rules match everything that another one matches. */
export class RuleCoverage {
  readonly #comparison: LanguageComparison;
  // The same few questions come up for many pairs of rules. Actions are compared by identity.
  readonly #actions = new Map<Language, Map<Language, boolean>>();
  readonly #anyResource = new WeakMap<ParsedRule, boolean>();

  constructor(comparison: LanguageComparison) {
    this.#comparison = comparison;
  }

  /** Whether one rule matches everything that another one matches. */
  covers(outer: ParsedRule, inner: ParsedRule): boolean {
    this.#comparison.effort.comparisons += 1;
    return (
      this.#coversConditions(outer, inner) &&
      this.#coversAction(outer, actionsOf(inner)) &&
      this.#coversResource(outer, inner, resourcesOf(inner))
    );
  }

  /** Whether a rule looks at all names by which another one matches: a deny also matches by an alias, an allow does not. */
  sees(outer: ParsedRule, inner: ParsedRule): boolean {
    return inner.effect !== 'deny' || outer.effect === 'deny' || this.#isAnyResource(outer);
  }

  /** The alternatives of a rule: every one of its actions with every one of its resources. */
  boxesOf(rule: ParsedRule): Box[] {
    const resources = resourcesOf(rule).map(languageOfOne);
    return actionsOf(rule).flatMap((action) =>
      resources.map((resource) => ({ rule, action: languageOfOne(action), resource })),
    );
  }

  /**
   * The rules that match together everything that one alternative of a rule matches: those that agree in all
   * parts but one cover together what their union covers in that part.
   *
   * @param candidates rules that see all names by which the rule matches
   */
  coverBox(box: Box, candidates: readonly ParsedRule[]): readonly ParsedRule[] | undefined {
    this.#comparison.effort.comparisons += candidates.length;
    if (!this.#comparison.effort.spend(candidates.length)) return undefined;
    const byAction = candidates.filter((outer) => this.#coversAction(outer, box.action));
    const open = byAction.filter((outer) => this.#coversConditions(outer, box.rule));
    if (this.#comparison.isContained(box.resource, open.flatMap(resourcesOf), RESOURCES))
      return open.filter((outer) => this.#comparison.haveCommon(resourcesOf(outer), box.resource, RESOURCES));
    const byResource = candidates.filter((outer) => this.#coversResource(outer, box.rule, box.resource));
    const alike = byResource.filter((outer) => this.#coversConditions(outer, box.rule));
    if (this.#comparison.isContained(box.action, alike.flatMap(actionsOf), ACTIONS))
      return alike.filter((outer) => this.#comparison.haveCommon(actionsOf(outer), box.action, ACTIONS));
    return this.#coverByValues(
      box.rule,
      byResource.filter((outer) => this.#coversAction(outer, box.action)),
    );
  }

  #coverByValues(rule: ParsedRule, outers: readonly ParsedRule[]): readonly ParsedRule[] | undefined {
    for (const { key, accepts } of rule.conditions) {
      const alike = outers.filter((outer) =>
        outer.conditions.every((condition) => condition.key === key || this.#conditionWithin(rule, condition)),
      );
      const values = alike.flatMap((outer) => outer.conditions.filter((one) => one.key === key));
      const accepted = values.map((one) => one.accepts);
      if (this.#acceptsWithin(accepts, accepted)) return alike;
    }
    return undefined;
  }

  #coversConditions(outer: ParsedRule, inner: ParsedRule): boolean {
    return outer.conditions.every((condition) => this.#conditionWithin(inner, condition));
  }

  #coversAction(outer: ParsedRule, action: Language): boolean {
    const all = actionsOf(outer);
    const known = this.#actions.get(action) ?? new Map<Language, boolean>();
    this.#actions.set(action, known);
    let answer = known.get(all);
    if (answer === undefined) known.set(all, (answer = this.#comparison.isContained(action, all, ACTIONS)));
    return answer;
  }

  #coversResource(outer: ParsedRule, inner: ParsedRule, resource: Language): boolean {
    return this.sees(outer, inner) && this.#comparison.isContained(resource, resourcesOf(outer), RESOURCES);
  }

  #isAnyResource(rule: ParsedRule): boolean {
    let answer = this.#anyResource.get(rule);
    if (answer === undefined) {
      answer = rule.resources === undefined || this.#comparison.isContained(ANYTHING, resourcesOf(rule), RESOURCES);
      this.#anyResource.set(rule, answer);
    }
    return answer;
  }

  #conditionWithin(inner: ParsedRule, outer: ParsedCondition): boolean {
    const own = inner.conditions.find(({ key }) => key === outer.key);
    return own !== undefined && this.#acceptsWithin(own.accepts, [outer.accepts]);
  }

  #acceptsWithin(inner: ParsedCondition['accepts'], outer: readonly ParsedCondition['accepts'][]): boolean {
    if (typeof inner !== 'object') return outer.includes(inner);
    const languages = outer.filter((accepts) => typeof accepts === 'object');
    const [only = []] = languages;
    const all = languageOfPatterns(languages.length === 1 ? only : languages.flat());
    return all.length > 0 && this.#comparison.isContained(languageOfPatterns(inner), all, VALUES);
  }
}
