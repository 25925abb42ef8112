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

/** A method that makes a model run. */
export interface RunMethod {
  readonly name: string;
  readonly action: ModelAction;
  readonly run: (model: object, params: unknown) => PromiseLike<unknown>;
}

function runMethod(name: string, action: ModelAction): RunMethod {
  const run = (model: object, params: unknown): PromiseLike<unknown> =>
    (Reflect.get(model, name) as (params: unknown) => PromiseLike<unknown>).call(model, params);
  return { name, action, run };
}

const GENERATE = runMethod('doGenerate', 'llm.generate');
const STREAM = runMethod('doStream', 'llm.generate');
const SOCKET = runMethod('getServerWebSocketConfig', 'llm.generate');
const RUN_METHODS: readonly RunMethod[] = [
  GENERATE,
  STREAM,
  runMethod('doDecide', 'llm.generate'),
  runMethod('doEvaluate', 'llm.generate'),
  runMethod('doExtract', 'llm.generate'),
  runMethod('doEmbed', 'embedding.generate'),
  // How a realtime model opens a session, or lets a browser open one.
  runMethod('doCreateClientSecret', 'llm.generate'),
  runMethod('doCreateWebRTCSession', 'llm.generate'),
  SOCKET,
];

/** How a batch is sent. What is in it is judged, and not the method. */
export const START_BATCH: RunMethod = runMethod('doStartBatch', 'llm.generate');

function runs(object: object, method: RunMethod): boolean {
  if (!hasMethod(object, method.name)) return false;
  // Models of images and speech generate as well, and never stream.
  if (method === GENERATE) return hasMethod(object, STREAM.name);
  return method !== SOCKET || isRealtimeModel(object);
}

/** The methods of an object that make a model run. Empty for what is not governed. */
export function runMethods(object: object): readonly RunMethod[] {
  return RUN_METHODS.filter((method) => runs(object, method));
}

/** Whether a value holds conversations over a socket. */
export function isRealtimeModel(value: unknown): value is Model {
  return isObject(value) && hasMethod(value, 'serializeClientEvent') && hasMethod(value, 'parseServerEvent');
}

/** Whether an object is a model that is governed. */
export function isModel(value: unknown): value is Model {
  return isObject(value) && RUN_METHODS.some((method) => runs(value, method));
}

/** Whether an object generates text or is one that could. */
export function isLanguageModel(value: unknown): value is Model {
  return isObject(value) && hasMethod(value, 'doGenerate') && hasMethod(value, 'doStream');
}

/** Whether an object makes embeddings. */
export function isEmbeddingModel(value: unknown): value is Model {
  return isObject(value) && hasMethod(value, 'doEmbed');
}

/** Whether a model could be one that speaks or listens: it has the methods of a language model, and no list of URLs. */
export function mayBeSpeech(model: object): boolean {
  return !('supportedUrls' in model) && hasMethod(model, STREAM.name);
}

/** Whether a call speaks or listens, although it could be one of a language model by its method. */
export function isSpeechCall(model: object, params: unknown): boolean {
  return mayBeSpeech(model) && isObject(params) && !('prompt' in params);
}

/** Whether a name is that of a method that makes a model run, known here or not. */
export function isRunName(name: PropertyKey): boolean {
  return typeof name === 'string' && /^do[A-Z]/u.test(name);
}

const FACTORIES = ['languageModel', 'embeddingModel', 'textEmbeddingModel'] as const;

/** Whether a value hands out models. */
export function isProvider(value: unknown): value is object {
  return isObject(value) && FACTORIES.some((name) => hasMethod(value, name));
}
