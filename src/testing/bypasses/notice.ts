import type { OutgoingRequest } from './model-requests.ts';
import type { RequestBody } from './request-body.ts';

/** Told about a request when it is made, in the context of whoever made it. Undefined: it is of no interest. */
export type Notice = (outgoing: OutgoingRequest) => ((body: RequestBody) => void) | undefined;

/** Listens to a channel. */
export type Listener = (message: unknown) => void;

/** A value of a channel, if it is text. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
