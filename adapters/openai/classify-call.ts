import type { ModelAction } from '../../src/index.ts';

/** A request that makes a model run. */
export interface ModelCall {
  readonly action: ModelAction;
  /** The deployment in the path, which is authoritative on Azure. */
  readonly deployment?: string;
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
const MOST_DECODINGS = 3;

function decodeOnce(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

interface Segment {
  readonly text: string;
  /** What a lenient server would take it for. */
  readonly plain: string;
}

// Servers and the proxies before them differ in how often they decode, whether they merge slashes, cut
// matrix parameters or forgive a trailing slash. A path that any of them may route to a model is governed.
function segmentsOf(pathname: string): Segment[] {
  let path = pathname;
  for (let round = 0; round < MOST_DECODINGS && path.includes('%'); round += 1) path = decodeOnce(path);
  const segments = path.split(/[/\\]/u).map((text) => ({ text, plain: text.replace(/;.*$/su, '').trim().toLowerCase() }));
  return segments.filter(({ plain }) => plain !== '');
}

function endsWith(segments: readonly Segment[], { ends }: Route): boolean {
  const start = segments.length - ends.length;
  return start >= 0 && ends.every((name, index) => segments[start + index]?.plain === name);
}

// The id is everything between the marker and the route, and is never trimmed or folded: it is what is judged.
function deploymentIn(segments: readonly Segment[], { ends }: Route): string | undefined {
  const marker = segments.findIndex(({ plain }) => plain === 'deployments');
  const end = segments.length - ends.length;
  if (marker === -1 || marker >= end) return undefined;
  return segments.slice(marker + 1, end).map(({ text }) => text).join('/');
}

/** The part of a request that says whether it can make a model run. */
export interface CallShape {
  readonly method?: unknown;
  readonly body?: unknown;
}

/** What a request makes a model do, by its method and final URL; undefined when no model runs. */
export function classifyCall({ method = 'GET', body }: CallShape, url: string): ModelCall | undefined {
  // A reading request has no body. One that has is something else in disguise.
  if (body === undefined && READING_METHODS.has(String(method).toUpperCase())) return undefined;
  const segments = segmentsOf(new URL(url).pathname);
  const route = ROUTES.find((candidate) => endsWith(segments, candidate));
  if (!route) return undefined;
  const deployment = deploymentIn(segments, route);
  return { action: route.action, ...(deployment !== undefined && { deployment }) };
}

/** The URL with another deployment in its path; undefined where it names none that could be exchanged. */
export function withDeployment(url: string, deployment: string): string | undefined {
  const changed = new URL(url);
  changed.pathname = changed.pathname.replace(/(\/deployments\/)[^/]+/iu, (_, marker: string) => marker + encodeURIComponent(deployment));
  return classifyCall({ method: 'POST' }, changed.href)?.deployment === deployment ? changed.href : undefined;
}
