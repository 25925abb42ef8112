import type { Glob } from '../policy/glob.ts';
import type { Steps } from '../policy/steps.ts';
import { finish } from '../policy/steps.ts';
import { AffixIndex, headOf, lowerBound, tailOf } from './affix-index.ts';
import type { Bucket, BucketSearch } from './bucket.ts';
import { compileGlob } from './compiled-glob.ts';
import type { PatternIndex } from './pattern-index.ts';
import { PatternIndexBuilder } from './pattern-index.ts';

/** Numbers, ascending in each list. */
type Lists = readonly (readonly number[])[];

const FEW = 32;
const MOST_LISTS = 256;

// Collects what an index files under a name.
class Listing implements BucketSearch {
  readonly best = Number.POSITIVE_INFINITY;
  readonly action = '';
  readonly lists: (readonly number[])[] = [];

  attribute(): undefined {
    return undefined;
  }

  presentKeys(): undefined {
    return undefined;
  }

  visit(bucket: Bucket): void {
    if (typeof bucket === 'number') this.lists.push([bucket]);
    else if ('visit' in bucket) bucket.visit(this);
    else this.lists.push(bucket);
  }
}

// oxlint-disable-next-line require-yield -- there is nothing to narrow, so nothing to pause
function* asTheyAre(entries: readonly number[]): Steps<Bucket> {
  return entries;
}

function sizeOf(lists: Lists | undefined): number {
  return lists?.reduce((sum, { length }) => sum + length, 0) ?? Number.POSITIVE_INFINITY;
}

/**
 * Numbers by globs, to find those that share a name with other globs.
 *
 * Invariant: what shares a name with a glob is in one of the lists that `sharing` gives for it. A name is
 * looked up in the index that decisions are made with; of a wildcard, how its names start or how they end.
 */
export class GlobLists {
  readonly #numbers: number[] = [];
  readonly #globs: (readonly [glob: Glob, number: number])[] = [];
  #names: PatternIndex | undefined;
  #heads: AffixIndex | undefined;
  #tails: AffixIndex | undefined;

  /** Adds a number that is higher than those before. All are added before the first is looked for. */
  add(globs: readonly Glob[], number: number): void {
    this.#numbers.push(number);
    for (const glob of globs) this.#globs.push([glob, number]);
  }

  /** Lists with every number that shares a name with one of the globs, and with others. */
  sharing(globs: readonly Glob[]): Lists {
    const lists: (readonly number[])[] = [];
    if (this.#numbers.length <= FEW) return [this.#numbers];
    for (const glob of globs) {
      const found = typeof glob === 'string' ? this.#matching(glob) : this.#meeting(glob);
      if (!found || lists.length > MOST_LISTS) return [this.#numbers];
      lists.push(...found);
    }
    return lists;
  }

  #matching(name: string): Lists {
    const listing = new Listing();
    this.#names ??= this.#fileNames();
    this.#names.visit(name, listing);
    return listing.lists;
  }

  #meeting(glob: Glob): Lists | undefined {
    this.#heads ??= this.#file(headOf);
    this.#tails ??= this.#file(tailOf);
    const byHead = this.#heads.find(headOf(glob), MOST_LISTS);
    const byTail = this.#tails.find(tailOf(glob), MOST_LISTS);
    return sizeOf(byTail) < sizeOf(byHead) ? byTail : byHead;
  }

  #fileNames(): PatternIndex {
    const builder = new PatternIndexBuilder();
    for (const [glob, number] of this.#globs) builder.add(number, compileGlob(glob));
    return finish(builder.build(asTheyAre));
  }

  #file(affixOf: (glob: Glob) => string): AffixIndex {
    const index = new AffixIndex();
    for (const [glob, number] of this.#globs) index.add(affixOf(glob), number);
    return index;
  }
}

/** The numbers of an ascending list after one and before another. */
export function* between(list: readonly number[], after: number, before: number): Generator<number> {
  for (let at = lowerBound(list, after + 1); at < list.length; at += 1) {
    const number = list[at] ?? before;
    if (number >= before) return;
    yield number;
  }
}
