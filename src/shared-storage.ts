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

/** The place of a storage, which all copies share before there is one. */
interface Slot {
  storage?: AsyncLocalStorage<unknown>;
}

interface SlotHolder {
  [STORAGES]?: Map<string, Slot>;
}

function slotOf(kind: string): Slot {
  const holder = globalThis as SlotHolder;
  if (!holder[STORAGES]) Object.defineProperty(holder, STORAGES, { value: new Map<string, Slot>() });
  const slots = holder[STORAGES] as Map<string, Slot>;
  const slot = slots.get(kind) ?? {};
  slots.set(kind, slot);
  return slot;
}

/**
 * The storage of one kind of value, shared by all copies of the package. No storage is made before it is used.
 *
 * @param what the function that needs it, for messages
 */
export function sharedStorage<Value>(kind: string, what: string): SharedStorage<Value> {
  // Kept from the first use on: each decision looks for what is nearly never there.
  let slot: Slot | undefined;
  const opened = (): AsyncLocalStorage<unknown> => {
    slot ??= slotOf(kind);
    slot.storage ??= new (requireBuiltin('node:async_hooks', what).AsyncLocalStorage)();
    return slot.storage;
  };
  return {
    run: (value, run) => opened().run(value, run),
    enter: (value) => opened().enterWith(value),
    current: () => (slot ??= slotOf(kind)).storage?.getStore() as Value | undefined,
  };
}
