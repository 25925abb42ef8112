import type { PathStep } from './problem.ts';

/** What cannot be copied, and where. */
export interface CopyFault {
  readonly steps: readonly PathStep[];
  readonly value: unknown;
  readonly message: string;
}

const DEEPEST = 16;
const MOST_NODES = 4_000_000;

const SCALARS: ReadonlySet<string> = new Set(['string', 'number', 'boolean', 'undefined']);

class Copier {
  readonly faults: CopyFault[] = [];
  #nodes = 0;

  copy(value: unknown, steps: readonly PathStep[]): unknown {
    if (value === null || SCALARS.has(typeof value)) return value;
    if (typeof value !== 'object') return this.#fault(steps, value, 'The value is not plain data.');
    this.#nodes += 1;
    if (steps.length > DEEPEST || this.#nodes > MOST_NODES)
      return this.#fault(steps, value, 'The document is nested too deeply or is too large.');
    if (Array.isArray(value)) return this.#copyList(value, steps);
    const prototype: unknown = Object.getPrototypeOf(value);
    // Objects of another realm (a worker, a test runner's sandbox) have a foreign Object.prototype: one without a parent.
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
      return this.#fault(steps, value, 'The value is not a plain object.');
    }
    return this.#copyRecord(value, steps);
  }

  #copyList(list: readonly unknown[], steps: readonly PathStep[]): unknown[] {
    const { length } = list;
    if (length > MOST_NODES) {
      this.#fault(steps, list, 'The list is too long.');
      return [];
    }
    const copy: unknown[] = [];
    for (let index = 0; index < length; index += 1) copy.push(this.#copyProperty(list, index, steps));
    return copy;
  }

  #copyRecord(record: object, steps: readonly PathStep[]): Record<string, unknown> {
    const copy = Object.create(null) as Record<string, unknown>;
    for (const key of Object.keys(record)) copy[key] = this.#copyProperty(record, key, steps);
    return copy;
  }

  #copyProperty(owner: object, key: PathStep, steps: readonly PathStep[]): unknown {
    const descriptor = Object.getOwnPropertyDescriptor(owner, key);
    const path = [...steps, key];
    if (descriptor && !('value' in descriptor))
      return this.#fault(path, undefined, 'The value is computed by a getter.');
    return this.copy(descriptor?.value, path);
  }

  #fault(steps: readonly PathStep[], value: unknown, message: string): undefined {
    if (this.faults.length < 100) this.faults.push({ steps, value, message });
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
    return { copy: copier.copy(value, []), faults: copier.faults };
  } catch (error) {
    // A Proxy may throw from any trap; its document is refused like any other that cannot be read.
    const message = `The document cannot be read: ${error instanceof Error ? error.name : 'an exception was thrown'}.`;
    return { copy: undefined, faults: [{ steps: [], value: undefined, message }] };
  }
}
