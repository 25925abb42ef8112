const OTHER = '_OTHER';

/**
 * Keeps the attributes of metrics few: the first so many values are told apart, and all others are
 * `_OTHER`, which is what the conventions of OpenTelemetry call the rest. With a limit of 0 there are none.
 */
export class KnownValues {
  readonly #limit: number;
  readonly #known = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  of(value: string): string | undefined {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.#limit) return this.#limit === 0 ? undefined : OTHER;
    this.#known.add(value);
    return value;
  }
}
