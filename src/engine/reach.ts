import type { Glob } from '../policy/glob.ts';
import type { ParsedCondition, ParsedPolicy, ParsedRule } from '../policy/parsed-policy.ts';
import type { LanguageComparison } from './compare-languages.ts';
import type { Probe, RuleRange } from './matching-rules.ts';
import { MatchingRules } from './matching-rules.ts';
import { ACTIONS, RESOURCES } from './name-classes.ts';
import { Probes, globsOf } from './probes.ts';
import type { Box } from './rule-coverage.ts';
import { RuleCoverage } from './rule-coverage.ts';
import { actionsOf, resourcesOf } from './rule-languages.ts';

/** Why no request reaches a rule. */
export type Unreachable =
  | { readonly kind: 'duplicate' | 'shadowed'; readonly by: readonly [ParsedRule] }
  | { readonly kind: 'covered'; readonly by: readonly ParsedRule[] }
  | { readonly kind: 'matches-nothing' };

/** A request that a rule matches, with the first rule that can match it and every other one that was tried. */
interface Taken {
  readonly probe: Probe;
  readonly first: number;
}

const MOST_BOXES = 2000;
const FEW_BOXES = 8;

/** One of the actions of a rule, and one of its resources. */
type Alternative = readonly [action: Glob, resource: Glob];

function boxesOf({ actions, resources }: ParsedRule): Alternative[] {
  return globsOf(actions).flatMap((action) => globsOf(resources).map((resource) => [action, resource] as const));
}

/**
 * Finds the rules that no request reaches.
 *
 * Nearly every rule is reached by a request that is easily made up, and the index of decisions says whether a
 * rule before it takes that request. Only where one does, rules are compared by what they match.
 *
 * Sound: a rule is named only when the rules before it match every request that it matches. Not
 * complete: what only several rules that differ in more than one part cover together is not found.
 */
export class ReachAnalysis {
  readonly #rules: readonly ParsedRule[];
  readonly #comparison: LanguageComparison;
  readonly #coverage: RuleCoverage;
  readonly #matching: MatchingRules;
  readonly #probes: Probes;

  constructor(policies: readonly ParsedPolicy[], comparison: LanguageComparison) {
    this.#rules = policies.flatMap(({ rules }) => rules);
    this.#comparison = comparison;
    this.#coverage = new RuleCoverage(comparison);
    this.#matching = new MatchingRules(policies, comparison.effort);
    this.#probes = new Probes(this.#rules);
  }

  /** Looks at a rule, by its number in the walk. */
  find(number: number): Unreachable | undefined {
    const rule = this.#rules[number];
    if (!rule || this.#comparison.effort.isSpent) return undefined;
    const taken = this.#takenProbe(number, rule);
    if (taken === 'reached') return undefined;
    if (taken === undefined && this.#matchesNothing(rule)) return { kind: 'matches-nothing' };
    const single = this.#findSingle(number, taken);
    if (single) {
      const isSame = single.effect === rule.effect && this.#coverage.covers(rule, single);
      return { kind: isSame ? 'duplicate' : 'shadowed', by: [single] };
    }
    return this.#coveredTogether(number, rule);
  }

  #before(number: number, rule: ParsedRule): RuleRange {
    const isWanted = (earlier: number): boolean => this.#coverage.sees(this.#rules[earlier] as ParsedRule, rule);
    return { before: number, isWanted };
  }

  // A rule that covers this one matches all of its requests, so it cannot stand before the first that matches one.
  #takenProbe(number: number, rule: ParsedRule): Taken | 'reached' | undefined {
    const range = this.#before(number, rule);
    let taken: Taken | undefined;
    for (const [action, resource] of boxesOf(rule).slice(0, FEW_BOXES)) {
      for (const probe of this.#probes.of(rule, action, resource)) {
        const first = this.#matching.first(probe, range);
        if (first === undefined) return 'reached';
        if (!taken || first > taken.first) taken = { probe, first };
      }
    }
    return taken;
  }

  #matchesNothing(rule: ParsedRule): boolean {
    const { effort } = this.#comparison;
    return (
      effort.spend(1) &&
      (this.#comparison.isContained(actionsOf(rule), [], ACTIONS) ||
        this.#comparison.isContained(resourcesOf(rule), [], RESOURCES))
    );
  }

  #findSingle(number: number, taken: Taken | undefined): ParsedRule | undefined {
    const rule = this.#rules[number] as ParsedRule;
    for (const candidate of this.#candidates(number, rule, taken)) {
      const earlier = this.#rules[candidate] as ParsedRule;
      if (!this.#comparison.effort.spend(1)) return undefined;
      if (this.#coverage.covers(earlier, rule)) return earlier;
    }
    return undefined;
  }

  *#candidates(number: number, rule: ParsedRule, taken: Taken | undefined): Generator<number> {
    const range = this.#before(number, rule);
    if (taken) {
      yield taken.first;
      yield* this.#matching.all(taken.probe, { ...range, from: taken.first + 1 });
    } else {
      yield* this.#allBefore(range);
    }
  }

  #coveredTogether(number: number, rule: ParsedRule): Unreachable | undefined {
    const boxes = boxesOf(rule);
    if (boxes.length > MOST_BOXES) this.#comparison.effort.leaveOut();
    if (boxes.length > MOST_BOXES || boxes.some((box) => this.#isReached(number, rule, box))) return undefined;
    const languages = this.#coverage.boxesOf(rule);
    const by = new Set<ParsedRule>();
    for (const [at, box] of boxes.entries()) {
      const covering = this.#coverOne(number, rule, box) ?? this.#coverBox(number, rule, languages[at]);
      if (!covering) return undefined;
      for (const one of covering) by.add(one);
    }
    return { kind: 'covered', by: this.#rules.slice(0, number).filter((one) => by.has(one)) };
  }

  #isReached(number: number, rule: ParsedRule, [action, resource]: Alternative): boolean {
    const range = this.#before(number, rule);
    for (const probe of this.#probes.of(rule, action, resource))
      if (this.#matching.first(probe, range) === undefined) return true;
    return false;
  }

  // Where there is only one such request, the rules that match it cover it, and some rule does.
  #coverOne(number: number, rule: ParsedRule, [action, resource]: Alternative): readonly ParsedRule[] | undefined {
    if (typeof action !== 'string' || typeof resource !== 'string' || !rule.conditions.every(acceptsOne))
      return undefined;
    const [probe] = this.#probes.of(rule, action, resource);
    return probe && this.#matching.all(probe, this.#before(number, rule)).map((at) => this.#rules[at] as ParsedRule);
  }

  #coverBox(number: number, rule: ParsedRule, box: Box | undefined): readonly ParsedRule[] | undefined {
    const earlier = [...this.#allBefore(this.#before(number, rule))].map((at) => this.#rules[at] as ParsedRule);
    return box && this.#coverage.coverBox(box, earlier);
  }

  *#allBefore({ before, isWanted }: RuleRange): Generator<number> {
    for (let earlier = 0; earlier < before && this.#comparison.effort.spend(1); earlier += 1)
      if (isWanted(earlier)) yield earlier;
  }
}

function acceptsOne({ accepts }: ParsedCondition): boolean {
  if (typeof accepts !== 'object') return true;
  const [glob, ...more] = globsOf(accepts);
  return typeof glob === 'string' && more.length === 0;
}
