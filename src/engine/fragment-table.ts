import type { Bucket, BucketSearch } from './bucket.ts';
import { HashTable } from './hash-table.ts';
import { extendHash, hashOf, weightOfFirst } from './rolling-hash.ts';

/**
 * Globs by a piece of literal text, so many characters long, that a name must have anywhere.
 *
 * Invariant: a glob is filed under the hash of one run of exactly `size` characters of its literal
 * text. A name that the glob matches holds that run somewhere, and the pass looks under the hash of
 * every run of that size.
 */
export class FragmentTable {
  readonly #size: number;
  readonly #weight: number;
  readonly #table: HashTable;

  constructor(size: number, buckets: ReadonlyMap<number, Bucket>) {
    this.#size = size;
    this.#weight = weightOfFirst(size);
    this.#table = new HashTable(buckets);
  }

  /** Tries every glob filed under a run of the name. */
  visit(name: string, search: BucketSearch): void {
    const size = this.#size;
    const table = this.#table;
    if (name.length < size || table.first >= search.best) return;
    let hash = hashOf(name, 0, size - 1);
    let before: Bucket | undefined;
    for (let end = size - 1; end < name.length; end += 1) {
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
