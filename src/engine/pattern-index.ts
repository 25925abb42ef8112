import type { Steps } from '../policy/steps.ts';
import { AffixTable } from './affix-table.ts';
import type { Bucket, BucketSearch } from './bucket.ts';
import { firstOf, withEntry } from './bucket.ts';
import type { AcceptedValue } from './conditions.ts';
import { FragmentTable } from './fragment-table.ts';
import type { Fragment, Place } from './fragments.ts';
import { fragmentsOf } from './fragments.ts';
import { scatter } from './rolling-hash.ts';
import type { Wildcard } from './wildcard.ts';

/** A bucket that more entries may come into. */
type OpenBucket = number | number[];

/** Makes a narrower index of a bucket with many entries. */
export type Narrow = (entries: readonly number[]) => Steps<Bucket>;

interface IndexParts {
  readonly literals: ReadonlyMap<string | number | boolean, Bucket>;
  readonly tables: readonly (AffixTable | FragmentTable)[];
  readonly rest: Bucket | undefined;
}

/**
 * Entries by the patterns of one part of a rule: its resource, its action, or one of its conditions.
 *
 * Invariant: an entry whose pattern matches a value is in a bucket that `visit` tries for this value.
 * Literals are under themselves, wildcards under one literal fragment of theirs, the rarest; what has
 * none is in the rest, which is always tried.
 */
export class PatternIndex {
  readonly #literals: ReadonlyMap<string | number | boolean, Bucket>;
  readonly #tables: readonly (AffixTable | FragmentTable)[];
  readonly #rest: Bucket | undefined;

  constructor({ literals, tables, rest }: IndexParts) {
    this.#literals = literals;
    this.#tables = tables;
    this.#rest = rest;
  }

  /** Tries every entry whose pattern may match the value. */
  visit(value: string | number | boolean, search: BucketSearch): void {
    const literal = this.#literals.get(value);
    if (literal !== undefined) search.visit(literal);
    if (typeof value !== 'string') return;
    const tables = this.#tables;
    for (let index = 0; index < tables.length; index += 1) tables[index]?.visit(value, search);
    const rest = this.#rest;
    if (rest !== undefined && firstOf(rest) < search.best) search.visit(rest);
  }
}

const WILDCARDS_PER_STEP = 128;
// What so few share is rare enough, and a look at the start of a name is the cheapest.
const RARE = 4;

// Counts fragments roughly: two that meet in one place only make each other look more common.
class FragmentCounts {
  readonly #counts: Uint32Array;

  constructor(wildcards: number) {
    let size = 64;
    while (size < wildcards * 8) size *= 2;
    this.#counts = new Uint32Array(size);
  }

  add(fragment: Fragment): void {
    const at = this.#placeOf(fragment);
    this.#counts[at] = this.of(fragment) + 1;
  }

  of(fragment: Fragment): number {
    return this.#counts[this.#placeOf(fragment)] ?? 0;
  }

  #placeOf({ place, size, hash }: Fragment): number {
    return scatter(hash + place.charCodeAt(1) * 0x51_ed + size * 0x9e_37_79_b1) & (this.#counts.length - 1);
  }
}

function rarest(fragments: readonly Fragment[], counts: FragmentCounts): Fragment | undefined {
  let best: Fragment | undefined;
  let bestCount = Number.POSITIVE_INFINITY;
  for (const fragment of fragments) {
    const count = counts.of(fragment);
    if (count < bestCount) [best, bestCount] = [fragment, count];
    if (bestCount <= RARE) break;
  }
  return best;
}

/** Files entries, given in ascending order, and makes the index of them. */
export class PatternIndexBuilder {
  readonly #literals = new Map<string | number | boolean, OpenBucket>();
  readonly #wildcards: (readonly [entry: number, wildcard: Wildcard])[] = [];
  readonly #byPlace = new Map<string, Map<number, OpenBucket>>();
  readonly #sizes: Record<Place, Set<number>> = { prefix: new Set(), suffix: new Set(), part: new Set() };
  #rest: OpenBucket | undefined;

  add(entry: number, value: AcceptedValue): void {
    if (typeof value === 'object') this.#wildcards.push([entry, value]);
    else this.#literals.set(value, withEntry(this.#literals.get(value), entry));
  }

  *build(narrow: Narrow): Steps<PatternIndex> {
    yield* this.#fileWildcards();
    yield* narrowAll(this.#literals, narrow);
    for (const buckets of this.#byPlace.values()) yield* narrowAll(buckets, narrow);
    const rest = typeof this.#rest === 'object' ? yield* narrow(this.#rest) : this.#rest;
    return new PatternIndex({ literals: this.#literals, tables: this.#createTables(), rest });
  }

  *#fileWildcards(): Steps<void> {
    const counts = new FragmentCounts(this.#wildcards.length);
    for (const [index, [, wildcard]] of this.#wildcards.entries()) {
      if (index % WILDCARDS_PER_STEP === 0) yield;
      for (const fragment of fragmentsOf(wildcard)) counts.add(fragment);
    }
    for (const [index, [entry, wildcard]] of this.#wildcards.entries()) {
      if (index % WILDCARDS_PER_STEP === 0) yield;
      const fragment = rarest(fragmentsOf(wildcard), counts);
      if (fragment) this.#file(entry, fragment);
      else this.#rest = withEntry(this.#rest, entry);
    }
  }

  #file(entry: number, { place, size, hash }: Fragment): void {
    this.#sizes[place].add(size);
    const key = placeKey(place, size);
    let buckets = this.#byPlace.get(key);
    if (!buckets) this.#byPlace.set(key, (buckets = new Map()));
    buckets.set(hash, withEntry(buckets.get(hash), entry));
  }

  #createTables(): (AffixTable | FragmentTable)[] {
    const { prefix, suffix, part } = this.#sizes;
    const none = new Map<number, Bucket>();
    const tables: (AffixTable | FragmentTable)[] = [];
    if (prefix.size > 0) tables.push(new AffixTable('prefix', prefix, this.#byPlace.get('prefix') ?? none));
    if (suffix.size > 0) tables.push(new AffixTable('suffix', suffix, this.#byPlace.get('suffix') ?? none));
    for (const size of part) tables.push(new FragmentTable(size, this.#byPlace.get(placeKey('part', size)) ?? none));
    return tables;
  }
}

// All prefixes are in one table, and so are all suffixes; parts have one for each size.
function placeKey(place: Place, size: number): string {
  return place === 'part' ? `part ${size}` : place;
}

function* narrowAll<Key>(buckets: Map<Key, Bucket>, narrow: Narrow): Steps<void> {
  for (const [key, bucket] of buckets) {
    if (Array.isArray(bucket)) buckets.set(key, yield* narrow(bucket));
  }
}
