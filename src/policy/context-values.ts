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

/** The contexts that there are, the strongest first. */
function* layersOf({ context, identity, metadata, defaults }: ContextLayers): Generator<Context> {
  if (context !== undefined) yield context;
  if (identity !== undefined) yield identity;
  if (metadata !== undefined) yield metadata;
  yield* defaults;
}

function ownerBelow({ identity, metadata, defaults }: ContextLayers, key: string): Context | undefined {
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
 * Reads what stands under a key.
 *
 * @throws what a getter or Proxy of a context throws
 */
export function readValue(layers: ContextLayers, key: string): AttributeReading {
  const { context } = layers;
  // Nearly always it is the strongest, and what is right there need not be looked for.
  const owner = context !== undefined && Object.hasOwn(context, key) ? context : ownerBelow(layers, key);
  return toReading(owner?.[key]);
}

/**
 * Reads what stands under each of many keys, by the keys that the contexts have.
 *
 * @throws what a getter or Proxy of a context throws
 */
export function readPresent(
  layers: ContextLayers,
  { keys, except }: { readonly keys: ReadonlySet<string>; readonly except: string | undefined },
): Map<string, AttributeReading> {
  const values = new Map<string, AttributeReading>();
  for (const layer of layersOf(layers)) {
    // Not enumerable ones count too, as for a key that is asked for by its name.
    for (const key of Object.getOwnPropertyNames(layer)) {
      if (key !== except && keys.has(key) && !values.has(key)) values.set(key, toReading(layer[key]));
    }
  }
  return values;
}
