import type { CutPattern, Glob } from '../policy/glob.ts';
import { namesOf } from '../policy/judged-request.ts';
import { canonicalAction, canonicalResource, hasUnjudgeableCharacter } from '../policy/names.ts';
import type { PatternToken } from '../policy/pattern.ts';
import { characterToken, parsePattern } from '../policy/pattern.ts';
import { Effort } from './effort.ts';

/** Everything that one of the alternatives matches. */
export type Language = readonly (readonly PatternToken[])[];

/** What texts are looked at: names of one kind, or the values of a context key. */
export interface Domain {
  /** Texts that no request holds, because they are spelt another way or name nothing. */
  readonly impossible: Language;
  readonly acceptsCharacter: (character: string) => boolean;
  readonly acceptsEmpty: boolean;
  /** Whether a text is a bad example, because another one follows from it that rules look at as well. */
  readonly hasOtherName?: (text: string) => boolean;
}

/** Texts that the same languages match, and the shortest of them. */
export interface NameClass {
  /** Indexes of the languages. */
  readonly members: ReadonlySet<number>;
  readonly example: string;
}

function charactersOf(text: string): readonly PatternToken[] {
  return Array.from({ length: text.length }, (_, index) => characterToken(text.charAt(index)));
}

function tokensOf(glob: Glob): readonly PatternToken[] {
  if (typeof glob === 'string') return charactersOf(glob);
  return glob.flatMap((piece, index): readonly PatternToken[] => {
    const tokens = typeof piece === 'string' ? charactersOf(piece) : piece;
    return index === 0 ? tokens : [{ kind: 'star' }, ...tokens];
  });
}

// Rules that write the same share their patterns, so what is known of a language is known for all of them.
const knownLanguages = new WeakMap<readonly CutPattern[], Language>();

/** What some patterns of a parsed policy match. */
export function languageOfPatterns(patterns: readonly CutPattern[]): Language {
  const known = knownLanguages.get(patterns) ?? patterns.flatMap(({ globs }) => globs.map(tokensOf));
  knownLanguages.set(patterns, known);
  return known;
}

/** The language of some patterns, written as in a policy. */
function languageOf(...patterns: readonly string[]): Language {
  return patterns.flatMap((text) => {
    const parsed = parsePattern(text);
    return 'alternatives' in parsed ? parsed.alternatives : [];
  });
}

// Half of a surrogate pair is no character of a name, but both halves together can be one.
const isNameCharacter = (character: string): boolean =>
  /[\uD800-\uDFFF]/u.test(character) || !hasUnjudgeableCharacter(character);

const OTHER_SPELLINGS = ['llm_call', 'llm.call', 'llm.embed'].filter((name) => canonicalAction(name) !== name);

/** The names of actions that requests hold. */
export const ACTIONS: Domain = {
  impossible: languageOf('*:*', ...OTHER_SPELLINGS),
  acceptsCharacter: isNameCharacter,
  acceptsEmpty: false,
};

/** The names of resources that requests hold. */
export const RESOURCES: Domain = {
  impossible: languageOf(
    ...['model:*', 'model/'].filter((name) => name === 'model/' || canonicalResource(name) !== name),
  ),
  acceptsCharacter: isNameCharacter,
  acceptsEmpty: false,
  hasOtherName: (text) => namesOf(text).length > 1,
};

/** The strings that a context key may hold. */
export const VALUES: Domain = { impossible: [], acceptsCharacter: () => true, acceptsEmpty: true };

/** Every text. */
export const ANYTHING: Language = [[{ kind: 'star' }]];

const MOST_STATES = 20_000;
// What stands for a whole range of characters in an example; the first that lies in it.
const LIKELY = Array.from('xyzabcdefghijklmnopqrstuvw0123456789-._/ABCDEFGHIJKLMNOPQRSTUVWXYZ~!#é中');

interface Place {
  readonly token: PatternToken | undefined;
  readonly language: number;
}

interface State {
  readonly places: readonly number[];
  readonly example: string;
}

function boundariesOf(token: PatternToken): number[] {
  if (token.kind === 'character') return [token.value.charCodeAt(0), token.value.charCodeAt(0) + 1];
  if (token.kind !== 'set') return [];
  return token.ranges.flatMap(([first, last]) => [first, last + 1]);
}

/** Whether a token, not a star, accepts a UTF-16 code unit. */
export function accepts(token: PatternToken, code: number): boolean {
  if (token.kind === 'character') return token.value.charCodeAt(0) === code;
  if (token.kind !== 'set') return true;
  return token.ranges.some(([first, last]) => code >= first && code <= last) !== token.negated;
}

function characterBetween(first: number, end: number, isAccepted: Domain['acceptsCharacter']): string | undefined {
  const isInside = (character: string): boolean => character.charCodeAt(0) >= first && character.charCodeAt(0) < end;
  const likely = LIKELY.find(isInside);
  if (likely !== undefined) return likely;
  for (let code = first; code < end; code += 1) {
    const character = String.fromCharCode(code);
    if (isAccepted(character)) return character;
  }
  return undefined;
}

