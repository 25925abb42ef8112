import { methodOf } from './derive.ts';
import type { GovernedCall } from './governed-call.ts';
import type { Named } from './named-models.ts';
import { readRequest } from './named-models.ts';
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
    if (!named) return send.call(model, request, options, ...others);
    const passed = call.passNow(named, isExchangeable(request, named));
    if (passed) {
      const sent = passed.fallback === undefined ? request : withModel(request, passed.fallback);
      return send.call(model, sent, options, ...others);
    }
    await call.pass(named, isExchangeable(request, named));
  }
}
