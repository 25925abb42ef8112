/** One HTTP request that reached the local provider. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly path: string;
  readonly pathname: string;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
  /** The parsed body, or undefined when it is not JSON. */
  readonly json: unknown;
  /** What this request would make a model do, as a lenient server reads it; undefined when no model runs. */
  readonly route: ModelRoute | undefined;
  /** The model that would run: the deployment in the path, else the `model` of the body. */
  readonly model: string | undefined;
}

/** The routes that make a model run. */
export type ModelRoute = 'chat/completions' | 'completions' | 'embeddings' | 'responses' | 'responses/compact';

const ROUTE = /(?:^|\/)(chat\/completions|completions|embeddings|responses\/compact|responses)$/u;
const DEPLOYMENT = /\/deployments\/(.+?)\/(?:chat\/completions|completions|embeddings)$/iu;
const LARGEST_BODY_BYTES = 64 * 1024 * 1024;

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

function decode(path: string): string {
  try {
    const decoded = decodeURIComponent(path);
    return decoded === path ? path : decode(decoded);
  } catch {
    return path;
  }
}

// Decoded as often as it can be, without matrix parameters, doubled slashes and a slash at the end: as
// forgiving as all real servers together.
function plainPath(pathname: string): string {
  const segments = decode(pathname).replaceAll('\\', '/').split('/');
  return segments
    .map((segment) => segment.replace(/;.*$/su, '').trim())
    .filter((segment) => segment !== '')
    .join('/');
}

function modelOf(path: string, json: unknown): string | undefined {
  const deployment = DEPLOYMENT.exec(`/${path}`)?.[1];
  if (deployment !== undefined) return deployment;
  if (typeof json !== 'object' || json === null || !Object.hasOwn(json, 'model')) return undefined;
  const model: unknown = Reflect.get(json, 'model');
  return typeof model === 'string' ? model : undefined;
}

/** The part of Node's message that is looked at; written out, so that users need no types of Node. */
interface Message {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: ReceivedRequest['headers'];
}

/** Describes a request whose body has been read. */
export function describeRequest(message: Message, body: string): ReceivedRequest {
  const method = message.method ?? 'GET';
  const path = message.url ?? '/';
  const { pathname } = new URL(path, 'http://local');
  const json = parseJson(body);
  const plain = plainPath(pathname);
  const isReading = body === '' && ['GET', 'HEAD', 'DELETE', 'OPTIONS'].includes(method);
  const route = isReading ? undefined : (ROUTE.exec(plain.toLowerCase())?.[1] as ModelRoute | undefined);
  return {
    method,
    path,
    pathname: `/${plain}`,
    headers: message.headers,
    body,
    json,
    route,
    model: modelOf(plain, json),
  };
}

/** Reads the body of a request as text, at most 64 MiB. */
export async function readBody(message: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of message) {
    bytes += chunk.byteLength;
    if (bytes > LARGEST_BODY_BYTES) throw new Error('The body is larger than 64 MiB.');
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
