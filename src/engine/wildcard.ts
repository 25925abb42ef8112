import { literalText } from '../policy/canonical-pattern.ts';
import type { Pattern, PatternToken } from '../policy/pattern.ts';

/** Whether a name matches. Pure; linear in the name for every pattern of fixed length. */
export type Matcher = (name: string) => boolean;

/** A run of tokens without a star: it always matches the same number of characters. */
type Piece =
  | { readonly kind: 'literal'; readonly text: string; readonly length: number }
  | { readonly kind: 'units'; readonly units: readonly PatternToken[]; readonly length: number };

function createPiece(units: readonly PatternToken[]): Piece {
  const text = literalText(units);
  return text === undefined
    ? { kind: 'units', units, length: units.length }
    : { kind: 'literal', text, length: text.length };
}

function splitAtStars(tokens: readonly PatternToken[]): Piece[] {
  const pieces: Piece[] = [];
  let units: PatternToken[] = [];
  for (const token of tokens) {
    if (token.kind === 'star') {
      pieces.push(createPiece(units));
      units = [];
    } else {
      units.push(token);
    }
  }
  return [...pieces, createPiece(units)];
}

function matchesUnit(token: PatternToken, name: string, at: number): boolean {
  if (token.kind === 'character') return name[at] === token.value;
  if (token.kind !== 'set') return true;
  const code = name.charCodeAt(at);
  return token.ranges.some(([first, last]) => code >= first && code <= last) !== token.negated;
}

function matchesAt(piece: Piece, name: string, at: number): boolean {
  if (piece.kind === 'literal') return name.startsWith(piece.text, at);
  return piece.units.every((unit, index) => matchesUnit(unit, name, at + index));
}

function findPiece(piece: Piece, name: string, from: number): number {
  if (piece.kind === 'literal') return name.indexOf(piece.text, from);
  for (let at = from; at + piece.length <= name.length; at += 1) {
    if (matchesAt(piece, name, at)) return at;
  }
  return -1;
}

// The pieces between two stars may stand anywhere in order, so the leftmost place for each is always
// the best one: nothing has to be tried twice, whatever the pattern.
function matchBetween(pieces: readonly Piece[], name: string, bounds: readonly [from: number, to: number]): boolean {
  let [from] = bounds;
  for (const piece of pieces) {
    const at = findPiece(piece, name, from);
    if (at === -1) return false;
    from = at + piece.length;
  }
  return from <= bounds[1];
}

function compileAlternative(tokens: readonly PatternToken[]): Matcher {
  const pieces = splitAtStars(tokens);
  const [first] = pieces;
  const last = pieces.at(-1);
  if (!first || !last) return () => false;
  if (pieces.length === 1) return (name) => name.length === first.length && matchesAt(first, name, 0);
  const middle = pieces.slice(1, -1).filter((piece) => piece.length > 0);
  return (name) => {
    const end = name.length - last.length;
    return matchesAt(first, name, 0) && matchesAt(last, name, end) && matchBetween(middle, name, [first.length, end]);
  };
}

/** The names among the alternatives of a pattern that hold no wildcard. */
export function literalNames(pattern: Pattern): string[] {
  return pattern.alternatives.map(literalText).filter((text) => text !== undefined);
}

/**
 * Compiles patterns into one matcher: a name matches when any pattern matches.
 *
 * Own code on purpose: glob libraries translate to regular expressions, which backtrack for seconds on
 * a short pattern and a hostile name.
 */
export function compileMatcher(patterns: readonly Pattern[]): Matcher {
  const literals = new Set(patterns.flatMap(literalNames));
  const wildcards = patterns
    .flatMap((pattern) => pattern.alternatives)
    .filter((alternative) => literalText(alternative) === undefined)
    .map(compileAlternative);
  if (wildcards.length === 0) return (name) => literals.has(name);
  const [only] = wildcards;
  if (literals.size === 0 && wildcards.length === 1 && only) return only;
  return (name) => literals.has(name) || wildcards.some((matches) => matches(name));
}
