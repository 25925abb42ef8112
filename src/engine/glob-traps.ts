import type { CutPattern } from '../policy/glob.ts';

const TRAPS: readonly (readonly [shape: RegExp, message: string])[] = [
  [/\*\*/u, '"**" means the same as "*" here: one star crosses "/" already.'],
  [/\*\//u, '"*" crosses "/" here; in path globs it stays within one part.'],
  [/\/[^*/]+\/[^/]*\*/u, '"*" crosses "/" here; in path globs it stays within one part.'],
  [/(?:^|[^\\])\.[*+?]/u, '"." is a literal dot here, and not any character as in regular expressions.'],
  [/^\^|\$$/u, '"^" and "$" are literal here; a pattern always covers the whole text.'],
  [/\(|\||\+/u, '"(", "|" and "+" are literal here; write a list such as {a,b}.'],
  [/%/u, '"%" is literal here; "*" is any run of characters.'],
  [/,(?![^{]*\})/u, '"," is literal outside of braces; write a list of patterns, or {a,b}.'],
  [/\[[A-Za-z]{3,}[^\]]*\]/u, 'Brackets match one character of a set, not a word.'],
];

/** What in a pattern means something else in other pattern languages; the first such thing. */
export function findGlobTrap({ text }: CutPattern): string | undefined {
  const plain = text.replaceAll(/\\./gu, '');
  return TRAPS.find(([shape]) => shape.test(plain))?.[1];
}
