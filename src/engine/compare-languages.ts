import type { PatternToken } from '../policy/pattern.ts';
import { Effort } from './effort.ts';
import type { Domain, Language } from './name-classes.ts';
import { accepts, walkClasses } from './name-classes.ts';

type Tokens = readonly PatternToken[];

const heads = new WeakMap<Tokens, string>();

function headOf(tokens: Tokens): string {
  let head = heads.get(tokens);
  if (head !== undefined) return head;
  head = '';
  for (const token of tokens) {
    if (token.kind !== 'character') break;
    head += token.value;
  }
  heads.set(tokens, head);
  return head;
}

function isLiteral(tokens: Tokens): boolean {
  return headOf(tokens).length === tokens.length;
}

function matches(tokens: Tokens, text: string): boolean {
  let at = 0;
  let index = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    const token = tokens[index];
    if (token?.kind === 'star') [star, resume, index] = [index, at, index + 1];
    else if (token && accepts(token, text.charCodeAt(at))) [at, index] = [at + 1, index + 1];
    else if (star === -1) return false;
    else [resume, at, index] = [resume + 1, resume + 1, star + 1];
  }
  return tokens.slice(index).every(({ kind }) => kind === 'star');
}

/** Whether a text can be what a domain looks at: a name that a request holds, or a value. */
export function isPossible(text: string, { impossible, acceptsCharacter, acceptsEmpty }: Domain): boolean {
  if (text === '') return acceptsEmpty;
  for (let at = 0; at < text.length; at += 1) if (!acceptsCharacter(text.charAt(at))) return false;
  return !impossible.some((tokens) => matches(tokens, text));
}

/**
 * Compares languages exactly, as long as its effort lasts. What takes too long is answered with false, and
 * then the effort says that something was left out.
 */
export class LanguageComparison {
  readonly effort: Effort;
  readonly #samples = new Map<Domain, WeakMap<Language, string | null>>();

  constructor(effort: Effort = new Effort()) {
    this.effort = effort;
  }

  /**
   * Whether everything in one language is in another one. Nearly every two rules are told apart by how
   * their names begin, or by one text of the inner one.
   */
  isContained(inner: Language, outer: Language, domain: Domain): boolean {
    const candidates = this.#near(outer, inner);
    const isCovered = (text: string): boolean => candidates.some((tokens) => matches(tokens, text));
    if (inner.every(isLiteral))
      return inner.every((tokens) => isCovered(headOf(tokens)) || !isPossible(headOf(tokens), domain));
    const sample = this.#sampleOf(inner, domain);
    if (sample !== null && !isCovered(sample)) return false;
    const walk = walkClasses([inner, candidates], { domain, only: 0, effort: this.effort });
    let step = walk.next();
    for (; step.done !== true; step = walk.next()) {
      if (step.value.members.has(0) && !step.value.members.has(1)) return false;
    }
    return step.value;
  }

  /** Whether some text is in both languages. */
  haveCommon(one: Language, other: Language, domain: Domain): boolean {
    const [ones, others] = [this.#near(one, other), this.#near(other, one)];
    const [literals, patterns] = ones.every(isLiteral) ? [ones, others] : [others, ones];
    if (literals.every(isLiteral)) {
      const texts = literals.map(headOf).filter((text) => patterns.some((tokens) => matches(tokens, text)));
      return texts.some((text) => isPossible(text, domain));
    }
    for (const { members } of walkClasses([ones, others], { domain, only: 0, effort: this.effort })) {
      if (members.has(0) && members.has(1)) return true;
    }
    return false;
  }

  // The alternatives that may share a text with a language: those that do not begin with other letters.
  #near(alternatives: Language, language: Language): Language {
    if (!this.effort.spend(alternatives.length * language.length)) return [];
    const starts = language.map(headOf);
    return alternatives.filter((tokens) => {
      const head = headOf(tokens);
      return starts.some((start) => head.startsWith(start) || start.startsWith(head));
    });
  }

  // One text of a language; null: there is none, or it takes too long to find out.
  #sampleOf(language: Language, domain: Domain): string | null {
    const known = this.#samples.get(domain) ?? new WeakMap<Language, string | null>();
    this.#samples.set(domain, known);
    let sample = known.get(language);
    if (sample === undefined) known.set(language, (sample = this.#findSample(language, domain)));
    return sample;
  }

  #findSample(language: Language, domain: Domain): string | null {
    for (const { members, example } of walkClasses([language], { domain, only: 0, effort: this.effort }))
      if (members.has(0)) return example;
    return null;
  }
}
