import type { Glob, Piece } from '../policy/glob.ts';
import type { PatternToken } from '../policy/pattern.ts';

/** A glob ready to be matched: a name without a wildcard, or a wildcard. */
export type CompiledGlob = string | Wildcard;

const NONE: readonly Piece[] = [];

function matchesUnit(token: PatternToken, name: string, at: number): boolean {
  if (token.kind === 'character') return name[at] === token.value;
  if (token.kind !== 'set') return true;
  const code = name.charCodeAt(at);
  for (const [first, last] of token.ranges) {
    if (code >= first && code <= last) return !token.negated;
  }
  return token.negated;
}

// Names and patterns of a policy mostly begin alike, so the end of a piece tells them apart the soonest.
function startsAt(name: string, piece: string, at: number): boolean {
  const last = piece.length - 1;
  return last < 0 || (name.charCodeAt(at + last) === piece.charCodeAt(last) && name.startsWith(piece, at));
}

function matchesAt(piece: Piece, name: string, at: number): boolean {
  if (typeof piece === 'string') return startsAt(name, piece, at);
  for (let index = 0; index < piece.length; index += 1) {
    const unit = piece[index];
    if (unit !== undefined && !matchesUnit(unit, name, at + index)) return false;
  }
  return true;
}

function findPiece(piece: Piece, name: string, from: number): number {
  if (typeof piece === 'string') return name.indexOf(piece, from);
  const last = name.length - piece.length;
  for (let at = from; at <= last; at += 1) {
    if (matchesAt(piece, name, at)) return at;
  }
  return -1;
}

/**
 * A pattern with wildcards and without lists: what a name starts with, what it ends with, and what
 * stands between in order. Without a star the head is all there is. A match takes time linear in the
 * name, whatever the pattern.
 *
 * Own code on purpose: glob libraries translate to regular expressions, which backtrack for seconds on
 * a short pattern and a hostile name.
 */
export class Wildcard {
  readonly head: Piece;
  readonly middle: readonly Piece[];
  /** Undefined: the pattern has no star. */
  readonly tail: Piece | undefined;

  constructor(pieces: readonly Piece[]) {
    this.head = pieces[0] ?? '';
    this.tail = pieces.length > 1 ? pieces.at(-1) : undefined;
    const middle = pieces.length > 2 ? pieces.slice(1, -1).filter((piece) => piece.length > 0) : NONE;
    this.middle = middle.length === 0 ? NONE : middle;
  }

  matches(name: string): boolean {
    const { head, tail } = this;
    if (tail === undefined) return name.length === head.length && matchesAt(head, name, 0);
    const end = name.length - tail.length;
    if (end < head.length || !matchesAt(head, name, 0) || !matchesAt(tail, name, end)) return false;
    return this.middle === NONE || this.#matchesBetween(name, head.length, end);
  }

  // The pieces between two stars may stand anywhere in order, so the leftmost place for each is always
  // the best one: nothing has to be tried twice, whatever the pattern.
  #matchesBetween(name: string, from: number, end: number): boolean {
    let free = from;
    for (const piece of this.middle) {
      const at = findPiece(piece, name, free);
      if (at === -1) return false;
      free = at + piece.length;
    }
    return free <= end;
  }
}

/** Makes a glob ready to be matched. */
export function compileGlob(glob: Glob): CompiledGlob {
  return typeof glob === 'string' ? glob : new Wildcard(glob);
}

/** Whether a name matches a glob. */
export function matchesGlob(glob: CompiledGlob, name: string): boolean {
  return typeof glob === 'string' ? glob === name : glob.matches(name);
}
