import { methodOf } from './derive.ts';
import type { GovernedCall } from './governed-call.ts';
import type { Named } from './named-models.ts';
import { isEmbeddings } from './is-embeddings.ts';
import { readRequest } from './named-models.ts';
import { settle, settleOptions } from './settle.ts';

/** A method that sends a finished request, retries included. */
export type Send = (request: unknown, ...others: readonly unknown[]) => Promise<unknown>;

/** The sending methods of a model or embeddings object, by name. */
export type Sends = ReadonlyMap<string, Send>;

const NAMES = [
  'completionWithRetry',
  'responseApiWithRetry',
  'betaParsedCompletionWithRetry',
  'createStreamWithRetry',
  'embeddingWithRetry',
];
// What names the model of an object; a view of it does not follow when they change.
const PINNED = ['model', 'modelName', 'modelKwargs', 'azureOpenAIApiDeploymentName'];
const TARGET: unique symbol = Symbol('controlzero.target');

/** The methods by which a class of a provider sends what it has put together. */
export function sendingMethods(model: object): Sends {
  const found = NAMES.map((name) => [name, methodOf(model, name)] as const);
  return new Map(found.filter((entry): entry is readonly [string, Send & (typeof entry)[1]] => entry[1] !== undefined));
}

function withModel(request: unknown, model: string): unknown {
  return { ...(request as object), model };
}

// Where the request itself names the model and nothing else, another can be put in its place.
function isExchangeable(request: unknown, named: Named): boolean {
  if ('fault' in named || named.others !== undefined) return false;
  return typeof request === 'object' && request !== null && Reflect.get(request, 'model') === named.model;
}

/** A request that is about to be sent. */
export interface Sending {
  readonly model: object;
  readonly send: Send;
  readonly call: GovernedCall;
  /** What is judged when the request does not say it in a form that is known. */
  readonly otherwise: () => Named | undefined;
}

/** Sends a request if everything it names has passed. What is sent is a copy that nobody else can change. */
export async function sendGoverned(
  { model, send, call, otherwise }: Sending,
  [given, givenOptions, ...others]: Parameters<Send>,
): Promise<unknown> {
  const request = settle(given) ?? given;
  const options = settleOptions(givenOptions);
  for (;;) {
    const named = readRequest(model, request, options) ?? otherwise();
    const passed = named && call.passed(named);
    if (!named || (passed && passed.fallback === undefined)) return send.call(model, request, options, ...others);
    if (passed?.fallback !== undefined)
      return send.call(model, withModel(request, passed.fallback), options, ...others);
    await call.pass(named, isExchangeable(request, named));
  }
}

/** The object behind a view of it. */
export function targetOf(model: object): object {
  return (Reflect.get(model, TARGET) as object | undefined) ?? model;
}

/**
 * A view of an object for the length of one call: the model it names stays the one that was judged, and
 * what it sends is checked against that. Everything else, and everything that is set on it, is the
 * object's own.
 */
export function viewFor(model: object, sends: Sends, call: GovernedCall): object {
  const pinned = new Map(PINNED.filter((name) => name in model).map((name) => [name, Reflect.get(model, name)]));
  return new Proxy(model, {
    get(target, name) {
      if (name === TARGET) return target;
      if (typeof name === 'string') {
        if (pinned.has(name)) return pinned.get(name);
        const send = sends.get(name);
        const otherwise = (): undefined => undefined;
        if (send)
          return async (...parameters: Parameters<Send>) =>
            sendGoverned({ model: target, send, call, otherwise }, parameters);
      }
      const value: unknown = Reflect.get(target, name);
      // What a cache of vectors asks is a part of the same call.
      return isEmbeddings(value) ? viewFor(value, sendingMethods(value), call) : value;
    },
  });
}
