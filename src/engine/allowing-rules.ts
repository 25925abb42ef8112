import type { ParsedRule } from '../policy/parsed-policy.ts';

import type { LanguageComparison } from './compare-languages.ts';
import type { Language } from './name-classes.ts';
import { GlobLists, between } from './glob-lists.ts';
import { mayMeet } from './glob-meeting.ts';
import { ACTIONS, RESOURCES } from './name-classes.ts';
import { globsOf } from './probes.ts';
import { actionsOf, resourcesOf } from './rule-languages.ts';

const FEW = 32;

// Rules that ask for the same context keys and are for the same actions, by their resources.
interface RuleGroup {
  readonly keys: readonly string[];
  readonly actions: Language;
  readonly byResource: GlobLists;
}

/** What decides a call that a deny leaves alone, because the context lacks a key. */
export class AllowingRules {
  readonly #rules: readonly ParsedRule[];
  readonly #comparison: LanguageComparison;
  readonly #groups: RuleGroup[] = [];
  readonly #byAction = new GlobLists();
  /** Rule -> the first later one that denies everything. */
  readonly #closing: readonly number[];
  readonly #actions = new Map<Language, Map<Language, boolean>>();

  constructor(rules: readonly ParsedRule[], comparison: LanguageComparison) {
    this.#rules = rules;
    this.#comparison = comparison;
    const known = new Map<string, RuleGroup>();
    for (const [number, rule] of rules.entries()) if (rule.effect !== 'deny') this.#file(rule, number, known);
    const closing: number[] = [];
    for (let number = rules.length - 1, next = rules.length; number >= 0; number -= 1) {
      closing[number] = next;
      if (isClosing(rules[number] as ParsedRule)) next = number;
    }
    this.#closing = closing;
  }

  /**
   * The first later rule that allows some of the same requests without asking for a key of the deny;
   * "denied" when one that denies everything comes before, undefined when none comes.
   */
  find(number: number): ParsedRule | 'denied' | undefined {
    const deny = this.#rules[number] as ParsedRule;
    const end = this.#closing[number] ?? this.#rules.length;
    if (this.#comparison.effort.isSpent) return 'denied';
    const found = this.#scan(number, end) ?? this.#search(number, end);
    if (found !== undefined) return this.#rules[found];
    return end < this.#rules.length && this.#meets(deny, this.#rules[end] as ParsedRule) ? 'denied' : undefined;
  }

  #file(rule: ParsedRule, number: number, known: Map<string, RuleGroup>): void {
    const keys = rule.conditions.map(({ key }) => key).toSorted();
    const actions = globsOf(rule.actions);
    const id = JSON.stringify([keys, actions]);
    let group = known.get(id);
    if (!group) {
      group = { keys, actions: actionsOf(rule), byResource: new GlobLists() };
      known.set(id, group);
      this.#byAction.add(actions, this.#groups.push(group) - 1);
    }
    group.byResource.add(globsOf(rule.resources), number);
  }

  // Where many do, one of the next rules nearly always does.
  #scan(number: number, end: number): number | undefined {
    const deny = this.#rules[number] as ParsedRule;
    const keys = new Set(deny.conditions.map(({ key }) => key));
    for (let later = number + 1; later < Math.min(end, number + 1 + FEW); later += 1) {
      const rule = this.#rules[later] as ParsedRule;
      const isOpen = rule.effect !== 'deny' && !rule.conditions.some(({ key }) => keys.has(key));
      if (isOpen && this.#shareAction(deny, actionsOf(rule)) && this.#meets(deny, rule)) return later;
    }
    return undefined;
  }

  #search(number: number, end: number): number | undefined {
    const deny = this.#rules[number] as ParsedRule;
    const keys = new Set(deny.conditions.map(({ key }) => key));
    const globs = globsOf(deny.resources);
    let best = end;
    for (const { keys: asked, actions, byResource } of this.#groupsFor(deny)) {
      if (!this.#comparison.effort.spend(1)) return undefined;
      if (asked.some((key) => keys.has(key)) || !this.#shareAction(deny, actions)) continue;
      for (const list of byResource.sharing(globs))
        best = this.#firstMeeting(deny, between(list, number + FEW, best)) ?? best;
    }
    return best === end ? undefined : best;
  }

  #groupsFor(deny: ParsedRule): readonly RuleGroup[] {
    const numbers = new Set(this.#byAction.sharing(globsOf(deny.actions)).flat());
    return [...numbers].map((number) => this.#groups[number] as RuleGroup);
  }

  #firstMeeting(deny: ParsedRule, numbers: Iterable<number>): number | undefined {
    for (const number of numbers) if (this.#meets(deny, this.#rules[number] as ParsedRule)) return number;
    return undefined;
  }

  #shareAction(deny: ParsedRule, actions: Language): boolean {
    const own = actionsOf(deny);
    const known = this.#actions.get(own) ?? new Map<Language, boolean>();
    this.#actions.set(own, known);
    let answer = known.get(actions);
    if (answer === undefined) known.set(actions, (answer = this.#comparison.haveCommon(own, actions, ACTIONS)));
    return answer;
  }

  #meets(deny: ParsedRule, other: ParsedRule): boolean {
    const { effort } = this.#comparison;
    effort.looks += 1;
    if (!effort.spend(1)) return false;
    const others = globsOf(other.resources);
    if (!globsOf(deny.resources).some((glob) => others.some((one) => mayMeet(glob, one)))) return false;
    effort.comparisons += 1;
    return this.#comparison.haveCommon(resourcesOf(deny), resourcesOf(other), RESOURCES);
  }
}

function isClosing({ effect, conditions, actions, resources }: ParsedRule): boolean {
  return (
    effect === 'deny' && conditions.length === 0 && actions.some(({ text }) => text === '*') && resources === undefined
  );
}
