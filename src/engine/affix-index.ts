import type { Glob, Piece } from '../policy/glob.ts';

function leadingText(piece: Piece): string {
  if (typeof piece === 'string') return piece;
  const end = piece.findIndex(({ kind }) => kind !== 'character');
  return piece
    .slice(0, end === -1 ? piece.length : end)
    .map((token) => ('value' in token ? token.value : ''))
    .join('');
}

// By UTF-16 code units, as names are matched.
function reversed(text: string): string {
  return Array.from({ length: text.length }, (_, index) => text.charAt(text.length - 1 - index)).join('');
}

/** What every text that a glob matches starts with. */
export function headOf(glob: Glob): string {
  return typeof glob === 'string' ? glob : leadingText(glob[0] ?? '');
}

/** What every text that a glob matches ends with, from its end on. */
export function tailOf(glob: Glob): string {
  if (typeof glob === 'string') return reversed(glob);
  const last = glob.at(-1) ?? '';
  return typeof last === 'string' ? reversed(last) : leadingText(last.toReversed());
}

/**
 * Numbers by the text that something starts with.
 *
 * Invariant: two texts can start alike only where one of what they start with goes on as the other does. For a
 * given start these are its own starts, looked up, and those that go on from it, side by side when sorted.
 */
export class AffixIndex {
  readonly #numbers = new Map<string, number[]>();
  #sorted: readonly string[] | undefined;

  add(affix: string, number: number): void {
    const numbers = this.#numbers.get(affix);
    if (numbers) numbers.push(number);
    else this.#numbers.set(affix, [number]);
    this.#sorted = undefined;
  }

  /** Ascending lists of all that may start as something with this start does; undefined when those are more than so many. */
  find(affix: string, most: number): readonly (readonly number[])[] | undefined {
    const found: (readonly number[])[] = [];
    for (const known of this.#starting(affix)) {
      const numbers = this.#numbers.get(known);
      if (numbers && found.push(numbers) > most) return undefined;
    }
    return found;
  }

  *#starting(affix: string): Generator<string> {
    for (let length = 0; length < affix.length; length += 1) yield affix.slice(0, length);
    const sorted = (this.#sorted ??= [...this.#numbers.keys()].toSorted());
    for (let at = lowerBound(sorted, affix); at < sorted.length; at += 1) {
      const known = sorted[at] ?? '';
      if (!known.startsWith(affix)) return;
      yield known;
    }
  }
}

/** The index of the first item, in ascending order, that is not lower. */
export function lowerBound<Item extends string | number>(sorted: readonly Item[], item: Item): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as Item) < item) low = middle + 1;
    else high = middle;
  }
  return low;
}
