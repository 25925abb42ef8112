import type { ParsedCondition, ParsedRule } from '../policy/parsed-policy.ts';
import type { Domain, Language } from './name-classes.ts';
import { ACTIONS, ANYTHING, RESOURCES, VALUES, isContained, languageOfPatterns } from './name-classes.ts';

/** Why no request reaches a rule. */
export type Unreachable =
  | { readonly kind: 'duplicate' | 'shadowed'; readonly by: readonly [ParsedRule] }
  | { readonly kind: 'covered'; readonly by: readonly ParsedRule[] }
  | { readonly kind: 'matches-nothing' };

/** The languages of the actions of a rule. */
export function actionsOf(rule: ParsedRule): Language {
  return languageOfPatterns(rule.actions);
}

/** The languages of the resources of a rule. */
export function resourcesOf(rule: ParsedRule): Language {
  return rule.resources === undefined ? ANYTHING : languageOfPatterns(rule.resources);
}

// The same few questions come up for many pairs of rules. Alternatives are compared by identity.
class Containment {
  readonly #known = new Map<Language, Map<Language, boolean>>();

  has(inner: Language, outer: Language, domain: Domain): boolean {
    const known = this.#known.get(inner) ?? new Map<Language, boolean>();
    this.#known.set(inner, known);
    let answer = known.get(outer);
    if (answer === undefined) {
      answer = isContained(inner, outer, domain);
      known.set(outer, answer);
    }
    return answer;
  }
}

/** A rule with its languages, each made once. */
interface Shape {
  readonly rule: ParsedRule;
  readonly actions: Language;
  readonly resources: Language;
  readonly isAnyResource: boolean;
}

/** One alternative of the actions and one of the resources of a rule, under its conditions. */
interface Box {
  readonly rule: ParsedRule;
  readonly action: Language;
  readonly resource: Language;
}

const MOST_BOXES = 2000;

function acceptsWithin(inner: ParsedCondition['accepts'], outer: readonly ParsedCondition['accepts'][]): boolean {
  if (typeof inner !== 'object') return outer.includes(inner);
  const languages = outer.filter((accepts) => typeof accepts === 'object');
  const [only = []] = languages;
  const all = languageOfPatterns(languages.length === 1 ? only : languages.flat());
  return all.length > 0 && isContained(languageOfPatterns(inner), all, VALUES);
}

function conditionWithin(inner: ParsedRule, outer: ParsedCondition): boolean {
  const own = inner.conditions.find(({ key }) => key === outer.key);
  return own !== undefined && acceptsWithin(own.accepts, [outer.accepts]);
}

/**
 * Finds the rules that no request reaches, going through the rules in the order of the walk.
 *
 * Sound: a rule is named only when the rules before it match every request that it matches. Not
 * complete: what only several rules that differ in more than one part cover together is not found.
 */
export class ReachAnalysis {
  readonly #containment = new Containment();
  readonly #earlier: Shape[] = [];

  /** Looks at the next rule. */
  next(rule: ParsedRule): Unreachable | undefined {
    const resources = resourcesOf(rule);
    const shape: Shape = {
      rule,
      actions: actionsOf(rule),
      resources,
      isAnyResource: isContained(ANYTHING, resources, RESOURCES),
    };
    const found = this.#find(shape);
    this.#earlier.push(shape);
    return found;
  }

  #find(shape: Shape): Unreachable | undefined {
    if (isContained(shape.actions, [], ACTIONS) || isContained(shape.resources, [], RESOURCES))
      return { kind: 'matches-nothing' };
    const single = this.#earlier.find((earlier) => this.#covers(earlier, shape));
    if (single) {
      const isSame = single.rule.effect === shape.rule.effect && this.#covers(shape, single);
      return { kind: isSame ? 'duplicate' : 'shadowed', by: [single.rule] };
    }
    if (shape.actions.length * shape.resources.length > MOST_BOXES) return undefined;
    return this.#coveredTogether(shape);
  }

  #covers(outer: Shape, inner: Shape): boolean {
    return (
      this.#coversConditions(outer, inner.rule) &&
      this.#containment.has(inner.actions, outer.actions, ACTIONS) &&
      this.#coversResource(outer, inner.rule, inner.resources)
    );
  }

  #coversConditions(outer: Shape, inner: ParsedRule): boolean {
    return outer.rule.conditions.every((condition) => conditionWithin(inner, condition));
  }

  #coversResource(outer: Shape, inner: ParsedRule, resource: Language): boolean {
    return this.#sees(outer, inner) && isContained(resource, outer.resources, RESOURCES);
  }

  // A deny also matches by an alias, which an allow before it never looks at.
  #sees(outer: Shape, inner: ParsedRule): boolean {
    return inner.effect !== 'deny' || outer.rule.effect === 'deny' || outer.isAnyResource;
  }

  #coveredTogether({ rule, actions, resources }: Shape): Unreachable | undefined {
    const by = new Set<ParsedRule>();
    const candidates = this.#earlier.filter((earlier) => this.#sees(earlier, rule));
    for (const action of actions.map((tokens) => [tokens])) {
      for (const resource of resources.map((tokens) => [tokens])) {
        const covering = this.#coverBox({ rule, action, resource }, candidates);
        if (!covering) return undefined;
        for (const { rule: one } of covering) by.add(one);
      }
    }
    return { kind: 'covered', by: [...by] };
  }

  // Rules that agree in all parts but one cover together what their union covers in that part.
  #coverBox(box: Box, candidates: readonly Shape[]): readonly Shape[] | undefined {
    const byAction = candidates.filter(({ actions }) => this.#containment.has(box.action, actions, ACTIONS));
    const open = byAction.filter((shape) => this.#coversConditions(shape, box.rule));
    if (
      isContained(
        box.resource,
        open.flatMap(({ resources }) => resources),
        RESOURCES,
      )
    )
      return open;
    const byResource = candidates.filter((shape) => this.#coversResource(shape, box.rule, box.resource));
    const alike = byResource.filter((shape) => this.#coversConditions(shape, box.rule));
    if (
      isContained(
        box.action,
        alike.flatMap(({ actions }) => actions),
        ACTIONS,
      )
    )
      return alike;
    return this.#coverByValues(
      box.rule,
      byResource.filter((shape) => byAction.includes(shape)),
    );
  }

  #coverByValues(rule: ParsedRule, shapes: readonly Shape[]): readonly Shape[] | undefined {
    for (const { key, accepts } of rule.conditions) {
      const alike = shapes.filter(({ rule: outer }) =>
        outer.conditions.every((condition) => condition.key === key || conditionWithin(rule, condition)),
      );
      const values = alike.flatMap(({ rule: outer }) => outer.conditions.filter((one) => one.key === key));
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
}
