import type { Glob, Piece } from '../policy/glob.ts';
import type { ParsedRule } from '../policy/parsed-policy.ts';
import type { PatternToken } from '../policy/pattern.ts';
import { accepts } from './name-classes.ts';

/** What stands for the wildcards of a glob in a text that it matches. */
export interface Filling {
  readonly star: string;
  /** For "?", and for sets of everything but a few characters. */
  readonly any: string;
  /** Whether a set is stood for by its last character; else by its first. */
  readonly isLast: boolean;
}

const LONGEST = 4096;
const FIRST_UNUSUAL = 0x4e_00;

function unitText(token: PatternToken, { any, isLast }: Filling): string {
  if (token.kind === 'character') return token.value;
  if (token.kind !== 'set') return any;
  if (accepts(token, any.charCodeAt(0))) return any;
  const range = isLast ? token.ranges.at(-1) : token.ranges[0];
  return String.fromCharCode(range?.[isLast ? 1 : 0] ?? 0);
}

function pieceText(piece: Piece, filling: Filling): string {
  return typeof piece === 'string' ? piece : piece.map((token) => unitText(token, filling)).join('');
}

/** A text that a glob matches; undefined where one does not come so easily. */
export function textOf(glob: Glob, filling: Filling): string | undefined {
  if (typeof glob === 'string') return glob;
  // The last choice for a set of everything but a few characters would be one of those few.
  const isFilled = glob.every(
    (piece) =>
      typeof piece === 'string' ||
      piece.every((token) => token.kind !== 'set' || !token.negated || accepts(token, filling.any.charCodeAt(0))),
  );
  if (!isFilled) return undefined;
  const most = Math.floor(LONGEST / Math.max(1, glob.length - 1));
  return glob.map((piece) => pieceText(piece, filling)).join(filling.star.slice(0, most));
}

function* globsOf({ actions, resources, conditions }: ParsedRule): Generator<Glob> {
  for (const { globs } of actions) yield* globs;
  for (const { globs } of resources ?? []) yield* globs;
  for (const { accepts: accepted } of conditions)
    for (const { globs } of typeof accepted === 'object' ? accepted : []) yield* globs;
}

function charactersOf(glob: Glob): string {
  if (typeof glob === 'string') return glob;
  return glob
    .map((piece) =>
      typeof piece === 'string' ? piece : piece.map((token) => ('value' in token ? token.value : '')).join(''),
    )
    .join('');
}

// Without a star a glob matches texts of one length only.
function lengthOf(glob: Glob): number {
  return typeof glob !== 'string' && glob.length === 1 ? (glob[0]?.length ?? 0) : 0;
}

/**
 * Ways to fill the wildcards of the patterns of some rules, the most telling first: a text in which every star is
 * a long run of a character that no rule writes is matched by another pattern of stars and plain text only
 * where that one matches everything that this one does.
 */
export function fillingsFor(rules: readonly ParsedRule[]): readonly Filling[] {
  const used = new Set<string>();
  let longest = 0;
  for (const rule of rules) {
    for (const glob of globsOf(rule)) {
      longest = Math.max(longest, lengthOf(glob));
      for (const character of charactersOf(glob).match(/[^\0-\u007F]/gu) ?? []) used.add(character);
    }
  }
  let code = FIRST_UNUSUAL;
  while (used.has(String.fromCharCode(code))) code += 1;
  const any = String.fromCharCode(code);
  const star = any.repeat(longest + 1);
  return [
    { star, any, isLast: false },
    { star: '', any: 'x', isLast: false },
    { star, any, isLast: true },
  ];
}
