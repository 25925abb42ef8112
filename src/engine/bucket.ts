/**
 * What an index files under one key: an entry, a few entries in ascending order, or, where there are
 * many, a narrower index of them.
 */
export type Bucket = number | readonly number[] | Narrower;

/** An index of entries that share what led to them. */
export interface Narrower {
  /** The lowest entry: nothing here can beat one that is lower. */
  readonly first: number;
  /** Looks for entries that match, and hands them to the search. */
  visit(search: BucketSearch): void;
}

/** What a search offers to the indexes it goes through. */
export interface BucketSearch {
  /** The lowest entry that matches so far. */
  readonly best: number;
  readonly action: string;
  /** The context values; looking at one is noted. */
  attribute(key: string): string | number | boolean | undefined;
  /** The keys that the request has, if there are fewer than so many. */
  presentKeys(most: number): Iterable<string> | undefined;
  /** Tries what is in a bucket. */
  visit(bucket: Bucket): void;
}

/** The lowest entry of a bucket. */
export function firstOf(bucket: Bucket): number {
  if (typeof bucket === 'number') return bucket;
  return 'visit' in bucket ? bucket.first : (bucket[0] ?? Number.POSITIVE_INFINITY);
}

/** Adds an entry, higher than those before, to a bucket that is being built. */
export function withEntry(bucket: number | number[] | undefined, entry: number): number | number[] {
  if (bucket === undefined) return entry;
  if (typeof bucket === 'number') return bucket === entry ? bucket : [bucket, entry];
  if (bucket.at(-1) !== entry) bucket.push(entry);
  return bucket;
}
