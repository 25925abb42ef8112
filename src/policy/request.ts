import { canonicalAction, canonicalResource, isJudgeableLength, isJudgeableName } from './names.ts';
import type { Context, PolicyRequest } from './types.ts';

/** A request as the engine judges it: every value read once, names in one spelling. */
export interface JudgedRequest {
  readonly action: string;
  /** The resource first, then its other names. */
  readonly names: readonly [resource: string, ...aliases: string[]];
  readonly attributes: Attributes;
}

/** A context value that a condition can be compared with. */
export type Attribute = string | number | boolean;

/** Stands for a context value that is too long to be compared. The rule that looks at it ends the walk in a denial. */
export const OVERLONG: unique symbol = Symbol('overlong');

/** The context values of one request that conditions look at, each taken from the context exactly once. */
export type Attributes = ReadonlyMap<string, Attribute | typeof OVERLONG>;

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
  if (isJudgeableName(value)) return value;
  throw new FaultSignal(`The ${what} is not ${NAME_RULE}.`);
}

function readResource(value: unknown, what: string): string {
  const resource = canonicalResource(readName(value, what));
  if (resource === MODEL) throw new FaultSignal(`The ${what} names no model.`);
  return resource;
}

// Gateways write openai/gpt-4-turbo for gpt-4-turbo. The bare id goes along as another name, so that a
// rule which denies the model denies it behind every gateway.
function bareModel(resource: string): string | undefined {
  const slash = resource.lastIndexOf('/');
  if (slash < MODEL.length || slash === resource.length - 1 || !resource.startsWith(MODEL)) return undefined;
  return MODEL + resource.slice(slash + 1);
}

/** A resource with the other names that follow from it alone. */
export function namesOf(resource: string): JudgedRequest['names'] {
  const bare = bareModel(resource);
  return bare === undefined ? [resource] : [resource, bare];
}

function readNames(request: PolicyRequest): JudgedRequest['names'] {
  const resource = readResource(request.resource, 'resource');
  const aliases: unknown = request.aliases;
  if (aliases === undefined) return namesOf(resource);
  if (!Array.isArray(aliases)) throw new FaultSignal('The aliases are not a list.');
  const names = aliases.map((alias: unknown) => readResource(alias, 'alias'));
  const bareNames = [resource, ...names].map(bareModel).filter((name) => name !== undefined);
  return [resource, ...names, ...bareNames];
}

function readAttribute(layers: readonly Context[], key: string): Attribute | typeof OVERLONG | undefined {
  const layer = layers.find((context) => Object.hasOwn(context, key));
  const value = layer?.[key];
  if (typeof value === 'string') return isJudgeableLength(value) ? value : OVERLONG;
  return typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
}

function readAttributes(layers: readonly Context[], keys: readonly string[]): Attributes {
  const attributes = new Map<string, Attribute | typeof OVERLONG>();
  for (const key of keys) {
    const value = readAttribute(layers, key);
    if (value !== undefined) attributes.set(key, value);
  }
  return attributes;
}

/** Contexts that a request is judged in besides its own. */
export interface Surroundings {
  /** What `runAs()` set; it wins over the metadata of the request. */
  readonly identity: Context | undefined;
  /** What the client sets; everything else wins over it. */
  readonly defaults: readonly Context[];
}

function readLayer(context: unknown, what: string): readonly Context[] {
  if (context === undefined) return [];
  if (typeof context !== 'object' || context === null) throw new FaultSignal(`The ${what} is not an object.`);
  return [context as Context];
}

/** The contexts of a request, strongest first: the first that owns a key wins. */
export function contextLayers(request: PolicyRequest, { identity, defaults }: Surroundings): readonly Context[] {
  return [
    ...readLayer(request.context, 'context'),
    ...readLayer(identity, 'identity'),
    ...readLayer(request.metadata, 'metadata'),
    ...defaults,
  ];
}

/** What a request is read with. */
export interface ReadOptions extends Surroundings {
  /** The context keys that conditions look at; only these are read. */
  readonly keys: readonly string[];
}

/**
 * Reads a request once and completely, so that nothing it is made of can change between check and
 * use. Anything that cannot be judged, an exception from a getter or Proxy included, is a fault.
 */
export function readRequest(request: PolicyRequest, options: ReadOptions): JudgedRequest | RequestFault {
  try {
    const fault: unknown = request.fault;
    if (fault !== undefined) return { fault: typeof fault === 'string' ? fault : 'The request is not judgeable.' };
    const action = canonicalAction(readName(request.action, 'action'));
    const names = readNames(request);
    const layers = contextLayers(request, options);
    return { action, names, attributes: readAttributes(layers, options.keys) };
  } catch (error) {
    if (error instanceof FaultSignal) return { fault: error.fault };
    return { fault: 'The request cannot be read: one of its properties threw an exception.' };
  }
}

/** What a model call does. */
export type ModelAction = 'llm.generate' | 'embedding.generate';

/** What a model request is built from. */
export interface ModelRequestOptions {
  readonly action: ModelAction;
  /** The id exactly as it goes to the provider. */
  readonly model: string;
  readonly context?: Context;
  /** What the call says about itself by the metadata of its framework. */
  readonly metadata?: Context;
  /** Other ids of the same model, for example the model behind a deployment. */
  readonly aliases?: readonly string[];
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
  return {
    action,
    resource: MODEL + model,
    ...(context !== undefined && { context }),
    ...(metadata !== undefined && { metadata }),
    ...(aliases !== undefined && aliases.length > 0 && { aliases: aliases.map((alias) => MODEL + alias) }),
  };
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
