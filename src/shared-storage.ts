import type { AsyncLocalStorage } from 'node:async_hooks';

import { requireBuiltin } from './node/builtin.ts';

/** A value that follows a call across `await` and callbacks. */
export interface SharedStorage<Value> {
  /** @throws {ConfigurationError} `ERR_CZ_CONFIGURATION` on runtimes without AsyncLocalStorage */
  run<Result>(value: Value, run: () => Result): Result;
  /**
   * Sets the value for the rest of the running function, and for the one that awaits it when it has not
   * awaited anything itself.
   *
   * @throws {ConfigurationError} `ERR_CZ_CONFIGURATION` on runtimes without AsyncLocalStorage
   */
  enter(value: Value): void;
  /** The value for the running code, if any. */
  current(): Value | undefined;
}

// One storage of each kind per process, whichever copy of the package asks: what one sets must hold in all.
const STORAGES: unique symbol = Symbol.for('controlzero.storages') as never;

interface StorageHolder {
  [STORAGES]?: Map<string, AsyncLocalStorage<unknown>>;
}

let found: Map<string, AsyncLocalStorage<unknown>> | undefined;

// Made when it is first looked for, because to look for what is not there takes longest, with each decision.
function storages(): Map<string, AsyncLocalStorage<unknown>> {
  if (found) return found;
  const holder = globalThis as StorageHolder;
  if (!holder[STORAGES]) Object.defineProperty(holder, STORAGES, { value: new Map() });
  found = holder[STORAGES] as Map<string, AsyncLocalStorage<unknown>>;
  return found;
}

function storageOf(kind: string, what: string): AsyncLocalStorage<unknown> {
  const known = storages().get(kind);
  if (known) return known;
  const { AsyncLocalStorage: Storage } = requireBuiltin('node:async_hooks', what);
  const made = new Storage<unknown>();
  storages().set(kind, made);
  return made;
}

/**
 * The storage of one kind of value, shared by all copies of the package. No storage is made before it is used.
 *
 * @param what the function that needs it, for messages
 */
export function sharedStorage<Value>(kind: string, what: string): SharedStorage<Value> {
  return {
    run: (value, run) => storageOf(kind, what).run(value, run),
    enter: (value) => storageOf(kind, what).enterWith(value),
    current: () => storages().get(kind)?.getStore() as Value | undefined,
  };
}
