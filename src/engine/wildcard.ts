import type { CutPattern, Glob } from '../policy/glob.ts';
import { cutTokens } from '../policy/glob.ts';
import type { Pattern } from '../policy/pattern.ts';
import { compileGlob } from './compiled-glob.ts';

/** Whether a name matches. Pure; linear in the name for every pattern of fixed length. */
export type Matcher = (name: string) => boolean;

function globsOf(pattern: Pattern | CutPattern): readonly Glob[] {
  return 'globs' in pattern ? pattern.globs : pattern.alternatives.map(cutTokens);
}

/**
 * Compiles patterns into one matcher: a name matches when any pattern matches.
 */
export function compileMatcher(patterns: readonly (Pattern | CutPattern)[]): Matcher {
  const globs = patterns.flatMap(globsOf).map(compileGlob);
  const literals = new Set(globs.filter((glob) => typeof glob === 'string'));
  const wildcards = globs.filter((glob) => typeof glob !== 'string');
  const [only] = literals;
  if (wildcards.length === 0 && literals.size === 1) return (name) => name === only;
  if (wildcards.length === 0) return (name) => literals.has(name);
  return (name) => literals.has(name) || wildcards.some((wildcard) => wildcard.matches(name));
}
