// Polynomial hashes over UTF-16 code units, 32 bits: the hash of a text with one more character at its
// end, or with one less at its start, follows from the hash before. All prefixes of a name, all its
// suffixes, or all its runs of one length cost one pass.

const BASE = 0x01_00_01_93;

/** Hash of the empty text. */
export const EMPTY_HASH = 0;

/** The hash with one more character. */
export function extendHash(hash: number, code: number): number {
  return (Math.imul(hash, BASE) + code + 1) | 0;
}

/** What the first character of a run of so many characters is multiplied by. */
export function weightOfFirst(size: number): number {
  let weight = 1;
  for (let at = 1; at < size; at += 1) weight = Math.imul(weight, BASE);
  return weight;
}

/** Hash of a part of a text. */
export function hashOf(text: string, from: number, to: number): number {
  let hash = EMPTY_HASH;
  for (let at = from; at < to; at += 1) hash = extendHash(hash, text.charCodeAt(at));
  return hash;
}

/** Hash of the end of a text, taken from its last character backwards. */
export function hashFromEnd(text: string, size: number): number {
  let hash = EMPTY_HASH;
  for (let at = 1; at <= size; at += 1) hash = extendHash(hash, text.charCodeAt(text.length - at));
  return hash;
}

/** Scatters the bits of a hash, so that its low ones can pick a place in a table. */
export function scatter(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c_1b_3c_6d);
  return mixed ^ (mixed >>> 13);
}
