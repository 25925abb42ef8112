import type { ModelAction } from '../../src/index.ts';
import type { NamedModel } from './model-calls.ts';

/** A model, whatever else it may be. */
export type Model = NamedModel & object;

/** A method of a model. */
export type Method = (...parameters: never[]) => unknown;

/** A value with properties. */
export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** Whether an object has a method. */
export function hasMethod(object: object, name: PropertyKey): boolean {
  return typeof Reflect.get(object, name) === 'function';
}

const ACTIONS: ReadonlyMap<string, ModelAction> = new Map([
  ['doGenerate', 'llm.generate'],
  ['doStream', 'llm.generate'],
  ['doDecide', 'llm.generate'],
  ['doEvaluate', 'llm.generate'],
  ['doExtract', 'llm.generate'],
  ['doEmbed', 'embedding.generate'],
  // How a realtime model opens a session, or lets a browser open one.
  ['doCreateClientSecret', 'llm.generate'],
  ['doCreateWebRTCSession', 'llm.generate'],
  ['getServerWebSocketConfig', 'llm.generate'],
]);

/** The methods of an object that make a model run, with the action of each. Empty for what is not governed. */
export function modelMethods(object: object): ReadonlyMap<string, ModelAction> {
  const methods = new Map([...ACTIONS].filter(([name]) => hasMethod(object, name)));
  // Models of images and speech generate as well, and never stream.
  if (!methods.has('doStream')) methods.delete('doGenerate');
  if (!isRealtimeModel(object)) methods.delete('getServerWebSocketConfig');
  return methods;
}

/** Whether a value holds conversations over a socket. */
export function isRealtimeModel(value: unknown): value is Model {
  return isObject(value) && hasMethod(value, 'serializeClientEvent') && hasMethod(value, 'parseServerEvent');
}

/** Whether an object is a model that is governed. */
export function isModel(value: unknown): value is Model {
  return isObject(value) && modelMethods(value).size > 0;
}

/** Whether an object generates text or is one that could. */
export function isLanguageModel(value: unknown): value is Model {
  return isObject(value) && hasMethod(value, 'doGenerate') && hasMethod(value, 'doStream');
}

/** Whether an object makes embeddings. */
export function isEmbeddingModel(value: unknown): value is Model {
  return isObject(value) && hasMethod(value, 'doEmbed');
}

// Models that speak or listen have the same methods as language models, and never a list of URLs.
function mayBeSpeech(model: object): boolean {
  return !('supportedUrls' in model);
}

/** Whether a call speaks or listens, although it could be one of a language model by its method. */
export function isSpeechCall(model: object, params: unknown): boolean {
  return mayBeSpeech(model) && modelMethods(model).has('doStream') && isObject(params) && !('prompt' in params);
}

/** Whether a property of a model makes it run in a way that is not known here. */
export function isUnknownRun(model: object, name: PropertyKey): boolean {
  return typeof name === 'string' && /^do[A-Z]/u.test(name) && !(hasMethod(model, 'doStream') && mayBeSpeech(model));
}

const FACTORIES = ['languageModel', 'embeddingModel', 'textEmbeddingModel'] as const;

/** Whether a value hands out models. */
export function isProvider(value: unknown): value is object {
  return isObject(value) && FACTORIES.some((name) => hasMethod(value, name));
}
