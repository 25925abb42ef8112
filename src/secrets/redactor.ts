import type { Fingerprint } from './fingerprint.ts';
import { SHORTEST_NEEDLE, beginningAt, fingerprintOf, matchAt } from './fingerprint.ts';
import { needlesOf } from './needles.ts';
import type { SecretValue } from './secret-value.ts';

const MOST_RETIRED = 10_000;
const API_KEY = /\bcz_(?:live|test)_\w{8,}/gu;

interface Match {
  readonly length: number;
  readonly label: string;
}

/**
 * Takes values of secrets out of texts, in every common encoding. It keeps hashes and no text, so it
 * goes on to recognize a value that was rotated or dropped: what was sent with it may fail late.
 * Values shorter than 8 characters are not looked for.
 */
export class Redactor {
  readonly #known = new Map<string, Fingerprint>();
  readonly #byBeginning = new Map<number, Set<Fingerprint>>();

  /** Remembers all values that must not be written anywhere at present, beside those of before. */
  learn(values: Iterable<SecretValue>): void {
    const live = new Set<string>();
    for (const value of values) {
      for (const text of needlesOf(value.reveal())) live.add(this.#remember(fingerprintOf(text, String(value))));
    }
    for (const [key, fingerprint] of this.#known) {
      if (this.#known.size <= live.size + MOST_RETIRED) return;
      if (!live.has(key)) this.#forget(key, fingerprint);
    }
  }

  /** The text with `[secret name]` in place of every value. */
  redact(text: string): string {
    const redacted = this.#replace(text);
    return redacted.includes('cz_') ? redacted.replace(API_KEY, '[API key]') : redacted;
  }

  #remember(fingerprint: Fingerprint): string {
    const { label, beginning, hashes } = fingerprint;
    const key = `${hashes.at(-1)} ${label}`;
    if (this.#known.has(key)) return key;
    this.#known.set(key, fingerprint);
    const alike = this.#byBeginning.get(beginning);
    if (alike) alike.add(fingerprint);
    else this.#byBeginning.set(beginning, new Set([fingerprint]));
    return key;
  }

  #forget(key: string, fingerprint: Fingerprint): void {
    this.#known.delete(key);
    const alike = this.#byBeginning.get(fingerprint.beginning);
    alike?.delete(fingerprint);
    if (alike?.size === 0) this.#byBeginning.delete(fingerprint.beginning);
  }

  #longestAt(text: string, at: number): Match | undefined {
    const candidates = this.#byBeginning.get(beginningAt(text, at));
    if (!candidates) return undefined;
    let longest: Match | undefined;
    for (const fingerprint of candidates) {
      const length = matchAt(text, at, fingerprint);
      if (length > (longest?.length ?? 0)) longest = { length, label: fingerprint.label };
    }
    return longest;
  }

  #replace(text: string): string {
    if (this.#known.size === 0) return text;
    let redacted = '';
    let end = 0;
    for (let at = 0; at <= text.length - SHORTEST_NEEDLE; at += 1) {
      const match = this.#longestAt(text, at);
      if (!match) continue;
      redacted += text.slice(end, at) + match.label;
      end = at + match.length;
      at = end - 1;
    }
    return redacted + text.slice(end);
  }
}
