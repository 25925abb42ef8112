import type { AttributeReading, Attributes, ContextKeys, ContextLayers } from './context-values.ts';
import { OVERLONG, readPresent, readValue } from './context-values.ts';
import { canonicalAction, canonicalResource, isJudgeableName } from './names.ts';
import { ownCopy } from './own-copy.ts';
import type { Context, PolicyRequest } from './types.ts';

// A policy with more keys than this is asked by the keys of the request, not by its own.
const MOST_KEYS_IN_A_ROW = 16;

type OtherValues = readonly AttributeReading[] | ReadonlyMap<string, AttributeReading>;

/**
 * A request as its caller gave it: each part, and each context value that the policy looks at, taken
 * exactly once, when this is made. Nothing that happens to the request later can change a decision. Its
 * names are not yet checked.
 *
 * One is made for every decision, so it is one flat object.
 */
export class TakenRequest implements Attributes, ContextLayers {
  readonly action: unknown;
  readonly resource: unknown;
  readonly aliases: unknown;
  readonly context: Context | undefined;
  readonly metadata: Context | undefined;
  readonly #options: ReadOptions;
  // Most policies look at one key, the agent, and need no list for it.
  readonly #first: AttributeReading;
  readonly #others: OtherValues | undefined;

  /** @throws what a getter or Proxy throws, and for a context that is none */
  constructor(request: PolicyRequest, options: ReadOptions) {
    const { action, resource, aliases, context, metadata } = request;
    const { list, all } = options.keys;
    if (context !== undefined) checkLayer(context, 'context');
    if (options.identity !== undefined) checkLayer(options.identity, 'identity');
    if (metadata !== undefined) checkLayer(metadata, 'metadata');
    this.action = action;
    this.resource = resource;
    // A list is taken as it is now; what is none is refused when the names are checked.
    this.aliases = Array.isArray(aliases) ? [...(aliases as readonly unknown[])] : aliases;
    this.context = context;
    this.metadata = metadata;
    this.#options = options;
    this.#first = list.length > 0 ? readValue(this, list[0] as string) : undefined;
    this.#others = list.length > 1 ? this.#readOthers(list, all) : undefined;
  }

  get identity(): Context | undefined {
    return this.#options.identity;
  }

  get defaults(): readonly Context[] {
    return this.#options.defaults;
  }

