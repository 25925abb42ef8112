import type { Glob, Piece } from '../policy/glob.ts';
import type { PatternToken } from '../policy/pattern.ts';
import { compileGlob, matchesGlob } from './compiled-glob.ts';
import { accepts } from './name-classes.ts';

/** A part of a piece. */
interface Span {
  readonly piece: Piece;
  readonly from: number;
}

function unitsMeet(one: string | PatternToken, other: string | PatternToken): boolean {
  if (typeof one === 'string') return typeof other === 'string' ? one === other : accepts(other, one.charCodeAt(0));
  if (typeof other === 'string') return accepts(one, other.charCodeAt(0));
  if (one.kind === 'character') return accepts(other, one.value.charCodeAt(0));
  if (other.kind === 'character') return accepts(one, other.value.charCodeAt(0));
  if (one.kind !== 'set' || other.kind !== 'set' || one.negated || other.negated) return true;
  return one.ranges.some(([first, last]) => other.ranges.some(([low, high]) => first <= high && low <= last));
}

function spansMeet(one: Span, other: Span, length: number): boolean {
  for (let at = 0; at < length; at += 1) {
    const [unit, against] = [one.piece[one.from + at], other.piece[other.from + at]];
    if (unit !== undefined && against !== undefined && !unitsMeet(unit, against)) return false;
  }
  return true;
}

function startsMeet(one: Piece, other: Piece): boolean {
  return spansMeet({ piece: one, from: 0 }, { piece: other, from: 0 }, Math.min(one.length, other.length));
}

function endsMeet(one: Piece, other: Piece): boolean {
  const length = Math.min(one.length, other.length);
  const [from, to] = [one.length - length, other.length - length];
  return spansMeet({ piece: one, from }, { piece: other, from: to }, length);
}

// Every unit of the plain piece stands for itself, so the leftmost place is the best for each piece between two stars.
function fitsInto(plain: Piece, pieces: readonly Piece[]): boolean {
  const [head = '', tail = ''] = [pieces[0], pieces.at(-1)];
  const end = plain.length - tail.length;
  if (end < head.length || !startsMeet(plain, head) || !endsMeet(plain, tail)) return false;
  let free = head.length;
  for (const piece of pieces.slice(1, -1)) {
    while (free + piece.length <= end && !spansMeet({ piece: plain, from: free }, { piece, from: 0 }, piece.length))
      free += 1;
    free += piece.length;
  }
  return free <= end;
}

type Pieces = Exclude<Glob, string>;

function piecesMeet(one: Pieces, other: Pieces): boolean {
  const [first, second] = [one[0] as Piece, other[0] as Piece];
  if (one.length === 1 && other.length === 1) return first.length === second.length && startsMeet(first, second);
  if (one.length === 1) return fitsInto(first, other);
  if (other.length === 1) return fitsInto(second, one);
  return startsMeet(first, second) && endsMeet(one.at(-1) as Piece, other.at(-1) as Piece);
}

/**
 * False: no text is matched by both globs. True is nearly always right; what two sets of characters have in
 * common, and whether a name can hold it, is not looked at closely.
 */
export function mayMeet(one: Glob, other: Glob): boolean {
  if (typeof one === 'string') return matchesGlob(compileGlob(other), one);
  if (typeof other === 'string') return matchesGlob(compileGlob(one), other);
  return piecesMeet(one, other);
}
