import { RequestBody, mayBeJson } from './request-body.ts';
import type { Listener, Notice } from './notice.ts';
import { textOf } from './notice.ts';
import { isOfUndici, watchUndici } from './undici-requests.ts';

/** What a channel is listened to with, by the name of the channel. */
export type Listeners = Readonly<Record<string, Listener>>;

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

interface Http2Stream extends Writable {
  readonly session: object | undefined;
}

function watchHttp2(notice: Notice): Listener {
  return (message) => {
    const { stream, headers } = message as { stream: Http2Stream; headers: Readonly<Record<string, unknown>> };
    // Undici has told of it already, in the context of whoever made the request.
    if (isOfUndici(stream.session)) return;
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
