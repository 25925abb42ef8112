import type { Bucket, BucketSearch } from './bucket.ts';
import { HashTable } from './hash-table.ts';
import { EMPTY_HASH, extendHash } from './rolling-hash.ts';

/** Which end of a name a table looks at. */
export type End = 'prefix' | 'suffix';

/**
 * Globs by the literal text that they start or end with.
 *
 * Invariant: a glob is filed under the hash of the whole text at that end, and its length is among the
 * lengths. A name that the glob matches has that text at that end, so the pass over the name looks
 * under the same hash when it has come that far.
 */
export class AffixTable {
  readonly #end: End;
  readonly #lengths: readonly number[];
  readonly #table: HashTable;

  constructor(end: End, lengths: Iterable<number>, buckets: ReadonlyMap<number, Bucket>) {
    this.#end = end;
    this.#lengths = [...lengths].toSorted((a, b) => a - b);
    this.#table = new HashTable(buckets);
  }

  /** Tries every glob filed under a text at this end of the name. */
  visit(name: string, search: BucketSearch): void {
    const table = this.#table;
    if (table.first >= search.best) return;
    const lengths = this.#lengths;
    // Written out for both ends: this is the innermost loop of a decision.
    const start = this.#end === 'prefix' ? 0 : name.length - 1;
    const step = this.#end === 'prefix' ? 1 : -1;
    let hash = EMPTY_HASH;
    let done = 0;
    for (let index = 0; index < lengths.length; index += 1) {
      const length = lengths[index] ?? 0;
      if (length > name.length) return;
      for (; done < length; done += 1) hash = extendHash(hash, name.charCodeAt(start + step * done));
      const bucket = table.find(hash);
      if (bucket !== undefined) search.visit(bucket);
    }
  }
}
