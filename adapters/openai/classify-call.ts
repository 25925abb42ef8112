import type { ModelAction } from '../../src/index.ts';

/** A request that makes a model run. */
export interface ModelCall {
  readonly action: ModelAction;
  /** The deployment in the path, which is authoritative on Azure. */
  readonly deployment?: string;
  /** Models in the query, which some gateways prefer to the one in the body. */
  readonly queried: readonly string[];
  /** Why it cannot be told what the URL names. */
  readonly fault?: string;
}

interface Route {
  /** The last segments of the path. */
  readonly ends: readonly string[];
  readonly action: ModelAction;
}

const ROUTES: readonly Route[] = [
  { ends: ['chat', 'completions'], action: 'llm.generate' },
  { ends: ['completions'], action: 'llm.generate' },
  { ends: ['responses'], action: 'llm.generate' },
  { ends: ['responses', 'compact'], action: 'llm.generate' },
  { ends: ['embeddings'], action: 'embedding.generate' },
];
const READING_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE']);
// Segments of the path before the model, on Azure and on gateways that keep the older form.
const MARKERS: ReadonlySet<string> = new Set(['deployments', 'engines']);
const MOST_DECODINGS = 8;

// What is not UTF-8 keeps its bytes, and the ASCII around it is decoded: servers do the same.
function decodeRun(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded.replaceAll(/%[0-7][\da-f]/giu, (character) => decodeURIComponent(character));
  }
}

function decodeOnce(text: string): string {
  return text.replaceAll(/(?:%[\da-f]{2})+/giu, decodeRun);
}

interface Segment {
  readonly text: string;
  /** What a lenient server would take it for. */
  readonly plain: string;
}

function upTo(text: string, end: RegExp): string {
  const at = text.search(end);
  return at === -1 ? text : text.slice(0, at);
}

function segmentsOf(path: string): Segment[] {
  const segments = path.split(/[/\\]/u).map((text) => ({ text, plain: upTo(text, /[;\0]/u).trim().toLowerCase() }));
  return segments.filter(({ plain }) => plain !== '');
}

// A URL has no dot segments, but decoding and matrix parameters can bring some to light.
function withoutDots(segments: readonly Segment[]): Segment[] {
  const kept: Segment[] = [];
  for (const segment of segments) {
    if (segment.plain === '..') kept.pop();
    else if (segment.plain !== '.') kept.push(segment);
  }
  return kept;
}

function endsWith(segments: readonly Segment[], { ends }: Route): boolean {
  const start = segments.length - ends.length;
  return start >= 0 && ends.every((name, index) => segments[start + index]?.plain === name);
}

// The id is everything between the marker and the route, and is never trimmed or folded: it is what is judged.
function deploymentIn(segments: readonly Segment[], { ends }: Route): string | undefined {
  const marker = segments.findIndex(({ plain }) => MARKERS.has(plain));
  const end = segments.length - ends.length;
  if (marker === -1 || marker >= end) return undefined;
  return segments
    .slice(marker + 1, end)
    .map(({ text }) => text)
    .join('/');
}

interface Reading {
  readonly action: ModelAction;
  readonly deployment: string | undefined;
}

function read(segments: readonly Segment[]): Reading[] {
  const route = ROUTES.find((candidate) => endsWith(segments, candidate));
  return route ? [{ action: route.action, deployment: deploymentIn(segments, route) }] : [];
}

function readPath(path: string): Reading[] {
  const parts = new Set([path, upTo(path, /[?#]/u)]);
  const whole = Array.from(parts, segmentsOf);
  const dotted = whole.filter((segments) => segments.some(({ plain }) => plain === '.' || plain === '..'));
  return [...whole, ...dotted.map(withoutDots)].flatMap(read);
}

// Servers and the proxies before them differ in how often they decode, whether they merge slashes, resolve
// dots, cut matrix parameters or forgive a trailing slash. A path that any of them may route to a model is
// governed.
function readingsOf(pathname: string): Reading[] {
  // Every server decodes once, so a deployment is never what stands there before that.
  const readings = readPath(pathname).map(({ action, deployment }) => ({
    action,
    deployment: deployment === undefined ? undefined : decodeOnce(deployment),
  }));
  let path = pathname;
  for (let round = 0; round < MOST_DECODINGS; round += 1) {
    const decoded = decodeOnce(path);
    if (decoded === path) break;
    readings.push(...readPath(decoded));
    path = decoded;
  }
  return readings;
}

function queriedModels({ searchParams }: URL): string[] {
  return Array.from(searchParams).flatMap(([key, value]) => (/^model(?:\[|$)/iu.test(key) ? [value] : []));
}

/** The part of a request that says whether it can make a model run. */
export interface CallShape {
  readonly method?: unknown;
  readonly body?: unknown;
}

function isReading({ method = 'GET', body }: CallShape): boolean {
  // A reading request has no body. One that has is something else in disguise.
  return body === undefined && typeof method === 'string' && READING_METHODS.has(method.toUpperCase());
}

// A client calls few URLs, each of them very often.
const MOST_KNOWN = 256;
const LONGEST_KNOWN = 1024;
const known = new Map<string, ModelCall | undefined>();

/** What a request makes a model do, by its method and final URL; undefined when no model runs. */
export function classifyCall(request: CallShape, url: unknown): ModelCall | undefined {
  if (isReading(request)) return undefined;
  if (typeof url !== 'string')
    return { action: 'llm.generate', queried: [], fault: 'The URL of the request is no text.' };
  const call = known.get(url);
  if (call !== undefined || known.has(url)) return call;
  const classified = readUrl(url);
  if (known.size >= MOST_KNOWN) known.clear();
  if (url.length <= LONGEST_KNOWN) known.set(url, classified);
  return classified;
}

function readUrl(url: string): ModelCall | undefined {
  const parsed = new URL(url);
  const [first, ...others] = readingsOf(parsed.pathname);
  if (!first) return undefined;
  const { action, deployment } = first;
  const isClear = others.every((other) => other.action === action && other.deployment === deployment);
  return {
    action,
    queried: queriedModels(parsed),
    ...(deployment !== undefined && { deployment }),
    ...(!isClear && { fault: 'The path of the request can be read in more than one way.' }),
  };
}

/** The URL with another deployment in its path; undefined where it names none that could be exchanged. */
export function withDeployment(url: string, deployment: string): string | undefined {
  const changed = new URL(url);
  changed.pathname = changed.pathname.replace(
    /(\/deployments\/)[^/]+/iu,
    (_, marker: string) => marker + encodeURIComponent(deployment),
  );
  return classifyCall({ method: 'POST' }, changed.href)?.deployment === deployment ? changed.href : undefined;
}
