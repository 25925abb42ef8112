const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never;

/**
 * A value that shows itself as its label wherever it is printed, serialized or cloned. It is held as
 * bytes, which can be filled with zeros; a text exists only in what `reveal()` hands out.
 */
export class SecretValue {
  static {
    // Added here, because declarations cannot name such keys.
    const value = function showLabel(this: SecretValue): string {
      return this.toString();
    };
    for (const key of [Symbol.toPrimitive, INSPECT]) Object.defineProperty(this.prototype, key, { value });
  }

  readonly #label: string;
  readonly #bytes: Uint8Array;

  /** @param bytes UTF-8 text; they belong to this object from now on */
  constructor(label: string, bytes: Uint8Array) {
    this.#label = label;
    this.#bytes = bytes;
  }

  /** The value as a text of its own. */
  reveal(): string {
    return new TextDecoder().decode(this.#bytes);
  }

  equals(bytes: Uint8Array): boolean {
    return bytes.length === this.#bytes.length && bytes.every((byte, index) => byte === this.#bytes[index]);
  }

  /** Fills the bytes with zeros. */
  clear(): void {
    this.#bytes.fill(0);
  }

  toString(): string {
    return this.#label;
  }

  toJSON(): string {
    return this.#label;
  }
}
