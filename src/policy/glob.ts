import { canonicalActionPattern, canonicalResourcePattern, literalText } from './canonical-pattern.ts';
import { canonicalAction, canonicalResource } from './names.ts';
import type { Pattern, PatternFault, PatternToken } from './pattern.ts';
import { MAX_PATTERN_LENGTH, parsePattern } from './pattern.ts';

/** A run of a pattern that always matches the same number of characters: plain text, or tokens where there is more. */
export type Piece = string | readonly PatternToken[];

/** One alternative of a pattern: a name without a wildcard, or the pieces around its stars in their order. */
export type Glob = string | readonly Piece[];

/** A pattern cut into what matchers and indexes work on. A name matches when one of the globs does. */
export interface CutPattern {
  /** As written in the policy. */
  readonly text: string;
  readonly globs: readonly Glob[];
}

/** What a pattern is compared with; names have several spellings, context values one. */
export type PatternKind = 'action' | 'resource' | 'value';

// Nine patterns in ten hold no other wildcard than the star, and those need no token for each character.
const NEEDS_TOKENS = /[?[\]{}\\()]|^!/u;

/** Cuts tokens at the stars. */
export function cutTokens(tokens: readonly PatternToken[]): Glob {
  const literal = literalText(tokens);
  if (literal !== undefined) return literal;
  const pieces: Piece[] = [];
  let run: PatternToken[] = [];
  for (const token of tokens) {
    if (token.kind === 'star') {
      pieces.push(literalText(run) ?? run);
      run = [];
    } else {
      run.push(token);
    }
  }
  pieces.push(literalText(run) ?? run);
  return pieces;
}

function canonicalText(text: string, kind: PatternKind): string {
  if (kind === 'resource') return canonicalResource(text);
  if (kind === 'value') return text;
  // A synonym stands for one whole name; in a pattern with a star only the separator has two spellings.
  return text.includes('*') ? text.replaceAll(':', '.') : canonicalAction(text);
}

function canonicalPattern(pattern: Pattern, kind: PatternKind): Pattern {
  if (kind === 'resource') return canonicalResourcePattern(pattern);
  return kind === 'action' ? canonicalActionPattern(pattern) : pattern;
}

/** Reads one pattern of the policy language, in the one spelling that requests are brought to. */
export function cutPattern(text: string, kind: PatternKind): CutPattern | PatternFault {
  const isPlain = text.length > 0 && text.length <= MAX_PATTERN_LENGTH && !NEEDS_TOKENS.test(text);
  if (!isPlain) {
    const parsed = parsePattern(text);
    return 'message' in parsed ? parsed : { text, globs: canonicalPattern(parsed, kind).alternatives.map(cutTokens) };
  }
  const canonical = canonicalText(text, kind);
  return { text, globs: [text.includes('*') ? canonical.split('*') : canonical] };
}
