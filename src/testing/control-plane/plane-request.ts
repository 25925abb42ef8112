/** The routes of the control plane. `unknown` is everything else. */
export type ControlPlaneRoute =
  | 'bootstrap'
  | 'pull'
  | 'stream'
  | 'audit'
  | 'activation'
  | 'secret'
  | 'secrets'
  | 'rotations'
  | 'unknown';

/** One request that reached the test control plane. */
export interface ControlPlaneRequest {
  readonly route: ControlPlaneRoute;
  readonly method: string;
  /** Path and query as sent. */
  readonly path: string;
  /** By name in lower case, without the API key. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** What became of the API key. */
  readonly apiKey: 'accepted' | 'refused' | 'missing';
  /** The parsed body, or undefined when there is none or it is not JSON. */
  readonly json: unknown;
  /** Milliseconds since the epoch, by the clock of the machine. */
  readonly at: number;
  /** The status that was answered; undefined while there is none, and for answers that hang. */
  readonly status: number | undefined;
}

const ROUTES: readonly (readonly [route: ControlPlaneRoute, method: string, path: RegExp])[] = [
  ['bootstrap', 'GET', /^\/v1\/sdk\/bootstrap$/u],
  ['pull', 'GET', /^\/v1\/sdk\/policies\/pull$/u],
  ['stream', 'GET', /^\/v1\/sdk\/stream$/u],
  ['audit', 'POST', /^\/v1\/sdk\/audit$/u],
  ['activation', 'POST', /^\/v1\/sdk\/activations$/u],
  ['secrets', 'GET', /^\/v1\/sdk\/secrets$/u],
  ['rotations', 'GET', /^\/v1\/sdk\/keys\/rotations$/u],
  ['secret', 'GET', /^\/api\/secrets\/[^/]+$/u],
];

/** The route of a request. */
export function routeOf(method: string, pathname: string): ControlPlaneRoute {
  return ROUTES.find(([, verb, path]) => verb === method && path.test(pathname))?.[0] ?? 'unknown';
}

/** The API key of a request, from either header. */
export function keyOfHeaders(headers: ControlPlaneRequest['headers']): string | undefined {
  const { authorization, 'x-api-key': apiKey } = headers;
  const bearer = typeof authorization === 'string' ? /^Bearer (.+)$/u.exec(authorization)?.[1] : undefined;
  return bearer ?? (typeof apiKey === 'string' ? apiKey : undefined);
}

/** The headers as they are shown: without what gives access. */
export function shownHeaders(headers: ControlPlaneRequest['headers']): ControlPlaneRequest['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !['authorization', 'x-api-key'].includes(name)));
}
