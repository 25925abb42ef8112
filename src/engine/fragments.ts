import type { Piece } from '../policy/glob.ts';
import { hashFromEnd, hashOf } from './rolling-hash.ts';
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

// Every size in use costs a pass over the name, so there are few; the longest that fits is the rarest.
const SIZES = [12, 8, 6, 4, 3, 2, 1] as const;
const MOST_PARTS = 32;

function literalRuns(piece: Piece): string[] {
  if (typeof piece === 'string') return [piece];
  const runs = [''];
  for (const token of piece) {
    if (token.kind === 'character') runs[runs.length - 1] += token.value;
    else runs.push('');
  }
  return runs;
}

function* partsOf(runs: readonly string[], start: number): Generator<Fragment> {
  let given = 0;
  for (const run of runs) {
    const size = SIZES.find((one) => one <= run.length);
    if (size === undefined) continue;
    const last = run.length - size;
    for (let at = 0; at <= last && given < MOST_PARTS; at += 1) {
      given += 1;
      yield { place: 'part', size, hash: hashOf(run, at, at + size), start };
    }
  }
}

/** Every fragment that a glob may be filed under. None: no name can be told by a look at its text. */
export function fragmentsOf({ head, middle, tail }: Wildcard): Fragment[] {
  const headRuns = literalRuns(head);
  const tailRuns = tail === undefined ? headRuns : literalRuns(tail);
  const prefix = headRuns[0] ?? '';
  const suffix = tailRuns.at(-1) ?? '';
  const fragments: Fragment[] = [];
  if (prefix !== '')
    fragments.push({ place: 'prefix', size: prefix.length, hash: hashOf(prefix, 0, prefix.length), start: 0 });
  if (suffix !== '')
    fragments.push({ place: 'suffix', size: suffix.length, hash: hashFromEnd(suffix, suffix.length), start: 0 });
  // What starts a name is under its prefix already; only what comes later in the head is a part of its own.
  fragments.push(...partsOf(tail === undefined ? [] : middle.flatMap(literalRuns), head.length));
  fragments.push(...partsOf(headRuns.slice(1), prefix.length));
  if (tail !== undefined) fragments.push(...partsOf(tailRuns, head.length));
  return fragments;
}
