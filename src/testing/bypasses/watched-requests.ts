import type { OutgoingRequest } from './model-requests.ts';
import { RequestBody, mayBeJson } from './request-body.ts';

/** Told about a request when it is made, in the context of whoever made it. Undefined: it is of no interest. */
export type Notice = (outgoing: OutgoingRequest) => ((body: RequestBody) => void) | undefined;

type Listener = (message: unknown) => void;
/** What a channel is listened to with, by the name of the channel. */
export type Listeners = Readonly<Record<string, Listener>>;

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

interface UndiciRequest {
  readonly origin: unknown;
  readonly method: unknown;
  readonly path: unknown;
  readonly upgrade: unknown;
  /** Names and values by turns. */
  readonly headers: unknown;
  body: unknown;
}

function undiciHeader({ headers, upgrade }: UndiciRequest): OutgoingRequest['header'] {
  const entries: readonly unknown[] = Array.isArray(headers) ? headers : [];
  return (name) => {
    if (name === 'upgrade') return textOf(upgrade);
    const at = entries.findIndex((entry, index) => index % 2 === 0 && String(entry).toLowerCase() === name);
    return at === -1 ? undefined : textOf(entries[at + 1]);
  };
}

function isGenerator(body: unknown): body is AsyncGenerator {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body && 'next' in body;
}

async function* passedOn(body: AsyncGenerator, onPart: (chunk: unknown) => void): AsyncGenerator {
  for await (const chunk of body) {
    onPart(chunk);
    yield chunk;
  }
}

function watchUndici(notice: Notice): Listener {
  return (message) => {
    const { request } = message as { readonly request: UndiciRequest };
    const { origin, method, path } = request;
    const header = undiciHeader(request);
    const { host } = new URL(String(origin));
    const conclude = notice({ method: String(method), host, target: String(path), header });
    if (!conclude) return;
    const body = new RequestBody();
    const given = request.body;
    if (!mayBeJson(header) || !isGenerator(given)) {
      if (mayBeJson(header)) body.note(given);
      conclude(body);
      return;
    }
    // The body of `fetch`. Not every version says on a channel what it sends.
    request.body = (async function* observed() {
      yield* passedOn(given, (chunk) => body.note(chunk));
      conclude(body);
    })();
  };
}

interface Writable {
  write: (...parameters: unknown[]) => unknown;
  end: (...parameters: unknown[]) => unknown;
}

// Both kinds of requests of Node are written to and ended by whoever made them.
function watchWriting(writable: Writable, onEnd: (body: RequestBody) => void): void {
  const { write, end } = writable;
  const body = new RequestBody();
  writable.write = function watchedWrite(...parameters) {
    body.note(parameters[0]);
    return write.apply(this, parameters);
  };
  writable.end = function watchedEnd(...parameters) {
    body.note(parameters[0]);
    onEnd(body);
    return end.apply(this, parameters);
  };
}

interface NodeRequest extends Writable {
  readonly method: string;
  readonly path: string;
  getHeader(name: string): unknown;
}

function watchHttp(notice: Notice): Listener {
  return (message) => {
    const { request } = message as { readonly request: NodeRequest };
    const header = (name: string): string | undefined => textOf(request.getHeader(name));
    const { method, path: target } = request;
    const conclude = notice({ method, host: header('host') ?? '', target, header });
    if (conclude) watchWriting(request, (body) => conclude(mayBeJson(header) ? body : new RequestBody()));
  };
}

function watchHttp2(notice: Notice): Listener {
  return (message) => {
    const { stream, headers } = message as { stream: Writable; headers: Readonly<Record<string, unknown>> };
    const header = (name: string): string | undefined => textOf(headers[name]);
    const conclude = notice({
      method: header(':method') ?? 'GET',
      host: header(':authority') ?? header('host') ?? '',
      target: header(':path') ?? '/',
      header,
    });
    if (conclude) watchWriting(stream, (body) => conclude(mayBeJson(header) ? body : new RequestBody()));
  };
}

/** What to listen to, to be told about every request that `fetch`, undici and Node's own modules make. */
export function requestListeners(notice: Notice): Listeners {
  return {
    'undici:request:create': watchUndici(notice),
    'http.client.request.created': watchHttp(notice),
    'http2.client.stream.created': watchHttp2(notice),
  };
}
