import type { PathStep } from './problem.ts';

/** What cannot be copied, and where. */
export interface CopyFault {
  readonly steps: readonly PathStep[];
  readonly value: unknown;
  readonly message: string;
}

const DEEPEST = 16;
const MOST_NODES = 4_000_000;

function isScalar(value: unknown): boolean {
  const type = typeof value;
  return type === 'string' || type === 'number' || type === 'boolean' || type === 'undefined' || value === null;
}

/** Whether an object is one that JSON could have made. */
function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // Objects of another realm (a worker, a test runner's sandbox) have a foreign Object.prototype: one without a parent.
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Whether a value is an object that JSON could have made, and no list. */
export function isPlainRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && isPlainObject(value);
}

class Copier {
  readonly faults: CopyFault[] = [];
  readonly #path: PathStep[] = [];
  #nodes = 0;

  copy(value: unknown): unknown {
    if (isScalar(value)) return value;
    if (typeof value !== 'object' || value === null) return this.#fault(value, 'The value is not plain data.');
    this.#nodes += 1;
    if (this.#path.length > DEEPEST || this.#nodes > MOST_NODES)
      return this.#fault(value, 'The document is nested too deeply or is too large.');
    if (Array.isArray(value)) return this.#copyList(value);
    if (!isPlainObject(value)) return this.#fault(value, 'The value is not a plain object.');
    return this.#copyRecord(value);
  }

  #copyList(list: readonly unknown[]): unknown[] {
    const { length } = list;
    if (length > MOST_NODES) {
      this.#fault(list, 'The list is too long.');
      return [];
    }
    const copy: unknown[] = [];
    for (let index = 0; index < length; index += 1) copy.push(this.#copyProperty(list, index));
    return copy;
  }

  #copyRecord(record: object): Record<string, unknown> {
    const copy = Object.create(null) as Record<string, unknown>;
    for (const key of Object.keys(record)) copy[key] = this.#copyProperty(record, key);
    return copy;
  }

  #copyProperty(owner: object, key: PathStep): unknown {
    const descriptor = Object.getOwnPropertyDescriptor(owner, key);
    this.#path.push(key);
    const copy =
      descriptor && !('value' in descriptor)
        ? this.#fault(undefined, 'The value is computed by a getter.')
        : this.copy(descriptor?.value);
    this.#path.pop();
    return copy;
  }

  #fault(value: unknown, message: string): undefined {
    if (this.faults.length < 100) this.faults.push({ steps: [...this.#path], value, message });
    return undefined;
  }
}

/**
 * Copies plain data, once and completely: own enumerable data properties into objects without a
 * prototype. What was checked afterwards cannot change, and no inherited or polluted property takes
 * part. Getters, functions, class instances, cycles and depths over 16 are faults.
 */
export function plainCopy(value: unknown): { readonly copy: unknown; readonly faults: readonly CopyFault[] } {
  const copier = new Copier();
  try {
    return { copy: copier.copy(value), faults: copier.faults };
  } catch (error) {
    // A Proxy may throw from any trap; its document is refused like any other that cannot be read.
    const message = `The document cannot be read: ${error instanceof Error ? error.name : 'an exception was thrown'}.`;
    return { copy: undefined, faults: [{ steps: [], value: undefined, message }] };
  }
}
