import { sendJudged } from '../../src/index.ts';
import { isThinView } from './call-view.ts';
import { methodOf } from './derive.ts';
import type { GovernedCall } from './governed-call.ts';
import { MARK } from './mark.ts';
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

function ownerOf(model: object, name: string): object | undefined {
  let owner: object | null = model;
  // What stands between an object and its class owns nothing.
  while (owner && (Object.hasOwn(owner, MARK) || !Object.hasOwn(owner, name)))
    owner = Object.getPrototypeOf(owner) as object | null;
  return owner ?? undefined;
}

/**
 * Whether a method of a model sends what it puts together by another method of the same class, which gets
 * the finished request. Where a subclass replaced the method, nobody knows.
 */
export function sendsFinished(model: object, name: string): boolean {
  const owner = ownerOf(model, name);
  return owner !== undefined && sendingMethods(model).some(([send]) => ownerOf(model, send) === owner);
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
  /** The call of the view that it is sent on. */
  readonly viewed: GovernedCall | undefined;
  /** A call for what is sent without one. */
  readonly start: () => GovernedCall;
  /** What is judged when the request does not say it in a form that is known, unless it was. */
  readonly named: () => Named;
}

/** Sends a request if everything it names has passed. What is sent is a copy that nobody else can change. */
export async function sendGoverned(
  { model, send, viewed, start, named: otherwise }: Sending,
  [given, givenOptions, ...others]: Parameters<Send>,
): Promise<unknown> {
  const call = viewed ?? start();
  const isJudged = viewed !== undefined && !isThinView(model);
  const settled = settle(given);
  const request = settled ?? given;
  const options = settleOptions(givenOptions);
  for (;;) {
    const named =
      readRequest({ model, request, isSettled: settled !== undefined, options }) ??
      (isJudged ? undefined : otherwise());
    if (!named) return sendJudged(undefined, () => send.call(model, request, options, ...others));
    const passed = call.passNow(named, isExchangeable(request, named));
    if (passed) {
      const { sent, ids } = asPassed(request, named, passed.fallback);
      return sendJudged(ids, () => send.call(model, sent, options, ...others));
    }
    await call.pass(named, isExchangeable(request, named));
  }
}
