/** One unit of a pattern. `star` is any run of characters, `any` exactly one, `set` one of a set. */
export type PatternToken =
  | { readonly kind: 'star' }
  | { readonly kind: 'any' }
  | { readonly kind: 'character'; readonly value: string }
  | { readonly kind: 'set'; readonly negated: boolean; readonly ranges: readonly CharacterRange[] };

/** First and last UTF-16 code unit of a range. */
export type CharacterRange = readonly [first: number, last: number];

/** A parsed pattern: a name matches when it matches one of the alternatives. */
export interface Pattern {
  readonly text: string;
  readonly alternatives: readonly (readonly PatternToken[])[];
}

/** Why a text is not a pattern. */
export interface PatternFault {
  readonly message: string;
  readonly accepted: string;
}

/** The longest pattern, in UTF-16 code units. */
export const MAX_PATTERN_LENGTH = 512;
/** How many alternatives the lists of one pattern may expand to. */
export const MAX_ALTERNATIVES = 1000;
/** How many units all alternatives of one pattern may have together: it bounds the cost of a match. */
export const MAX_EXPANDED_UNITS = 8192;

const STAR: PatternToken = { kind: 'star' };
const ANY: PatternToken = { kind: 'any' };
const EXTGLOB_STARTS = '@+*?!';
const RANGE_LIST = /^\{[^{},]*\.\.[^{},]*\}/u;

// One token stands for a character wherever it comes up: large policies have millions of characters.
const CHARACTERS: readonly PatternToken[] = Array.from({ length: 128 }, (_, code) => ({
  kind: 'character',
  value: String.fromCodePoint(code),
}));

/** The token of one literal character. */
export function characterToken(value: string): PatternToken {
  return CHARACTERS[value.charCodeAt(0)] ?? { kind: 'character', value };
}

class FaultSignal {
  readonly fault: PatternFault;
  constructor(message: string, accepted: string) {
    this.fault = { message, accepted };
  }
}

type Segment = readonly (readonly PatternToken[])[];

class PatternReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readSegments(): Segment[] {
    const segments: Segment[] = [];
    let run: PatternToken[] = [];
    while (this.#at < this.#text.length) {
      if (this.#peek() === '{') {
        segments.push([run], this.#readList());
        run = [];
      } else {
        run.push(this.#readUnit());
      }
    }
    return [...segments, [run]];
  }

  #peek(): string | undefined {
    return this.#text[this.#at];
  }

  #readUnit(): PatternToken {
    const character = this.#peek() ?? '';
    if (this.#text[this.#at + 1] === '(' && EXTGLOB_STARTS.includes(character)) {
      throw new FaultSignal(
        'Extended globs are not part of the pattern language.',
        'a list such as {a,b}, or \\( for a parenthesis',
      );
    }
    if (character === '*') return this.#take(STAR);
    if (character === '?') return this.#take(ANY);
    if (character === '[') return this.#readSet();
    if (character === ']' || character === '}') {
      throw new FaultSignal(`"${character}" closes nothing.`, `\\${character} for the character itself`);
    }
    return characterToken(this.#readCharacter());
  }

