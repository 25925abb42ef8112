import type { Bucket, BucketSearch } from './bucket.ts';
import { HashTable } from './hash-table.ts';
import { EMPTY_HASH, extendHash } from './rolling-hash.ts';

/** Buckets by hash, while they are filed. */
export type BucketsByHash = ReadonlyMap<number, Bucket>;

/**
 * Literals by their whole text, and globs by the literal text that they start with.
 *
 * Invariant: a glob is filed under the hash of the whole text at its start, and its length is among the
 * lengths; a literal is filed under the hash of all of it. A name that matches has that text at its
 * start, so the one pass over the name comes by the same hash.
 */
export class PrefixTable {
  readonly #lengths: readonly number[];
  readonly #prefixes: HashTable;
  readonly #literals: HashTable;

  constructor(lengths: Iterable<number>, prefixes: BucketsByHash, literals: BucketsByHash) {
    this.#lengths = [...lengths].toSorted((a, b) => a - b);
    this.#prefixes = new HashTable(prefixes);
    this.#literals = new HashTable(literals);
  }

  /** Tries every literal and every glob filed under the start of the name. */
  visit(name: string, search: BucketSearch): void {
    const lengths = this.#lengths;
    let hash = EMPTY_HASH;
    let done = 0;
    for (let index = 0; index < lengths.length; index += 1) {
      const length = lengths[index] ?? 0;
      if (length > name.length) break;
      for (; done < length; done += 1) hash = extendHash(hash, name.charCodeAt(done));
      const bucket = this.#prefixes.find(hash);
      if (bucket !== undefined) search.visit(bucket);
    }
    if (this.#literals.first >= search.best) return;
    for (; done < name.length; done += 1) hash = extendHash(hash, name.charCodeAt(done));
    const literal = this.#literals.find(hash);
    if (literal !== undefined) search.visit(literal);
  }
}

/**
 * Globs by the literal text that they end with: the same from the other end.
 */
export class SuffixTable {
  readonly #lengths: readonly number[];
  readonly #table: HashTable;

  constructor(lengths: Iterable<number>, buckets: BucketsByHash) {
    this.#lengths = [...lengths].toSorted((a, b) => a - b);
    this.#table = new HashTable(buckets);
  }

  /** Tries every glob filed under the end of the name. */
  visit(name: string, search: BucketSearch): void {
    const table = this.#table;
    if (table.first >= search.best) return;
    const lengths = this.#lengths;
    let hash = EMPTY_HASH;
    let done = 0;
    for (let index = 0; index < lengths.length; index += 1) {
      const length = lengths[index] ?? 0;
      if (length > name.length) return;
      for (; done < length; done += 1) hash = extendHash(hash, name.charCodeAt(name.length - 1 - done));
      const bucket = table.find(hash);
      if (bucket !== undefined) search.visit(bucket);
    }
  }
}
