import type { Piece } from '../policy/glob.ts';
import { extendHash, hashFromEnd, hashOf, weightOfFirst } from './rolling-hash.ts';
import type { Wildcard } from './compiled-glob.ts';

/** Where a name has to have a text for a glob to match. */
type Place = 'prefix' | 'suffix' | 'part';

/** A literal text that every name which matches a glob has at a certain place. */
export interface Fragment {
  readonly place: Place;
  /** In UTF-16 code units. */
  readonly size: number;
  readonly hash: number;
  /** How many characters of a name stand before it at least. */
  readonly start: number;
}

/** Looks at a fragment, which is another one in its next call; false: it has seen enough. */
export type VisitFragment = (fragment: Fragment) => boolean;

// Every size in use costs a pass over the name, so there are few; the longest that fits is the rarest.
const SIZES = [12, 8, 6, 4, 3, 2, 1] as const;
const WEIGHTS: readonly number[] = Array.from({ length: SIZES[0] + 1 }, (_, size) => weightOfFirst(size));
const MOST_PARTS = 32;

function literalRuns(piece: Piece): readonly string[] {
  if (typeof piece === 'string') return [piece];
  const runs = [''];
  for (const token of piece) {
    if (token.kind === 'character') runs[runs.length - 1] += token.value;
    else runs.push('');
  }
  return runs;
}

// Large policies have millions of fragments, nearly all of them only to be counted: one object stands for each in turn.
class FragmentWalk implements Fragment {
  place: Place = 'prefix';
  size = 0;
  hash = 0;
  start = 0;
  readonly #visit: VisitFragment;

  constructor(visit: VisitFragment) {
    this.#visit = visit;
  }

  prefix(text: string): boolean {
    if (text === '') return true;
    this.#put('prefix', text.length, 0);
    this.hash = hashOf(text, 0, text.length);
    return this.#visit(this);
  }

  suffix(text: string): boolean {
    if (text === '') return true;
    this.#put('suffix', text.length, 0);
    this.hash = hashFromEnd(text, text.length);
    return this.#visit(this);
  }

  parts(pieces: readonly Piece[], start: number, skipped = 0): boolean {
    let free = MOST_PARTS;
    let toSkip = skipped;
    for (const piece of pieces) {
      for (const run of literalRuns(piece)) {
        toSkip -= 1;
        const size = toSkip >= 0 ? undefined : SIZES.find((one) => one <= run.length);
        if (size === undefined) continue;
        this.#put('part', size, start);
        const count = Math.min(free, run.length - size + 1);
        if (!this.#runsOf(run, count)) return false;
        free -= count;
      }
    }
    return true;
  }

  #put(place: Place, size: number, start: number): void {
    this.place = place;
    this.size = size;
    this.start = start;
  }

  #runsOf(run: string, count: number): boolean {
    const { size } = this;
    const weight = WEIGHTS[size] ?? 0;
    if (count > 0) this.hash = hashOf(run, 0, size);
    for (let at = 0; at < count; at += 1) {
      if (at > 0) {
        const rest = this.hash - Math.imul(run.charCodeAt(at - 1) + 1, weight);
        this.hash = extendHash(rest | 0, run.charCodeAt(at + size - 1));
      }
      if (!this.#visit(this)) return false;
    }
    return true;
  }
}

function firstRun(piece: Piece): string {
  return typeof piece === 'string' ? piece : (literalRuns(piece)[0] ?? '');
}

function lastRun(piece: Piece): string {
  return typeof piece === 'string' ? piece : (literalRuns(piece).at(-1) ?? '');
}

/** Visits every fragment that a glob may be filed under. None: no name can be told by a look at its text. */
export function visitFragments({ head, middle, tail }: Wildcard, visit: VisitFragment): void {
  const walk = new FragmentWalk(visit);
  const prefix = firstRun(head);
  if (!walk.prefix(prefix) || !walk.suffix(lastRun(tail ?? head))) return;
  if (tail !== undefined && !walk.parts(middle, head.length)) return;
  // What starts a name is under its prefix already; only what comes later in the head is a part of its own.
  if (typeof head !== 'string' && !walk.parts([head], prefix.length, 1)) return;
  if (tail !== undefined) walk.parts([tail], head.length);
}