/**
 * The automaton of several languages at once. A state is the set of places that a text may have
 * reached in their alternatives, so each is visited once however many texts lead to it.
 */
class Automaton {
  readonly #places: Place[] = [];
  readonly #starts: number[] = [];

  constructor(languages: readonly Language[]) {
    for (const [language, alternatives] of languages.entries()) {
      for (const tokens of alternatives) {
        this.#starts.push(this.#places.length);
        for (const token of tokens) this.#places.push({ token, language });
        this.#places.push({ token: undefined, language });
      }
    }
  }

  start(): State {
    return { places: this.#close(this.#starts), example: '' };
  }

  // A star may be left at once.
  #close(places: Iterable<number>): number[] {
    const closed = new Set(places);
    for (const place of closed) if (this.#places[place]?.token?.kind === 'star') closed.add(place + 1);
    return [...closed].toSorted((a, b) => a - b);
  }

  step(state: State, character: string): State {
    const next: number[] = [];
    for (const place of state.places) {
      const token = this.#places[place]?.token;
      if (token === undefined || !accepts(token, character.charCodeAt(0))) continue;
      next.push(token.kind === 'star' ? place : place + 1);
    }
    return { places: this.#close(next), example: state.example + character };
  }

  /** One character for each way to go on from a state. */
  charactersFrom(state: State, isAccepted: Domain['acceptsCharacter']): string[] {
    const boundaries = new Set([0]);
    for (const place of state.places) {
      const token = this.#places[place]?.token;
      if (token) for (const boundary of boundariesOf(token)) boundaries.add(boundary);
    }
    const sorted = [...boundaries].filter((code) => code <= 0xff_ff).toSorted((a, b) => a - b);
    const characters = sorted
      .map((first, index) => characterBetween(first, sorted[index + 1] ?? 0x1_00_00, isAccepted))
      .filter((character) => character !== undefined);
    // Whole letters first: of two texts for one state the nicer one becomes the example.
    return characters.toSorted((a, b) => Number(/\W/u.test(a)) - Number(/\W/u.test(b)));
  }

  accepted(state: State): Set<number> {
    const ends = state.places.map((place) => this.#places[place]).filter((place) => place && !place.token);
    return new Set(ends.map((place) => place?.language ?? -1));
  }

  isAlive(state: State, language: number): boolean {
    return state.places.some((place) => this.#places[place]?.language === language);
  }
}

/** What a walk along classes keeps to. */
export interface ClassWalk {
  readonly domain: Domain;
  /** Index of a language outside of which nothing is of interest. */
  readonly only?: number;
  readonly effort: Effort;
}

/**
 * The classes of texts that some languages tell apart, shortest example first; a class may come more
 * than once. The value that is returned says whether all of them were visited.
 */
export function* walkClasses(
  languages: readonly Language[],
  { domain, only, effort }: ClassWalk,
): Generator<NameClass, boolean> {
  const automaton = new Automaton([...languages, domain.impossible]);
  const impossible = languages.length;
  const start = automaton.start();
  const queue: State[] = [start];
  const seen = new Set<string>();
  if (domain.acceptsEmpty) yield { members: automaton.accepted(start), example: '' };
  for (const state of queue) {
    const characters = automaton.charactersFrom(state, domain.acceptsCharacter);
    if (!effort.spend(state.places.length * characters.length)) return false;
    for (const character of characters) {
      const next = automaton.step(state, character);
      const key = next.places.join();
      if (seen.has(key) || (only !== undefined && !automaton.isAlive(next, only))) continue;
      if (seen.size === MOST_STATES) {
        effort.leaveOut();
        return false;
      }
      seen.add(key);
      queue.push(next);
      const members = automaton.accepted(next);
      if (!members.has(impossible)) yield { members, example: next.example };
    }
  }
  return true;
}

// An empty example is right and says little.
function isBetterExample(text: string, known: string, { hasOtherName }: Domain): boolean {
  return known === '' || (hasOtherName?.(known) === true && !hasOtherName(text));
}

/** All classes of texts that the languages tell apart, each once. */
export function classesOf(
  languages: readonly Language[],
  domain: Domain,
  effort: Effort = new Effort(),
): { readonly classes: readonly NameClass[]; readonly isComplete: boolean } {
  const classes = new Map<string, NameClass>();
  const walk = walkClasses(languages, { domain, effort });
  let step = walk.next();
  for (; step.done !== true; step = walk.next()) {
    const key = [...step.value.members].toSorted((a, b) => a - b).join();
    const known = classes.get(key)?.example;
    if (known === undefined || isBetterExample(step.value.example, known, domain)) classes.set(key, step.value);
  }
  return { classes: [...classes.values()], isComplete: step.value };
}
