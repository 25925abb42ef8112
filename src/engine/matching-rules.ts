import type { ParsedPolicy } from '../policy/parsed-policy.ts';
import type { Attribute } from '../policy/context-values.ts';
import { finish } from '../policy/steps.ts';
import type { Bucket, BucketSearch } from './bucket.ts';
import { compilePolicy } from './compile.ts';
import type { CompiledGlob } from './compiled-glob.ts';
import { matchesGlob } from './compiled-glob.ts';
import type { Effort } from './effort.ts';
import type { RuleIndex } from './rule-index.ts';
import { buildRuleIndex } from './rule-index.ts';
import type { CompiledRule } from './rule.ts';

/** A request that some rule matches. */
export interface Probe {
  readonly action: string;
  readonly resource: string;
  readonly context: ReadonlyMap<string, Attribute>;
}

/** Which rules are of interest, by their numbers. */
export interface RuleRange {
  /** Default: 0. */
  readonly from?: number;
  readonly before: number;
  readonly isWanted: (rule: number) => boolean;
}

const BUCKET_SIZE = 8;

// As the search for a decision does it, only that it goes on after the first rule that matches.
class ProbeSearch implements BucketSearch {
  best: number;
  tried = 0;
  readonly action: string;
  readonly found = new Set<number>();
  readonly #index: RuleIndex;
  readonly #probe: Probe;
  readonly #range: Required<RuleRange>;
  readonly #isFirstOnly: boolean;

  constructor(index: RuleIndex, probe: Probe, options: Required<RuleRange> & { readonly isFirstOnly: boolean }) {
    this.#index = index;
    this.#probe = probe;
    this.#range = options;
    this.#isFirstOnly = options.isFirstOnly;
    this.action = probe.action;
    this.best = Number.POSITIVE_INFINITY;
  }

  run(end: number): void {
    const { byResource, anyResource } = this.#index;
    this.best = end;
    byResource.visit(this.#probe.resource, this);
    if (anyResource !== undefined) this.visit(anyResource);
  }

  attribute(key: string): Attribute | undefined {
    return this.#probe.context.get(key);
  }

  presentKeys(most: number): Iterable<string> | undefined {
    const { context } = this.#probe;
    return context.size < most ? context.keys() : undefined;
  }

  visit(bucket: Bucket): void {
    if (typeof bucket === 'number') this.#try(bucket);
    else if (!('visit' in bucket)) this.#tryInOrder(bucket);
    else if (bucket.first < this.best) bucket.visit(this);
  }

  #tryInOrder(entries: readonly number[]): void {
    for (const entry of entries) {
      if (entry >= this.best) return;
      this.#try(entry);
    }
  }

  #try(entry: number): void {
    if (entry >= this.best) return;
    this.tried += 1;
    const { rules, ruleOf, globOf } = this.#index;
    const number = ruleOf[entry] ?? -1;
    const rule = rules[number];
    if (rule === undefined || number < this.#range.from || !this.#range.isWanted(number)) return;
    if (!this.#matches(rule, globOf[entry])) return;
    if (this.#isFirstOnly) this.found.clear();
    this.found.add(number);
    if (this.#isFirstOnly) this.best = entry;
  }

  #matches({ actions, conditions }: CompiledRule, glob: CompiledGlob | undefined): boolean {
    return (
      (glob === undefined || matchesGlob(glob, this.#probe.resource)) &&
      actions.matches(this.action) &&
      conditions.every((condition) => condition.holds(this.attribute(condition.key)))
    );
  }
}

/** Finds the rules that match a request, through the index that decisions are made with. */
export class MatchingRules {
  readonly #index: RuleIndex;
  readonly #effort: Effort;
  /** Rule -> its first entry. */
  readonly #entries: readonly number[];

  constructor(policies: readonly ParsedPolicy[], effort: Effort) {
    this.#effort = effort;
    const { rules } = compilePolicy(policies, 'lint', { isIndexed: false, remembered: 0 });
    this.#index = finish(buildRuleIndex(rules, BUCKET_SIZE));
    let entry = 0;
    this.#entries = rules.map((rule) => (entry += rule.resourceGlobs.length) - rule.resourceGlobs.length);
  }

  /** The number of the first rule that matches. */
  first(probe: Probe, range: RuleRange): number | undefined {
    const [first] = this.#search(probe, range, true);
    return first;
  }

  /** The numbers of all rules that match, in ascending order. */
  all(probe: Probe, range: RuleRange): readonly number[] {
    return [...this.#search(probe, range, false)].toSorted((a, b) => a - b);
  }

  #search(probe: Probe, range: RuleRange, isFirstOnly: boolean): ReadonlySet<number> {
    const search = new ProbeSearch(this.#index, probe, { from: 0, ...range, isFirstOnly });
    search.run(this.#entries[range.before] ?? Number.POSITIVE_INFINITY);
    this.#effort.spend(search.tried);
    return search.found;
  }
}
