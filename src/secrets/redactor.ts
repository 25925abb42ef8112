import { needlesOf } from './needles.ts';
import type { SecretValue } from './secret-value.ts';

const WINDOW = 8;
// Long texts are cut before they are shown, so the beginning of a value counts as well.
const SHORTEST_BEGINNING = 32;
const API_KEY = /\bcz_(?:live|test)_\w{8,}/gu;

function hashAt(text: string, at: number): number {
  let hash = 0;
  for (let index = at; index < at + WINDOW; index += 1) hash = Math.imul(hash, 31) + text.charCodeAt(index);
  return hash | 0;
}

function commonLength(text: string, at: number, needle: string): number {
  let length = 0;
  while (length < needle.length && text[at + length] === needle[length]) length += 1;
  return length;
}

interface Needle {
  readonly text: string;
  readonly label: string;
}

function lengthAt(text: string, at: number, needle: Needle): number {
  const length = commonLength(text, at, needle.text);
  return length === needle.text.length || length >= SHORTEST_BEGINNING ? length : 0;
}

/**
 * Takes values of secrets out of texts, in every common encoding. It keeps no text of a value: what
 * it knows of one is a hash of how each of its encodings begins, and the values themselves are
 * revealed only when a text holds such a beginning. Values shorter than 8 characters are not looked for.
 */
export class Redactor {
  readonly #live: () => Iterable<SecretValue>;
  #beginnings: ReadonlySet<number> = new Set();

  /** @param live all values that must not be written anywhere */
  constructor(live: () => Iterable<SecretValue>) {
    this.#live = live;
  }

  /** To be called whenever the live values have changed. */
  learn(): void {
    this.#beginnings = new Set(this.#needles().map(({ text }) => hashAt(text, 0)));
  }

  /** The text with `[secret name]` in place of every value. */
  redact(text: string): string {
    const first = this.#firstHit(text, 0);
    return (first === undefined ? text : this.#replace(text, first)).replace(API_KEY, '[API key]');
  }

  #needles(): Needle[] {
    return Array.from(this.#live(), (value) =>
      needlesOf(value.reveal()).map((text) => ({ text, label: String(value) })),
    ).flat();
  }

  #firstHit(text: string, from: number): number | undefined {
    if (this.#beginnings.size === 0) return undefined;
    for (let at = from; at <= text.length - WINDOW; at += 1) if (this.#beginnings.has(hashAt(text, at))) return at;
    return undefined;
  }

  #replace(text: string, first: number): string {
    const needles = this.#needles();
    let redacted = '';
    let end = 0;
    for (let hit: number | undefined = first; hit !== undefined;) {
      const at = hit;
      const lengths = needles.map((needle) => lengthAt(text, at, needle));
      const longest = Math.max(...lengths);
      if (longest > 0) {
        redacted += text.slice(end, at) + (needles[lengths.indexOf(longest)]?.label ?? '');
        end = at + longest;
      }
      hit = this.#firstHit(text, Math.max(end, at + 1));
    }
    return redacted + text.slice(end);
  }
}
