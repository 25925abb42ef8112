import { sendJudged } from '../../src/index.ts';
import { methodOf } from './derive.ts';
import type { GovernedCall } from './governed-call.ts';
import type { Named } from './named-models.ts';
import { isEmbeddings } from './is-embeddings.ts';
import { namedIds, readRequest } from './named-models.ts';
import { settle, settleOptions } from './settle.ts';

/** A method that sends a finished request, retries included. */
export type Send = (request: unknown, ...others: readonly unknown[]) => Promise<unknown>;

const NAMES = [
  'completionWithRetry',
  'responseApiWithRetry',
  'betaParsedCompletionWithRetry',
  'createStreamWithRetry',
  'embeddingWithRetry',
];
// What names the model of an object; a view of it does not follow when they change.
const PINNED = ['model', 'modelName', 'modelKwargs', 'azureOpenAIApiDeploymentName'];

/** The methods by which a class of a provider sends what it has put together, with their names. */
export function sendingMethods(model: object): readonly (readonly [string, Send])[] {
  return NAMES.flatMap((name) => {
    const method = methodOf(model, name) as Send | undefined;
    return method ? [[name, method] as const] : [];
  });
}

function withModel(request: unknown, model: string): unknown {
  return { ...(request as object), model };
}

// Where the request itself names the model and nothing else, another can be put in its place.
function isExchangeable(request: unknown, named: Named): boolean {
  if ('fault' in named || named.others !== undefined) return false;
  return typeof request === 'object' && request !== null && Reflect.get(request, 'model') === named.model;
}

// What goes on the wire, and the ids by which it was judged.
function asPassed(
  request: unknown,
  named: Named,
  fallback: string | undefined,
): { readonly sent: unknown; readonly ids: readonly string[] | undefined } {
  if (fallback !== undefined) return { sent: withModel(request, fallback), ids: [fallback] };
  return { sent: request, ids: namedIds(named) };
}

/** A request that is about to be sent. */
export interface Sending {
  readonly model: object;
  readonly send: Send;
  readonly call: GovernedCall;
  /** What is judged when the request does not say it in a form that is known; undefined when it was. */
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
    if (!named) return sendJudged(undefined, async () => send.call(model, request, options, ...others));
    if (passed) {
      const { sent, ids } = asPassed(request, named, passed.fallback);
      return sendJudged(ids, async () => send.call(model, sent, options, ...others));
    }
    await call.pass(named, isExchangeable(request, named));
  }
}

/** The call that a view of an object belongs to; undefined when the object is no view for this gate. */
export function callOfView(model: object, key: symbol): GovernedCall | undefined {
  return Reflect.get(model, key) as GovernedCall | undefined;
}

/**
 * A view of an object for the length of one call, which stands under `key`: methods that are called on
 * it belong to that call, and the model it names stays the one that was judged. Everything else, and
 * everything that is set on it, is the object's own.
 */
export function viewFor(model: object, key: symbol, call: GovernedCall): object {
  const pinned = new Map(PINNED.filter((name) => name in model).map((name) => [name, Reflect.get(model, name)]));
  return new Proxy(model, {
    get(target, name) {
      if (name === key) return call;
      if (typeof name === 'string' && pinned.has(name)) return pinned.get(name);
      const value: unknown = Reflect.get(target, name);
      // What a cache of vectors asks is a part of the same call.
      return isEmbeddings(value) ? viewFor(value, key, call) : value;
    },
  });
}
