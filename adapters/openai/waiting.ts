/**
 * Values that wait to be taken by the object they are about. Nearly always that is the last one that was put
 * here, and it is at hand; only the ones before it need a weak reference, which costs as much as a decision.
 */
export class Waiting<Value> {
  #key: object | undefined;
  #value: Value | undefined;
  readonly #others = new WeakMap<object, Value>();

  put(key: object, value: Value): void {
    if (this.#key !== undefined) this.#others.set(this.#key, this.#value as Value);
    this.#key = key;
    this.#value = value;
  }

  /** The value that waits for an object; undefined when none does. The next time there is none. */
  take(key: object): Value | undefined {
    if (this.#key !== key) {
      const value = this.#others.get(key);
      if (value !== undefined) this.#others.delete(key);
      return value;
    }
    const value = this.#value;
    this.#key = undefined;
    this.#value = undefined;
    return value;
  }
}
