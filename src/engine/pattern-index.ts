import type { Steps } from '../policy/steps.ts';
import type { BucketsByHash } from './affix-table.ts';
import { PrefixTable, SuffixTable } from './affix-table.ts';
import type { Bucket, BucketSearch } from './bucket.ts';
import { firstOf, withEntry } from './bucket.ts';
import type { AcceptedValue } from './conditions.ts';
import { FragmentTable } from './fragment-table.ts';
import type { Runs } from './fragment-table.ts';
import type { Fragment } from './fragments.ts';
import { visitFragments } from './fragments.ts';
import { hashOf, scatter } from './rolling-hash.ts';
import type { Wildcard } from './compiled-glob.ts';

/** A bucket that more entries may come into. */
type OpenBucket = number | number[];

/** Makes a narrower index of a bucket with many entries. */
export type Narrow = (entries: readonly number[]) => Steps<Bucket>;

type TextTable = PrefixTable | SuffixTable | FragmentTable;

interface IndexParts {
  readonly exact: ReadonlyMap<number | boolean, Bucket>;
  readonly tables: readonly TextTable[];
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
  readonly #exact: ReadonlyMap<number | boolean, Bucket>;
  readonly #tables: readonly TextTable[];
  readonly #rest: Bucket | undefined;

  constructor({ exact, tables, rest }: IndexParts) {
    this.#exact = exact;
    this.#tables = tables;
    this.#rest = rest;
  }

  /** Tries every entry whose pattern may match the value. */
  visit(value: string | number | boolean, search: BucketSearch): void {
    if (typeof value !== 'string') {
      const bucket = this.#exact.get(value);
      if (bucket !== undefined) search.visit(bucket);
      return;
    }
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

function rarest(wildcard: Wildcard, counts: FragmentCounts): Fragment | undefined {
  let best: Fragment | undefined;
  let bestCount = Number.POSITIVE_INFINITY;
  visitFragments(wildcard, (fragment) => {
    const count = counts.of(fragment);
    if (count < bestCount) {
      const { place, size, hash, start } = fragment;
      best = { place, size, hash, start };
      bestCount = count;
    }
    return bestCount > RARE;
  });
  return best;
}

/** Files entries, given in ascending order, and makes the index of them. */
export class PatternIndexBuilder {
  readonly #exact = new Map<number | boolean, OpenBucket>();
  readonly #literals = new Map<number, OpenBucket>();
  readonly #wildcards: (readonly [entry: number, wildcard: Wildcard])[] = [];
  readonly #byPlace = new Map<string, Map<number, OpenBucket>>();
  readonly #lengths = { prefix: new Set<number>(), suffix: new Set<number>() };
  readonly #parts = new Map<string, Runs>();
  #rest: OpenBucket | undefined;

  add(entry: number, value: AcceptedValue): void {
    if (typeof value === 'object') this.#wildcards.push([entry, value]);
    else if (typeof value === 'string') file(this.#literals, hashOf(value, 0, value.length), entry);
    else file(this.#exact, value, entry);
  }

  *build(narrow: Narrow): Steps<PatternIndex> {
    yield* this.#fileWildcards();
    yield* narrowAll(this.#exact, narrow);
    yield* narrowAll(this.#literals, narrow);
    for (const buckets of this.#byPlace.values()) yield* narrowAll(buckets, narrow);
    const rest = typeof this.#rest === 'object' ? yield* narrow(this.#rest) : this.#rest;
    return new PatternIndex({ exact: this.#exact, tables: this.#createTables(), rest });
  }

  *#fileWildcards(): Steps<void> {
    const counts = new FragmentCounts(this.#wildcards.length);
    const count = (fragment: Fragment): boolean => {
      counts.add(fragment);
      return true;
    };
    let done = 0;
    for (const [, wildcard] of this.#wildcards) {
      if (done % WILDCARDS_PER_STEP === 0) yield;
      visitFragments(wildcard, count);
      done += 1;
    }
    for (const [entry, wildcard] of this.#wildcards) {
      if (done % WILDCARDS_PER_STEP === 0) yield;
      done += 1;
      const fragment = rarest(wildcard, counts);
      if (fragment) this.#file(entry, fragment);
      else this.#rest = withEntry(this.#rest, entry);
    }
  }

  #file(entry: number, fragment: Fragment): void {
    const { place, size, hash, start } = fragment;
    const key = placeKey(fragment);
    if (place === 'part') this.#parts.set(key, { size, start: Math.min(start, this.#parts.get(key)?.start ?? start) });
    else this.#lengths[place].add(size);
    let buckets = this.#byPlace.get(key);
    if (!buckets) this.#byPlace.set(key, (buckets = new Map()));
    file(buckets, hash, entry);
  }

  #createTables(): TextTable[] {
    const { prefix, suffix } = this.#lengths;
    const under = (key: string): BucketsByHash => this.#byPlace.get(key) ?? new Map<number, Bucket>();
    const tables: TextTable[] = [];
    if (prefix.size > 0 || this.#literals.size > 0)
      tables.push(new PrefixTable(prefix, under('prefix'), this.#literals));
    if (suffix.size > 0) tables.push(new SuffixTable(suffix, under('suffix')));
    for (const [key, runs] of this.#parts) tables.push(new FragmentTable(runs, under(key)));
    return tables;
  }
}

function file<Key>(buckets: Map<Key, OpenBucket>, key: Key, entry: number): void {
  buckets.set(key, withEntry(buckets.get(key), entry));
}

// All prefixes are in one table, and so are all suffixes. Parts have one for each size, and those behind
// a head, nearly always `model/`, have their own: the letters of the head would lead to them every time.
function placeKey({ place, size, start }: Fragment): string {
  return place === 'part' ? `part ${size} ${start === 0 ? 'anywhere' : 'behind a head'}` : place;
}

function* narrowAll<Key>(buckets: Map<Key, Bucket>, narrow: Narrow): Steps<void> {
  for (const [key, bucket] of buckets) {
    if (Array.isArray(bucket)) buckets.set(key, yield* narrow(bucket));
  }
}
