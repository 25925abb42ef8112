import type { ContextKeys, ContextLayers } from './context-values.ts';
import { ContextValues } from './context-values.ts';
import { canonicalAction, canonicalResource, isJudgeableName } from './names.ts';
import type { Context, PolicyRequest } from './types.ts';

export type { Attribute } from './context-values.ts';

/** A request as its caller gave it, each part taken from it exactly once, its names not yet checked. */
export interface TakenRequest {
  readonly action: unknown;
  readonly resource: unknown;
  readonly aliases: unknown;
  readonly attributes: ContextValues;
}

/** A request as the engine judges it: names checked and in one spelling. */
export interface JudgedRequest {
  readonly action: string;
  /** The resource first, then its other names. */
  readonly names: readonly [resource: string, ...aliases: string[]];
  readonly attributes: ContextValues;
}

/** Why a request cannot be judged, as a sentence that holds none of its values. */
export interface RequestFault {
  readonly fault: string;
}

const MODEL = 'model/';
const SLASH = 0x2f;
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
  const slash = lastSlash(resource);
  if (slash < MODEL.length || slash === resource.length - 1 || !resource.startsWith(MODEL)) return undefined;
  return MODEL + resource.slice(slash + 1);
}

function lastSlash(text: string): number {
  for (let at = text.length - 1; at >= 0; at -= 1) if (text.charCodeAt(at) === SLASH) return at;
  return -1;
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

function take(request: PolicyRequest, options: ReadOptions): TakenRequest {
  const { action, resource, aliases } = request;
  // A list is taken as it is now; what is none is refused when the names are checked.
  const names: unknown = Array.isArray(aliases) ? [...(aliases as readonly unknown[])] : aliases;
  const attributes = new ContextValues(contextLayers(request, options), options.keys);
  return { action, resource, aliases: names, attributes };
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
    return take(request, options);
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
    return { action, names: readNames(taken), attributes: taken.attributes };
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
