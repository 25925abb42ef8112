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
export class ContextValues implements Attributes, ContextLayers {
  readonly context: Context | undefined;
  readonly identity: Context | undefined;
  readonly metadata: Context | undefined;
  readonly defaults: readonly Context[];
  /** Whether a value is too long to be compared. */
  readonly hasOverlong: boolean;
  readonly #keys: readonly string[];
  // Most policies look at one key, the agent, and need no list for it.
  readonly #first: AttributeReading;
  readonly #others: readonly AttributeReading[] | undefined;
  readonly #byKey: ReadonlyMap<string, AttributeReading> | undefined;

  /** @throws what a getter or Proxy of a context throws */
  constructor(layers: ContextLayers, keys: ContextKeys) {
    const { list } = keys;
    const isInRow = list.length <= MOST_KEYS_IN_A_ROW;
    const first = isInRow && list.length > 0 ? readValue(layers, list[0] as string) : undefined;
    const others = isInRow && list.length > 1 ? readOthers(layers, list) : undefined;
    const byKey = isInRow ? undefined : readPresent(layers, keys.all);
    this.context = layers.context;
    this.identity = layers.identity;
    this.metadata = layers.metadata;
    this.defaults = layers.defaults;
    this.#keys = list;
    this.#first = first;
    this.#others = others;
    this.#byKey = byKey;
    this.hasOverlong = first === OVERLONG || hasOverlong(others) || hasOverlong(byKey?.values());
  }

  get(key: string): AttributeReading {
    const keys = this.#keys;
    if (keys[0] === key && this.#byKey === undefined) return this.#first;
    if (this.#byKey) return this.#byKey.get(key);
    for (let index = 1; index < keys.length; index += 1) {
      if (keys[index] === key) return this.#others?.[index - 1];
    }
    return undefined;
  }

  /** The keys that the request has, when that is a better way to go through them; else undefined. */
  presentKeys(most: number): Iterable<string> | undefined {
    return this.#byKey && this.#byKey.size < most ? this.#byKey.keys() : undefined;
  }
}

function hasOverlong(values: Iterable<AttributeReading> | undefined): boolean {
  if (values === undefined) return false;
  for (const value of values) if (value === OVERLONG) return true;
  return false;
}

function readValue(layers: ContextLayers, key: string): AttributeReading {
  return toReading(ownerOf(layers, key)?.[key]);
}

function readOthers(layers: ContextLayers, keys: readonly string[]): AttributeReading[] {
  const values: AttributeReading[] = [];
  for (let index = 1; index < keys.length; index += 1) values.push(readValue(layers, keys[index] as string));
  return values;
}

function readPresent(layers: ContextLayers, keys: ReadonlySet<string>): Map<string, AttributeReading> {
  const values = new Map<string, AttributeReading>();
  for (const layer of layersOf(layers)) {
    // Not enumerable ones count too, as for a key that is asked for by its name.
    for (const key of Object.getOwnPropertyNames(layer)) {
      if (keys.has(key) && !values.has(key)) values.set(key, toReading(layer[key]));
    }
  }
  return values;
}