  #take(token: PatternToken): PatternToken {
    this.#at += 1;
    return token;
  }

  // One literal character, with its escape.
  #readCharacter(): string {
    if (this.#peek() === '\\') this.#at += 1;
    const character = this.#peek();
    if (character === undefined) throw new FaultSignal('The pattern ends in an escape.', '\\\\ for a backslash');
    this.#at += 1;
    return character;
  }

  #readSet(): PatternToken {
    this.#at += 1;
    const negated = this.#peek() === '!';
    if (negated) this.#at += 1;
    if (this.#peek() === '^')
      throw new FaultSignal(
        '"^" at the head of a set has two meanings.',
        '[!abc] to negate, [\\^abc] for the character',
      );
    const ranges: CharacterRange[] = [];
    while (this.#peek() !== ']') ranges.push(this.#readRange());
    this.#at += 1;
    if (ranges.length === 0) throw new FaultSignal('The set is empty.', '[abc], or \\[\\] for the characters');
    return { kind: 'set', negated, ranges };
  }

  #readRange(): CharacterRange {
    const first = this.#readSetCharacter();
    if (this.#peek() !== '-' || this.#text[this.#at + 1] === ']') return [first, first];
    this.#at += 1;
    const last = this.#readSetCharacter();
    if (last < first) throw new FaultSignal('The range runs backwards.', 'a range from low to high, such as [a-z]');
    return [first, last];
  }

  #readSetCharacter(): number {
    const character = this.#peek();
    if (character === undefined) throw new FaultSignal('The set is not closed.', '[abc], or \\[ for the character');
    if (character === '[') throw new FaultSignal('A set holds no second bracket.', '\\[ for the character');
    return this.#readCharacter().charCodeAt(0);
  }

  #readList(): Segment {
    if (RANGE_LIST.test(this.#text.slice(this.#at))) {
      throw new FaultSignal(
        'Number and letter ranges in braces are not part of the pattern language.',
        'a set such as [1-9] or a list such as {1,2,3}',
      );
    }
    const items: PatternToken[][] = [];
    do {
      this.#at += 1;
      items.push(this.#readListItem());
    } while (this.#peek() === ',');
    this.#at += 1;
    if (items.length < 2) throw new FaultSignal('A list needs two items or more.', '{a,b}, or \\{ for the character');
    return items;
  }

  #readListItem(): PatternToken[] {
    const item: PatternToken[] = [];
    while (this.#peek() !== ',' && this.#peek() !== '}') {
      if (this.#peek() === undefined)
        throw new FaultSignal('The list is not closed.', '{a,b}, or \\{ for the character');
      if (this.#peek() === '{') throw new FaultSignal('Lists do not nest.', 'one list, with every item written out');
      item.push(this.#readUnit());
    }
    return item;
  }
}

function expand(segments: readonly Segment[]): PatternToken[][] {
  let alternatives: PatternToken[][] = [[]];
  for (const segment of segments) {
    const count = alternatives.length * segment.length;
    const [only] = segment;
    if (segment.length === 1 && only) {
      for (const alternative of alternatives) alternative.push(...only);
    } else {
      if (count > MAX_ALTERNATIVES)
        throw new FaultSignal(`The lists expand to ${count} alternatives.`, `at most ${MAX_ALTERNATIVES}`);
      alternatives = alternatives.flatMap((head) => segment.map((tail) => head.concat(tail)));
    }
    const units = alternatives.reduce((sum, alternative) => sum + alternative.length, 0);
    if (units > MAX_EXPANDED_UNITS) {
      throw new FaultSignal(`The lists expand to ${units} characters.`, `at most ${MAX_EXPANDED_UNITS}`);
    }
  }
  return alternatives;
}

function checkWhole(text: string): void {
  if (text.length === 0) throw new FaultSignal('The pattern is empty.', 'a name, or * for any');
  if (text.length > MAX_PATTERN_LENGTH) {
    throw new FaultSignal(`The pattern has ${text.length} characters.`, `at most ${MAX_PATTERN_LENGTH}`);
  }
  if (text.startsWith('!'))
    throw new FaultSignal('A pattern cannot be negated.', 'a deny rule, or \\! for the character');
}

/**
 * Parses one pattern of the policy language.
 *
 * `*` is any run of characters, `/` included; `?` one character; `[abc]`, `[a-z]`, `[!abc]` one
 * character of a set; `{a,b}` a list; `\` makes the next character literal. Everything else that other
 * glob dialects give a meaning is refused or literal. Characters are UTF-16 code units.
 *
 * @returns the pattern, or the fault that makes it none
 */
export function parsePattern(text: string): Pattern | PatternFault {
  try {
    checkWhole(text);
    return { text, alternatives: expand(new PatternReader(text).readSegments()) };
  } catch (signal) {
    if (signal instanceof FaultSignal) return signal.fault;
    throw signal;
  }
}
