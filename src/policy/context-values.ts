import { isJudgeableLength } from './names.ts';
import type { Context } from './types.ts';

/** A context value that a condition can be compared with. */
export type Attribute = string | number | boolean;

/** Stands for a context value that is too long to be compared. The rule that looks at it ends the walk in a denial. */
export const OVERLONG: unique symbol = Symbol('overlong');

/** What stands under a key: a value, a value that is too long, or nothing that a condition can be compared with. */
export type AttributeReading = Attribute | typeof OVERLONG | undefined;

/** The context values of one request that conditions look at. */
export interface Attributes {
  get(key: string): AttributeReading;
}

/** Every key that some condition looks at, to go through and to ask. */
export interface ContextKeys {
  readonly list: readonly string[];
  readonly all: ReadonlySet<string>;
}

/** The keys of a policy without conditions. */
export const NO_KEYS: ContextKeys = { list: [], all: new Set() };

/** Every context of one request. The first that has a key of its own gives its value. */
export interface ContextLayers {
  readonly context: Context | undefined;
  readonly identity: Context | undefined;
  readonly metadata: Context | undefined;
  readonly defaults: readonly Context[];
}

// A policy with more keys than this is asked by the keys of the request, not by its own.
const MOST_KEYS_IN_A_ROW = 16;

/** The contexts that there are, the strongest first. */
export function* layersOf({ context, identity, metadata, defaults }: ContextLayers): Generator<Context> {
  if (context !== undefined) yield context;
  if (identity !== undefined) yield identity;
  if (metadata !== undefined) yield metadata;
  yield* defaults;
}

function ownerOf(layers: ContextLayers, key: string): Context | undefined {
  const { context, identity, metadata, defaults } = layers;
  if (context !== undefined && Object.hasOwn(context, key)) return context;
  if (identity !== undefined && Object.hasOwn(identity, key)) return identity;
  if (metadata !== undefined && Object.hasOwn(metadata, key)) return metadata;
  for (const layer of defaults) {
    if (Object.hasOwn(layer, key)) return layer;
  }
  return undefined;
}

function toReading(value: unknown): AttributeReading {
  if (typeof value === 'string') return isJudgeableLength(value) ? value : OVERLONG;
  return typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
}

/**
 * The values under the keys that a policy looks at, each taken from its context exactly once, when this
 * is made: nothing that happens to the contexts later can change a decision.
 */
export class ContextValues implements Attributes {
  /** Whether a value is too long to be compared. */
  readonly hasOverlong: boolean;
  readonly #keys: readonly string[];
  readonly #values: readonly AttributeReading[];
  readonly #byKey: ReadonlyMap<string, AttributeReading> | undefined;

  /** @throws what a getter or Proxy of a context throws */
  constructor(layers: ContextLayers, keys: ContextKeys) {
    this.#keys = keys.list;
    if (keys.list.length > MOST_KEYS_IN_A_ROW) {
      this.#byKey = readPresent(layers, keys.all);
      this.#values = [...this.#byKey.values()];
    } else {
      this.#values = readInRow(layers, keys.list);
    }
    this.hasOverlong = this.#values.includes(OVERLONG);
  }

  get(key: string): AttributeReading {
    if (this.#byKey) return this.#byKey.get(key);
    const keys = this.#keys;
    for (let index = 0; index < keys.length; index += 1) {
      if (keys[index] === key) return this.#values[index];
    }
    return undefined;
  }

  /** The keys that the request has, when that is a better way to go through them; else undefined. */
  presentKeys(most: number): Iterable<string> | undefined {
    return this.#byKey && this.#byKey.size < most ? this.#byKey.keys() : undefined;
  }
}

function readInRow(layers: ContextLayers, keys: readonly string[]): AttributeReading[] {
  const values: AttributeReading[] = [];
  for (let index = 0; index < keys.length; index += 1) {
    const key = keys[index] ?? '';
    values.push(toReading(ownerOf(layers, key)?.[key]));
  }
  return values;
}

function readPresent(layers: ContextLayers, isKey: ReadonlySet<string>): Map<string, AttributeReading> {
  const values = new Map<string, AttributeReading>();
  for (const layer of layersOf(layers)) {
    // Not enumerable ones count too, as for a key that is asked for by its name.
    for (const key of Object.getOwnPropertyNames(layer)) {
      if (isKey.has(key) && !values.has(key)) values.set(key, toReading(layer[key]));
    }
  }
  return values;
}
