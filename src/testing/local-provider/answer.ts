/** What the local provider answers: JSON, raw text, or a stream of server-sent events. */
export type Answer =
  | { readonly status?: number; readonly json: unknown; readonly headers?: Readonly<Record<string, string>> }
  | { readonly text: string }
  | { readonly events: readonly ServerEvent[] };

/** One server-sent event; the event line is left out when there is no name. */
export interface ServerEvent {
  readonly name?: string;
  readonly data: unknown;
}

/** 2024-01-01T00:00:00Z, so that answers are the same in every run. */
export const FIXED_SECONDS = 1_704_067_200;

/** An error in the shape of the OpenAI API. */
export function errorAnswer(status: number, message: string, headers?: Readonly<Record<string, string>>): Answer {
  const type = status >= 500 ? 'server_error' : 'invalid_request_error';
  return { status, json: { error: { message, type, param: null, code: null } }, ...(headers && { headers }) };
}

/** The text of a stream of events, as it goes on the wire. */
export function formatEvents(events: readonly ServerEvent[]): string {
  return events
    .map(
      ({ name, data }) =>
        `${name === undefined ? '' : `event: ${name}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`,
    )
    .join('');
}