  /** Whether a value is too long to be compared. */
  get hasOverlong(): boolean {
    if (this.#first === OVERLONG) return true;
    if (this.#others === undefined) return false;
    for (const value of this.#others.values()) if (value === OVERLONG) return true;
    return false;
  }

  get(key: string): AttributeReading {
    const keys = this.#options.keys.list;
    if (keys[0] === key) return this.#first;
    const others = this.#others;
    if (others instanceof Map) return (others as ReadonlyMap<string, AttributeReading>).get(key);
    for (let index = 1; index < keys.length; index += 1) {
      if (keys[index] === key) return (others as readonly AttributeReading[])[index - 1];
    }
    return undefined;
  }

  /** The keys that the request has, when they are fewer than so many and a better way to go through; else undefined. */
  presentKeys(most: number): Iterable<string> | undefined {
    const others = this.#others;
    return others instanceof Map && others.size < most
      ? [...others.keys(), this.#options.keys.list[0] ?? '']
      : undefined;
  }

  #readOthers(list: readonly string[], all: ReadonlySet<string>): OtherValues {
    const [first] = list;
    if (list.length > MOST_KEYS_IN_A_ROW) return readPresent(this, { keys: all, except: first });
    const values: AttributeReading[] = [];
    for (let index = 1; index < list.length; index += 1) values.push(readValue(this, list[index] as string));
    return values;
  }
}

/** A request as the engine judges it: names checked and in one spelling. */
export interface JudgedRequest {
  readonly action: string;
  /** The resource first, then its other names. */
  readonly names: readonly [resource: string, ...aliases: string[]];
  readonly attributes: TakenRequest;
}

/** Why a request cannot be judged, as a sentence that holds none of its values. */
export interface RequestFault {
  readonly fault: string;
}

const MODEL = 'model/';
const NAME_RULE = 'a string of 1 to 1,024 printable characters without spaces';

class FaultSignal {
  readonly fault: string;
  constructor(fault: string) {
    this.fault = fault;
  }
}

function readName(value: unknown, what: string): string {
  if (!isJudgeableName(value)) throw new FaultSignal(`The ${what} is not ${NAME_RULE}.`);
  return value;
}

function readResource(value: unknown, what: string): string {
  const resource = canonicalResource(readName(value, what));
  if (resource === MODEL) throw new FaultSignal(`The ${what} names no model.`);
  return resource;
}

// Gateways write openai/gpt-4-turbo for gpt-4-turbo. The bare id goes along as another name, so that a
// rule which denies the model denies it behind every gateway.
function bareModel(resource: string): string | undefined {
  // Most ids have no slash, and looking for the first one is the fastest way to know.
  if (!resource.includes('/', MODEL.length) || !resource.startsWith(MODEL)) return undefined;
  const slash = resource.lastIndexOf('/');
  return slash === resource.length - 1 ? undefined : MODEL + resource.slice(slash + 1);
}

/** A resource with the other names that follow from it alone. */
export function namesOf(resource: string): JudgedRequest['names'] {
  const bare = bareModel(resource);
  return bare === undefined ? [resource] : [resource, bare];
}

function readNames({ resource: given, aliases }: TakenRequest): JudgedRequest['names'] {
  const resource = readResource(given, 'resource');
  if (aliases === undefined) return namesOf(resource);
  if (!Array.isArray(aliases)) throw new FaultSignal('The aliases are not a list.');
  const names = aliases.map((alias: unknown) => readResource(alias, 'alias'));
  const bareNames = [resource, ...names].map(bareModel).filter((name) => name !== undefined);
  return [resource, ...names, ...bareNames];
}

/** Contexts that a request is judged in besides its own. */
export interface Surroundings {
  /** What `runAs()` set; it wins over the metadata of the request. */
  readonly identity: Context | undefined;
  /** What the client sets; everything else wins over it. */
  readonly defaults: readonly Context[];
}

function checkLayer(context: unknown, what: string): asserts context is Context {
  if (typeof context === 'object' && context !== null) return;
  throw new FaultSignal(`The ${what} is not an object.`);
}

/** What a request is read with. */
export interface ReadOptions extends Surroundings {
  /** The context keys that conditions look at; only these are read. */
  readonly keys: ContextKeys;
}

/** Every context that a request is judged in. Throws when one of them is none. */
export function contextLayers(request: PolicyRequest, { identity, defaults }: Surroundings): ContextLayers {
  const { context, metadata } = request;
  if (context !== undefined) checkLayer(context, 'context');
  if (identity !== undefined) checkLayer(identity, 'identity');
  if (metadata !== undefined) checkLayer(metadata, 'metadata');
  return { context, identity, metadata, defaults };
}

function faultOf(error: unknown): RequestFault {
  if (error instanceof FaultSignal) return { fault: error.fault };
  return { fault: 'The request cannot be read: one of its properties threw an exception.' };
}

/**
 * Reads a request once and completely, so that nothing it is made of can change between check and
 * use. Anything that cannot be read, an exception from a getter or Proxy included, is a fault.
 */
export function takeRequest(request: PolicyRequest, options: ReadOptions): TakenRequest | RequestFault {
  try {
    const fault: unknown = request.fault;
    if (fault !== undefined) return { fault: typeof fault === 'string' ? fault : 'The request is not judgeable.' };
    return new TakenRequest(request, options);
  } catch (error) {
    return faultOf(error);
  }
}

/**
 * Checks the names of a request and brings them to one spelling.
 *
 * @param knownAction the action in that spelling, when it was checked before
 */
export function judgedRequest(taken: TakenRequest, knownAction?: string): JudgedRequest | RequestFault {
  try {
    const action = knownAction ?? canonicalAction(readName(taken.action, 'action'));
    return { action, names: readNames(taken), attributes: taken };
  } catch (error) {
    return faultOf(error);
  }
}

/** What a model call does. */
export type ModelAction = 'llm.generate' | 'embedding.generate';

/** What a model request is built from. */
export interface ModelRequestOptions {
  readonly action: ModelAction;
  /** The id exactly as it goes to the provider. */
  readonly model: string;
  readonly context?: Context | undefined;
  /** What the call says about itself by the metadata of its framework. */
  readonly metadata?: Context | undefined;
  /** Other ids of the same model, for example the model behind a deployment. */
  readonly aliases?: readonly string[] | undefined;
}

const MOST_RESOURCES = 1024;
const LONGEST_REMEMBERED = 256;
const resources = new Map<string, string>();

// An application uses the same few models: joining the text and hashing it anew costs more than a decision.
function modelResource(model: string): string {
  const known = resources.get(model);
  if (known !== undefined) return known;
  const resource = MODEL + model;
  if (resource.length > LONGEST_REMEMBERED) return resource;
  if (resources.size >= MOST_RESOURCES) resources.clear();
  resources.set(ownCopy(model), resource);
  return resource;
}

/**
 * The request for one model call: the action on `model/<id>`.
 *
 * An id with a provider prefix (`openai/gpt-4-turbo`) is judged by the full id; deny rules also match
 * its bare last part.
 *
 * @example
 * ```ts
 * import { init, modelRequest } from '@controlzero/sdk';
 *
 * const cz = await init({ policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] } });
 * const decision = cz.evaluate(modelRequest({ action: 'llm.generate', model: 'gpt-4' }));
 * ```
 */
export function modelRequest({ action, model, context, metadata, aliases }: ModelRequestOptions): PolicyRequest {
  const request: { -readonly [Key in keyof PolicyRequest]: PolicyRequest[Key] } = {
    action,
    resource: modelResource(model),
  };
  // Spreads of what may be missing cost more than the decision.
  if (context !== undefined) request.context = context;
  if (metadata !== undefined) request.metadata = metadata;
  if (aliases !== undefined && aliases.length > 0) request.aliases = aliases.map((alias) => MODEL + alias);
  return request;
}

/**
 * The request for a model call whose model cannot be determined. It is always denied, as
 * `INVALID_REQUEST`.
 *
 * @param fault why, as a sentence without foreign text: it becomes the reason of the decision
 *
 * @example
 * ```ts
 * import { ControlZero, undeterminedRequest } from '@controlzero/sdk';
 *
 * new ControlZero().evaluate(undeterminedRequest('llm.generate', 'The call names no model.')).allowed; // false
 * ```
 */
export function undeterminedRequest(action: ModelAction, fault: string, context?: Context): PolicyRequest {
  return { action, resource: '(undetermined model)', fault, ...(context !== undefined && { context }) };
}
