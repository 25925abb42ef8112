import type { OutgoingRequest } from './model-requests.ts';
import type { Listener, Notice } from './notice.ts';
import { textOf } from './notice.ts';
import { RequestBody, mayBeJson } from './request-body.ts';

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

interface NodeStream {
  emit: (event: string, ...values: unknown[]) => unknown;
}

function isNodeStream(body: object): body is NodeStream {
  return 'pipe' in body && 'emit' in body && typeof body.emit === 'function';
}

// A form can be iterated, and is none: undici makes text of it, which is not JSON.
function isIterable(body: object): body is AsyncIterable<unknown> {
  const isForm = Object.prototype.toString.call(body) === '[object FormData]';
  return !isForm && (Symbol.asyncIterator in body || Symbol.iterator in body);
}

// Listening to `data` would make it flow before there is a connection.
function watchStream(stream: NodeStream, body: RequestBody, onEnd: () => void): void {
  const { emit } = stream;
  stream.emit = function watchedEmit(event, ...values) {
    if (event === 'data') body.note(values[0]);
    if (event === 'end' || event === 'close') onEnd();
    return emit.call(this, event, ...values);
  };
}

async function* passedOn(parts: AsyncIterable<unknown>, body: RequestBody, onEnd: () => void): AsyncGenerator {
  for await (const part of parts) {
    body.note(part);
    yield part;
  }
  onEnd();
}

// Not every version says on a channel what it sends.
function watchBody(request: UndiciRequest, body: RequestBody, onEnd: () => void): void {
  const given = request.body;
  if (typeof given !== 'object' || given === null || given instanceof Uint8Array) {
    body.note(given);
    onEnd();
  } else if (isNodeStream(given)) watchStream(given, body, onEnd);
  else if (given instanceof Blob)
    void given
      .arrayBuffer()
      .then((bytes) => body.note(new Uint8Array(bytes)))
      .finally(onEnd)
      // Undici fails to read it as well, and says so.
      .catch(() => undefined);
  else if (isIterable(given)) request.body = passedOn(given, body, onEnd);
  else onEnd();
}

/** Listens to the requests of undici, which `fetch` is made of. */
export function watchUndici(notice: Notice): Listener {
  return (message) => {
    const { request } = message as { readonly request: UndiciRequest };
    const { origin, method, path } = request;
    const header = undiciHeader(request);
    const { host } = new URL(String(origin));
    const conclude = notice({ method: String(method), host, target: String(path), header });
    if (!conclude) return;
    const body = new RequestBody();
    if (mayBeJson(header)) watchBody(request, body, () => conclude(body));
    else conclude(body);
  };
}

/** Whether undici uses a session of `node:http2` for its requests. */
export function isOfUndici(session: object | undefined): boolean {
  return (
    session !== undefined && Object.getOwnPropertySymbols(session).some((key) => key.description === 'open streams')
  );
}
