import type { AttributeReading, Attributes, ContextKeys, ContextLayers } from './context-values.ts';
import { OVERLONG, readPresent, readValue } from './context-values.ts';
import type { RequestFault } from './request-fault.ts';
import { FaultSignal, faultOf } from './request-fault.ts';
import type { Context, PolicyRequest } from './types.ts';

// A policy with more keys than this is asked by the keys of the request, not by its own.
const MOST_KEYS_IN_A_ROW = 16;

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

type OtherValues = readonly AttributeReading[] | ReadonlyMap<string, AttributeReading>;

/** Contexts that a request is judged in besides its own. */
export interface Surroundings {
  /** What `runAs()` set; it wins over the metadata of the request. */
  readonly identity: Context | undefined;
  /** What the client sets; everything else wins over it. */
  readonly defaults: readonly Context[];
}

function checkLayer(context: unknown, what: string): void {
  if (context === undefined || (typeof context === 'object' && context !== null)) return;
  throw new FaultSignal(`The ${what} is not an object.`);
}

function checkLayers({ context, identity, metadata }: ContextLayers): void {
  checkLayer(context, 'context');
  checkLayer(identity, 'identity');
  checkLayer(metadata, 'metadata');
}

function readFirst(layers: ContextLayers, { list }: ContextKeys): AttributeReading {
  checkLayers(layers);
  return list.length > 0 ? readValue(layers, list[0] as string) : undefined;
}

function readOthers(layers: ContextLayers, { list, all }: ContextKeys): OtherValues {
  const [first] = list;
  if (list.length > MOST_KEYS_IN_A_ROW) return readPresent(layers, { keys: all, except: first });
  const values: AttributeReading[] = [];
  for (let index = 1; index < list.length; index += 1) values.push(readValue(layers, list[index] as string));
  return values;
}

// A list is taken as it is now; what is none is refused when the names are checked.
function listOf(aliases: unknown): unknown {
  if (aliases === undefined) return undefined;
  return Array.isArray(aliases) ? [...(aliases as readonly unknown[])] : aliases;
}

/**
 * A request as its caller gave it: each part, and each context value that the policy looks at, taken
 * exactly once, when this is made. Nothing that happens to the request later can change a decision. Its
 * names are not yet checked.
 *
 * One is made for every decision, so it is one flat object.
 */
export class TakenRequest implements Attributes, ContextLayers {
  // Declared only, and set by `read`: an object that is made in one piece, where it is needed, is made fastest.
  declare readonly action: unknown;
  declare readonly resource: unknown;
  declare readonly aliases: unknown;
  declare readonly context: Context | undefined;
  declare readonly metadata: Context | undefined;
  declare readonly keys: ContextKeys;
  declare readonly surroundings: Surroundings;
  /** What stands under the first key. Most policies look at one, the agent, and need no list for it. */
  declare readonly first: AttributeReading;
  declare readonly others: OtherValues | undefined;

  /** @throws what a getter or Proxy throws, and for a context that is none */
  static read(request: PolicyRequest, keys: ContextKeys, surroundings: Surroundings): TakenRequest {
    const taken = new TakenRequest() as Mutable<TakenRequest>;
    taken.action = request.action;
    taken.resource = request.resource;
    taken.aliases = listOf(request.aliases);
    taken.context = request.context;
    taken.metadata = request.metadata;
    taken.keys = keys;
    taken.surroundings = surroundings;
    taken.first = readFirst(taken, keys);
    taken.others = keys.list.length > 1 ? readOthers(taken, keys) : undefined;
    return taken;
  }

  get identity(): Context | undefined {
    return this.surroundings.identity;
  }

  get defaults(): readonly Context[] {
    return this.surroundings.defaults;
  }

  /** Whether a value is too long to be compared. */
  get hasOverlong(): boolean {
    if (this.first === OVERLONG) return true;
    if (this.others === undefined) return false;
    for (const value of this.others.values()) if (value === OVERLONG) return true;
    return false;
  }

  get(key: string): AttributeReading {
    const keys = this.keys.list;
    if (keys[0] === key) return this.first;
    const others = this.others;
    if (others instanceof Map) return (others as ReadonlyMap<string, AttributeReading>).get(key);
    for (let index = 1; index < keys.length; index += 1) {
      if (keys[index] === key) return (others as readonly AttributeReading[])[index - 1];
    }
    return undefined;
  }

  /** The keys that the request has, when they are fewer than so many and a better way to go through; else undefined. */
  presentKeys(most: number): Iterable<string> | undefined {
    const others = this.others;
    return others instanceof Map && others.size < most ? [...others.keys(), this.keys.list[0] ?? ''] : undefined;
  }
}

/** Every context that a request is judged in. Throws when one of them is none. */
export function contextLayers(request: PolicyRequest, { identity, defaults }: Surroundings): ContextLayers {
  const { context, metadata } = request;
  const layers = { context, identity, metadata, defaults };
  checkLayers(layers);
  return layers;
}

/**
 * Reads a request once and completely, so that nothing it is made of can change between check and
 * use. Anything that cannot be read, an exception from a getter or Proxy included, is a fault.
 *
 * @param keys the context keys that conditions look at; only these are read
 */
export function takeRequest(
  request: PolicyRequest,
  keys: ContextKeys,
  surroundings: Surroundings,
): TakenRequest | RequestFault {
  try {
    const fault: unknown = request.fault;
    if (fault !== undefined) return { fault: typeof fault === 'string' ? fault : 'The request is not judgeable.' };
    return TakenRequest.read(request, keys, surroundings);
  } catch (error) {
    return faultOf(error);
  }
}
