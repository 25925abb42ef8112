import type { Bucket } from './bucket.ts';
import { firstOf } from './bucket.ts';
import { scatter } from './rolling-hash.ts';

/**
 * Buckets by 32-bit hash, never changed after it was built. Open addressing: a slot is a pair of
 * integers, the hash and the number of its bucket from 1, and at most every second slot is taken, so a
 * look mostly ends at the first. Different texts with the same hash share a bucket: a bucket holds
 * candidates, and whoever takes one out tests it.
 */
export class HashTable {
  /** The lowest entry of all buckets. */
  readonly first: number;
  readonly #slots: Int32Array;
  readonly #mask: number;
  readonly #buckets: readonly Bucket[];

  constructor(buckets: ReadonlyMap<number, Bucket>) {
    let size = 4;
    while (size < buckets.size * 2) size *= 2;
    this.#mask = size - 1;
    this.#slots = new Int32Array(size * 2);
    this.#buckets = [...buckets.values()];
    let first = Number.POSITIVE_INFINITY;
    let number = 0;
    for (const [hash, bucket] of buckets) {
      number += 1;
      this.#insert(hash, number);
      first = Math.min(first, firstOf(bucket));
    }
    this.first = first;
  }

  find(hash: number): Bucket | undefined {
    const slots = this.#slots;
    let slot = scatter(hash) & this.#mask;
    for (;;) {
      const number = slots[slot * 2 + 1] ?? 0;
      if (number === 0) return undefined;
      if (slots[slot * 2] === hash) return this.#buckets[number - 1];
      slot = (slot + 1) & this.#mask;
    }
  }

  #insert(hash: number, number: number): void {
    let slot = scatter(hash) & this.#mask;
    while (this.#slots[slot * 2 + 1] !== 0) slot = (slot + 1) & this.#mask;
    this.#slots[slot * 2] = hash;
    this.#slots[slot * 2 + 1] = number;
  }
}
