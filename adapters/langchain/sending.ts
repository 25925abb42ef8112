import { sendJudged } from '../../src/index.ts';
import type { CallView } from './call-view.ts';
import { viewOf } from './call-view.ts';
import { methodOf } from './derive.ts';
import type { GovernedCall } from './governed-call.ts';
import type { Named } from './named-models.ts';
import { namedIds, readRequest } from './named-models.ts';
import { settle, settleOptions } from './settle.ts';

/** A method that sends a finished request, retries included. */
export type Send = (request: unknown, ...others: readonly unknown[]) => Promise<unknown>;

/** What such methods are called by the classes that have them. */
export const SENDING_METHODS: readonly string[] = [
  'completionWithRetry',
  'responseApiWithRetry',
  'betaParsedCompletionWithRetry',
  'createStreamWithRetry',
  'embeddingWithRetry',
];

/** The methods by which a class of a provider sends what it has put together, with their names. */
export function sendingMethods(model: object): readonly (readonly [string, Send])[] {
  return SENDING_METHODS.flatMap((name) => {
    const method = methodOf(model, name) as Send | undefined;
    return method ? [[name, method] as const] : [];
  });
}

function withModel(request: unknown, model: string): unknown {
  return { ...(request as object), model };
}

// Where the request itself names the model and nothing else, another can be put in its place.
function isExchangeable(request: unknown, named: Named | undefined): boolean {
  if (named === undefined || 'fault' in named || named.others !== undefined) return false;
  return typeof request === 'object' && request !== null && Reflect.get(request, 'model') === named.model;
}

/** A request that is about to be sent. */
export interface Sending {
  readonly model: object;
  readonly send: Send;
  /** The view of the model that it is sent on, if it is one. */
  readonly view: CallView | undefined;
  readonly call: GovernedCall;
  /** What is judged when the request does not say it in a form that is known, unless it was. */
  readonly named: () => Named;
}

/** Sends a request if everything it names has passed. What is sent is a copy that nobody else can change. */
export function sendGoverned(
  { model: self, send, view, call, named: otherwise }: Sending,
  parameters: Parameters<Send>,
): Promise<unknown> {
  const isJudged = view?.pinning !== undefined;
  // The view has told whose call it is, and fields are read many times faster on the object itself.
  const model = view && !isJudged && view === viewOf(self) ? view.target : self;
  return call.whenPassed(
    () => {
      const settled = settle(parameters[0]);
      const request = settled ?? parameters[0];
      const options = settleOptions(parameters[1]);
      const finished = readRequest({ model, request, isSettled: settled !== undefined, options });
      const named = finished ?? (isJudged ? undefined : otherwise());
      return { request, options, named, isExchangeable: isExchangeable(request, named) };
    },
    ({ request, options, named }, fallback) => {
      const sent = fallback === undefined ? request : withModel(request, fallback);
      const ids = fallback === undefined ? named && namedIds(named) : [fallback];
      return sendJudged(ids, () => send.call(model, sent, options, ...parameters.slice(2)));
    },
  );
}
