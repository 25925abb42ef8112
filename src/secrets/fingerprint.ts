/** How many characters a text must share with a value before anything is taken out of it. */
export const SHORTEST_NEEDLE = 8;

// Long texts are cut before they are shown, so the beginning of a value counts as well.
const SHORTEST_BEGINNING = 32;
const STEP = 8;
const MULTIPLIERS = [0x01_00_01_93, 0x85_eb_ca_6b] as const;

/** What is remembered of a text: enough to recognize it, and its longer beginnings, in another text. */
export interface Fingerprint {
  readonly label: string;
  readonly length: number;
  /** Hash of the first 8 characters. */
  readonly beginning: number;
  /** Hashes of the longer beginnings, shortest first; the last one is of the whole. */
  readonly hashes: readonly number[];
}

// The hashes of a stretch of text at some lengths, in one pass.
function hashesAt(text: string, at: number, lengths: readonly number[]): number[] {
  const hashes: number[] = [];
  let [left, right, length] = [0, 0, 0];
  for (const next of lengths) {
    for (; length < next; length += 1) {
      const code = text.charCodeAt(at + length);
      left = Math.imul(left ^ code, MULTIPLIERS[0]);
      right = Math.imul(right + code, MULTIPLIERS[1]) ^ (right >>> 15);
    }
    hashes.push((left >>> 0) * 2 ** 21 + (right >>> 11));
  }
  return hashes;
}

function lengthsFor(length: number): number[] {
  const lengths: number[] = [];
  for (let at = SHORTEST_BEGINNING; at < length; at += STEP) lengths.push(at);
  return [...lengths, length];
}

/** The hash by which a fingerprint is found: of the 8 characters from a place on. */
export function beginningAt(text: string, at: number): number {
  // Called for every character of every text, so it makes nothing.
  let hash = 0;
  for (let index = at; index < at + SHORTEST_NEEDLE; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), MULTIPLIERS[0]);
  }
  return hash;
}

/** Takes the fingerprint of a text of 8 characters or more. */
export function fingerprintOf(text: string, label: string): Fingerprint {
  const { length } = text;
  return { label, length, beginning: beginningAt(text, 0), hashes: hashesAt(text, 0, lengthsFor(length)) };
}

/** How much of a text, from a place on, is the fingerprinted text or a long beginning of it; 0 = nothing. */
export function matchAt(text: string, at: number, { length, hashes }: Fingerprint): number {
  const available = text.length - at;
  const lengths = lengthsFor(length).filter((candidate) => candidate <= available);
  const matching = hashesAt(text, at, lengths).findLastIndex((hash, index) => hash === hashes[index]);
  const matched = lengths[matching] ?? 0;
  if (matched === 0 || matched === length) return matched;
  // Between two places that were hashed there are at most 7 more characters.
  const rest = /^[\w+/=%-]{0,7}/u.exec(text.slice(at + matched, at + length))?.[0] ?? '';
  return matched + rest.length;
}
