import { ALLOWED, ALLOWED_EMBEDDING } from './bypass-attempts-stage.ts';

/** What a server was sent. */
export interface SentRequest {
  readonly method: string;
  /** The request target as it came, query included. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

const ROUTES: ReadonlyMap<string, string> = new Map([
  ['chat/completions', ALLOWED],
  ['completions', ALLOWED],
  ['responses', ALLOWED],
  ['responses/compact', ALLOWED],
  ['embeddings', ALLOWED_EMBEDDING],
]);
const MOST_DECODINGS = 12;
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/gsu;
const PATH_MODEL = /(?:^|\/)(?:deployments|engines)(?:;[^/]*)?\/(?<model>.+)$/iu;

function decode(text: string): string {
  // Bytes that are no text stay as they are, and the rest is decoded: servers do the same.
  return text.replace(/(?:%[0-9a-f]{2})+/giu, (encoded) => {
    try {
      return decodeURIComponent(encoded);
    } catch {
      return encoded;
    }
  });
}

/** A path at each stage of decoding. */
function decodings(path: string): string[] {
  const stages = [path];
  for (let next = decode(path); next !== stages.at(-1) && stages.length < MOST_DECODINGS; next = decode(next))
    stages.push(next);
  return stages;
}

function segments(path: string): string[] {
  return path.split(/[/\\]/u).filter((segment) => segment !== '');
}

function tidy(segment: string): string {
  return segment.replace(/;.*$/su, '').replaceAll('\0', ' ').trim().toLowerCase();
}

function resolved(all: readonly string[]): string[] {
  const kept: string[] = [];
  for (const segment of all) {
    const plain = tidy(segment);
    if (plain === '..') kept.pop();
    else if (plain !== '.' && plain !== '') kept.push(segment);
  }
  return kept;
}

interface Route {
  readonly allowed: string;
  readonly pathModels: readonly string[];
}

function routeOf(all: readonly string[]): Route | undefined {
  const path = all.map(tidy).join('/');
  for (const [route, allowed] of ROUTES) {
    if (path !== route && !path.endsWith(`/${route}`)) continue;
    const before = all.slice(0, all.length - route.split('/').length).join('/');
    const model = PATH_MODEL.exec(before)?.groups?.['model'];
    return { allowed, pathModels: model === undefined ? [] : [model] };
  }
  return undefined;
}

/** Every way in which a server could route the path to a model. */
function routes(path: string): Route[] {
  const readings = decodings(path).flatMap((stage, index) => {
    // The path of a request target cannot hold these; one that appears by decoding ends the path for some.
    const cut = index === 0 ? stage : (stage.split(/[?#]/u)[0] ?? '');
    return [segments(stage), resolved(segments(stage)), segments(cut), resolved(segments(cut))].map((all) => ({
      all,
      index,
    }));
  });
  return readings.flatMap(({ all, index }) => {
    const route = routeOf(all);
    // Every server decodes a path once, so the model is not what stands there before that.
    return route ? [{ ...route, pathModels: index === 0 ? route.pathModels.map(decode) : route.pathModels }] : [];
  });
}

/** The top-level keys of a JSON object as they stand in its text, duplicates included. */
function topLevelKeys(text: string): string[] {
  const keys: string[] = [];
  let depth = 0;
  let last = '';
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    else if (token === ':' && depth === 1) keys.push(JSON.parse(last) as string);
    last = token;
  }
  return keys;
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function isPlainText(headers: SentRequest['headers']): boolean {
  const encoding = String(headers['content-encoding'] ?? 'identity');
  const type = String(headers['content-type'] ?? 'application/json').toLowerCase();
  const charset = /charset="?(?<name>[^";]+)/u.exec(type)?.groups?.['name'] ?? 'utf-8';
  return encoding === 'identity' && charset === 'utf-8' && !type.includes('form');
}

function fold(key: string): string {
  return key.toUpperCase().toLowerCase();
}

function listed(value: unknown): unknown[] {
  const entries = Array.isArray(value) ? (value as unknown[]) : [value];
  return entries
    .filter((entry) => entry !== undefined && entry !== null)
    .map((entry) => (typeof entry === 'object' && entry ? (Reflect.get(entry, 'model') as unknown) : entry));
}

function bodyModels(request: SentRequest): unknown[] {
  const body = isPlainText(request.headers) ? parsed(request.body) : undefined;
  if (!body) return [undefined];
  const keys = topLevelKeys(request.body).map(fold);
  const isAmbiguous =
    ['model', 'models'].some((name) => keys.filter((key) => key === name).length > 1) ||
    (keys.includes('model') && !Object.hasOwn(body, 'model'));
  if (isAmbiguous) return [undefined];
  const further = Object.keys(body).filter(
    (key) => fold(key) === 'models' || key === 'fallbacks' || key === 'extra_body',
  );
  return [Object.hasOwn(body, 'model') ? body['model'] : undefined, ...further.flatMap((key) => listed(body[key]))];
}

/**
 * Models that some server would run for a request although the policy does not allow them; undefined stands
 * for one that cannot be told. Reads as leniently as servers, proxies and gateways do, and shares no code
 * with what it judges.
 */
export function unjudgedModels(request: SentRequest): unknown[] {
  if (request.method === 'GET' || request.method === 'HEAD') return [];
  const url = new URL(request.path.replace(/^\/*/u, '/'), 'http://server');
  const query = [...url.searchParams]
    .filter(([key]) => /^model(?:\[\d*\])?$/u.test(fold(key)))
    .map(([, value]) => value);
  return routes(url.pathname).flatMap(({ allowed, pathModels }) => {
    const models = pathModels.length > 0 ? pathModels : bodyModels(request);
    return [...models, ...query].filter((model) => model !== allowed);
  });
}
