import type { ParsedCondition, ParsedRule } from '../policy/parsed-policy.ts';
import { lowerBound } from './affix-index.ts';
import { mayMeet } from './glob-meeting.ts';
import { globsOf } from './probes.ts';

/** The rules of two policies that can have to do with a difference. */
export interface RelevantRules {
  readonly before: readonly ParsedRule[];
  readonly after: readonly ParsedRule[];
}

// Looking for what each of more shares with all others would take longer than it saves.
const MOST_CHANGED = 200;

function textOfAccepts({ accepts }: ParsedCondition): unknown {
  return typeof accepts === 'object' ? globsOf(accepts) : accepts;
}

// What a rule means, without its name and reason.
function meaningOf({ effect, actions, resources, conditions }: ParsedRule): string {
  const asked = conditions.map((one) => [one.key, textOfAccepts(one)] as const);
  const sorted = asked.toSorted(([a], [b]) => Number(a > b) - Number(a < b));
  return JSON.stringify([effect, globsOf(actions), globsOf(resources), sorted]);
}

// The place in one list of each rule of the other that means the same, each place once.
function placesIn(rules: readonly ParsedRule[], others: readonly ParsedRule[]): (number | undefined)[] {
  const places = new Map<string, number[]>();
  for (const [place, rule] of rules.entries()) {
    const meaning = meaningOf(rule);
    const known = places.get(meaning);
    if (known) known.push(place);
    else places.set(meaning, [place]);
  }
  for (const known of places.values()) known.reverse();
  return others.map((rule) => places.get(meaningOf(rule))?.pop());
}

// The longest ascending run of places, as indexes, with gaps allowed: the rules that did not move.
function longestAscending(places: readonly (number | undefined)[]): readonly number[] {
  const ends: number[] = [];
  const endOf: number[] = [];
  const previous: (number | undefined)[] = [];
  for (const [index, place] of places.entries()) {
    if (place === undefined) continue;
    const length = lowerBound(ends, place);
    ends[length] = place;
    endOf[length] = index;
    previous[index] = length === 0 ? undefined : endOf[length - 1];
  }
  const found: number[] = [];
  for (let at = endOf.at(-1); at !== undefined; at = previous[at]) found.push(at);
  return found.toReversed();
}

function shareValue(one: ParsedCondition, other: ParsedCondition): boolean {
  if (typeof one.accepts !== 'object' || typeof other.accepts !== 'object') return one.accepts === other.accepts;
  const others = globsOf(other.accepts);
  return globsOf(one.accepts).some((glob) => others.some((against) => mayMeet(glob, against)));
}

// Whether a request can be matched by both rules, whatever its names are.
function shareContext(one: ParsedRule, other: ParsedRule): boolean {
  const actions = globsOf(other.actions);
  if (!globsOf(one.actions).some((glob) => actions.some((against) => mayMeet(glob, against)))) return false;
  return one.conditions.every((condition) => {
    const against = other.conditions.find(({ key }) => key === condition.key);
    return against === undefined || shareValue(condition, against);
  });
}

// A deny matches by any name of a request, so it need not share one with what else matches that request.
function shareRequest(one: ParsedRule, other: ParsedRule): boolean {
  if (!shareContext(one, other)) return false;
  if (one.effect === 'deny' || other.effect === 'deny') return true;
  const others = globsOf(other.resources);
  return globsOf(one.resources).some((glob) => others.some((against) => mayMeet(glob, against)));
}

/**
 * Leaves out the rules that have nothing to do with what changed.
 *
 * Invariant: a request that no changed rule matches meets the same rules in the same order, and is decided
 * alike. So only requests that a changed rule matches can differ, and of the other rules only those that may
 * match such a request have a say. When nothing changed, nothing is left.
 */
export function relevantRules(before: readonly ParsedRule[], after: readonly ParsedRule[]): RelevantRules {
  const places = placesIn(before, after);
  const keptAfter = new Set(longestAscending(places));
  const keptBefore = new Set([...keptAfter].map((index) => places[index]));
  const changed = [
    ...before.filter((_, index) => !keptBefore.has(index)),
    ...after.filter((_, index) => !keptAfter.has(index)),
  ];
  if (changed.length > MOST_CHANGED) return { before, after };
  const isRelevant = (rule: ParsedRule): boolean => changed.some((one) => shareRequest(one, rule));
  return {
    before: before.filter((rule, index) => !keptBefore.has(index) || isRelevant(rule)),
    after: after.filter((rule, index) => !keptAfter.has(index) || isRelevant(rule)),
  };
}
