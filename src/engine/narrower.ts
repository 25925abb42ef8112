import type { Bucket, BucketSearch, Narrower } from './bucket.ts';
import { firstOf } from './bucket.ts';
import type { PatternIndex } from './pattern-index.ts';

/** Entries that share what led to them, by the actions of their rules. */
export class ByAction implements Narrower {
  readonly first: number;
  readonly #index: PatternIndex;

  constructor(first: number, index: PatternIndex) {
    this.first = first;
    this.#index = index;
  }

  visit(search: BucketSearch): void {
    this.#index.visit(search.action, search);
  }
}

/**
 * Entries whose rules all have a condition on one context key, by what it accepts.
 *
 * Invariant: a rule can only match a request that has a value under the key.
 */
export class ByValue implements Narrower {
  readonly first: number;
  readonly #key: string;
  readonly #index: PatternIndex;

  constructor(first: number, key: string, index: PatternIndex) {
    this.first = first;
    this.#key = key;
    this.#index = index;
  }

  visit(search: BucketSearch): void {
    const value = search.attribute(this.#key);
    if (value !== undefined) this.#index.visit(value, search);
  }
}

/**
 * Entries by one context key of their conditions, chosen for each rule.
 *
 * Invariant: a rule is either without a further key, and then in the plain bucket, or in the group of
 * one key that it has a condition on. A request without that key cannot match it, so it does not matter
 * whether the keys of the groups are gone through or the keys of the request.
 */
export class ByKey implements Narrower {
  readonly first: number;
  readonly #plain: Bucket | undefined;
  readonly #groups: ReadonlyMap<string, Bucket>;
  readonly #inARow: readonly Bucket[];

  constructor(plain: Bucket | undefined, groups: ReadonlyMap<string, Bucket>) {
    this.#plain = plain;
    this.#groups = groups;
    this.#inARow = [...groups.values()];
    this.first = Math.min(...(plain === undefined ? [] : [firstOf(plain)]));
    for (const bucket of this.#inARow) this.first = Math.min(this.first, firstOf(bucket));
  }

  visit(search: BucketSearch): void {
    if (this.#plain !== undefined) search.visit(this.#plain);
    const present = search.presentKeys(this.#inARow.length);
    if (!present) {
      for (const bucket of this.#inARow) search.visit(bucket);
      return;
    }
    for (const key of present) {
      const bucket = this.#groups.get(key);
      if (bucket !== undefined) search.visit(bucket);
    }
  }
}
