import type { Bucket, BucketSearch } from './bucket.ts';
import { HashTable } from './hash-table.ts';
import { extendHash, hashOf, weightOfFirst } from './rolling-hash.ts';

/** Which runs of a name a table looks at. */
export interface Runs {
  readonly size: number;
  /** The lowest place where one of the globs can have its run: what every name starts with is not looked at. */
  readonly start: number;
}

/**
 * Globs by a piece of literal text, so many characters long, that a name must have anywhere.
 *
 * Invariant: a glob is filed under the hash of one run of exactly `size` characters of its literal
 * text, and a name that the glob matches holds that run at `start` or later. The pass looks under the
 * hash of every run of that size from there on.
 */
export class FragmentTable {
  readonly #size: number;
  readonly #start: number;
  readonly #weight: number;
  readonly #table: HashTable;

  constructor({ size, start }: Runs, buckets: ReadonlyMap<number, Bucket>) {
    this.#size = size;
    this.#start = start;
    this.#weight = weightOfFirst(size);
    this.#table = new HashTable(buckets);
  }

  /** Tries every glob filed under a run of the name. */
  visit(name: string, search: BucketSearch): void {
    const size = this.#size;
    const table = this.#table;
    const start = this.#start;
    if (name.length < start + size || table.first >= search.best) return;
    let hash = hashOf(name, start, start + size - 1);
    let before: Bucket | undefined;
    for (let end = start + size - 1; end < name.length; end += 1) {
      hash = extendHash(hash, name.charCodeAt(end));
      const bucket = table.find(hash);
      // A name such as aaaa… comes to the same bucket again and again.
      if (bucket !== undefined && bucket !== before) search.visit(bucket);
      before = bucket;
      // Takes the first character out again, before the next one comes in.
      hash = (hash - Math.imul(name.charCodeAt(end - size + 1) + 1, this.#weight)) | 0;
    }
  }
}
