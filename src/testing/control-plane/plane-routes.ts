import type { PlaneAnswer } from './plane-answer.ts';
import { bytesAnswer, errorAnswer, jsonAnswer } from './plane-answer.ts';
import type { ControlPlaneFault } from './plane-fault.ts';
import type { PlaneProject } from './plane-project.ts';
import type { ControlPlaneRequest, ControlPlaneRoute } from './plane-request.ts';

/** What a route works with. */
interface RouteScope {
  readonly project: PlaneProject;
  readonly request: Pick<ControlPlaneRequest, 'path' | 'headers' | 'json'>;
  readonly fault: ControlPlaneFault | undefined;
  /** Entries by their id: one that is sent again is not counted again. */
  readonly audit: Map<string, unknown>;
  readonly activations: unknown[];
}

type Route = (scope: RouteScope) => PlaneAnswer | Promise<PlaneAnswer>;

const MOST_ENTRIES = 500;
const NO_STORE = { 'cache-control': 'no-store' };

async function pull({ project, request, fault }: RouteScope): Promise<PlaneAnswer> {
  const { bytes, etag } = await project.bundle(fault);
  if (request.headers['if-none-match'] === etag) return { status: 304, headers: { etag }, body: new Uint8Array() };
  return bytesAnswer(bytes, { etag });
}

function entriesOf(json: unknown): readonly unknown[] | undefined {
  const entries: unknown = typeof json === 'object' && json !== null ? Reflect.get(json, 'entries') : undefined;
  return Array.isArray(entries) ? entries : undefined;
}

function audit({ request, audit: known }: RouteScope): PlaneAnswer {
  const entries = entriesOf(request.json);
  if (!entries) return errorAnswer(400, 'INVALID_BODY', 'Send { "entries": [...] }.');
  if (entries.length > MOST_ENTRIES)
    return errorAnswer(413, 'TOO_MANY_ENTRIES', `Send at most ${MOST_ENTRIES} entries.`);
  let accepted = 0;
  for (const entry of entries) {
    const id: unknown = typeof entry === 'object' && entry !== null ? Reflect.get(entry, 'id') : undefined;
    if (typeof id !== 'string') continue;
    known.set(id, entry);
    accepted += 1;
  }
  return jsonAnswer(200, { accepted, dropped: entries.length - accepted });
}

function activation({ request, activations }: RouteScope): PlaneAnswer {
  if (typeof request.json !== 'object' || request.json === null)
    return errorAnswer(400, 'INVALID_BODY', 'Send a JSON object.');
  activations.push(request.json);
  return jsonAnswer(202, { accepted: 1 });
}

function secret({ project, request }: RouteScope): PlaneAnswer {
  const { pathname } = new URL(request.path, 'http://local');
  const name = decodeURIComponent(pathname.slice('/api/secrets/'.length));
  const value = project.secret(name);
  if (value === undefined) return errorAnswer(404, 'SECRET_NOT_FOUND', 'There is no secret of this name.');
  return jsonAnswer(200, { value }, NO_STORE);
}

/** What each route answers to a request with a good key. */
export const ROUTES: Readonly<Record<ControlPlaneRoute, Route>> = {
  bootstrap: ({ project }) => jsonAnswer(200, project.bootstrap(), NO_STORE),
  pull,
  audit,
  activation,
  secret,
  secrets: async ({ project }) => bytesAnswer(await project.secretsEnvelope(), NO_STORE),
  rotations: ({ project }) => jsonAnswer(200, { rotations: project.rotations }),
  // Streams are kept open elsewhere; here is what a fault is applied to.
  stream: () => ({
    status: 200,
    headers: { 'content-type': 'text/event-stream' },
    body: new TextEncoder().encode(': hello\n\n'),
  }),
  unknown: () => errorAnswer(404, 'NOT_FOUND', 'There is no such route.'),
};
