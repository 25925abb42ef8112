import { canonicalAction, canonicalResource } from './names.ts';
import type { CharacterRange, Pattern, PatternToken } from './pattern.ts';
import { characterToken } from './pattern.ts';

type Alternative = readonly PatternToken[];

const COLON = ':'.charCodeAt(0);
const DOT = '.'.charCodeAt(0);
const MODEL_PREFIX = 'model:';

/** The text of an alternative that holds no wildcard, else undefined. */
export function literalText(alternative: Alternative): string | undefined {
  let text = '';
  for (const token of alternative) {
    if (token.kind !== 'character') return undefined;
    text += token.value;
  }
  return text;
}

function literalTokens(text: string): PatternToken[] {
  return Array.from({ length: text.length }, (_, index) => characterToken(text.charAt(index)));
}

function dotForColon(token: PatternToken): PatternToken {
  if (token.kind === 'character') return token.value === ':' ? characterToken('.') : token;
  if (token.kind !== 'set') return token;
  const ranges = token.ranges.map(([first, last]): CharacterRange =>
    first === COLON && last === COLON ? [DOT, DOT] : [first, last],
  );
  return { ...token, ranges };
}

function canonicalActionAlternative(alternative: Alternative): Alternative {
  const text = literalText(alternative);
  return text === undefined ? alternative.map(dotForColon) : literalTokens(canonicalAction(text));
}

function startsWith(alternative: Alternative, text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const token = alternative[at];
    if (token?.kind !== 'character' || token.value !== text[at]) return false;
  }
  return true;
}

function canonicalResourceAlternative(alternative: Alternative): Alternative {
  if (!startsWith(alternative, MODEL_PREFIX)) return alternative;
  return [...literalTokens(canonicalResource(MODEL_PREFIX)), ...alternative.slice(MODEL_PREFIX.length)];
}

/** A pattern of actions, every spelling brought to the one that requests are brought to. */
export function canonicalActionPattern(pattern: Pattern): Pattern {
  return { text: pattern.text, alternatives: pattern.alternatives.map(canonicalActionAlternative) };
}

/** A pattern of resources, every spelling brought to the one that requests are brought to. */
export function canonicalResourcePattern(pattern: Pattern): Pattern {
  return { text: pattern.text, alternatives: pattern.alternatives.map(canonicalResourceAlternative) };
}

/**
 * With `version: '1'`, an action without a separator names a tool and means every method of it:
 * `database` is `database.*`. `*` stays as it is, and so does a synonym such as `llm_call`.
 */
export function widenToolPattern(text: string): string {
  const isWhole = text === '*' || /[.:]/u.test(text) || canonicalAction(text) !== text;
  return isWhole ? text : `${text}.*`;
}
