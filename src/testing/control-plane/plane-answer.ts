import type { ServerResponse } from 'node:http';

import { requireBuiltin } from '../../node/builtin.ts';
import type { ControlPlaneFault } from './plane-fault.ts';

/** One answer of the control plane, before anything goes wrong with it. */
export interface PlaneAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

type Fault<Kind extends ControlPlaneFault['kind']> = Extract<ControlPlaneFault, { kind: Kind }>;

const TRICKLE_MS = 20;
const ZEROS_BYTES = 16 * 1024 * 1024;
const BOMB_MEMBERS = 20;
const LARGE_HEADER = 256 * 1024;

/** An answer of JSON. */
export function jsonAnswer(status: number, json: unknown, headers: Readonly<Record<string, string>> = {}): PlaneAnswer {
  const body = new TextEncoder().encode(JSON.stringify(json));
  return { status, headers: { 'content-type': 'application/json', ...headers }, body };
}

/** An error in the shape of the hosted service. */
export function errorAnswer(status: number, code: string, message: string): PlaneAnswer {
  return jsonAnswer(status, { error: { code, message, reason: code.toLowerCase(), remediation: message } });
}

/** An answer of bytes. */
export function bytesAnswer(body: Uint8Array, headers: Readonly<Record<string, string>> = {}): PlaneAnswer {
  return { status: 200, headers: { 'content-type': 'application/octet-stream', ...headers }, body };
}

/** Sends an answer as it is. */
function sendAnswer(response: ServerResponse, { status, headers, body }: PlaneAnswer): void {
  const hasBody = status !== 304 && status !== 204;
  response
    .writeHead(status, { ...headers, ...(hasBody && { 'content-length': body.length }) })
    .end(hasBody ? body : undefined);
}

function half(body: Uint8Array): Uint8Array {
  return body.subarray(0, Math.floor(body.length / 2));
}

function trickle(response: ServerResponse, answer: PlaneAnswer, { intervalMs = TRICKLE_MS }: Fault<'trickle'>): void {
  response.writeHead(answer.status, { ...answer.headers, 'content-length': answer.body.length });
  response.flushHeaders();
  let at = 0;
  const timer = setInterval(() => {
    if (at < answer.body.length) response.write(answer.body.subarray(at, (at += 1)));
    else response.end();
  }, intervalMs);
  response.on('close', () => clearInterval(timer));
}

function sendEndlessly(response: ServerResponse, answer: PlaneAnswer): void {
  response.writeHead(answer.status, answer.headers);
  const chunk = new Uint8Array(64 * 1024);
  const write = (): void => {
    // One chunk per turn, so that a client that aborts is noticed.
    if (!response.destroyed && response.write(chunk)) setImmediate(write);
  };
  response.on('drain', write);
  write();
}

// Members of a gzip body follow each other, so a few kilobytes are enough to write hundreds of megabytes.
function gzipBomb(): Uint8Array {
  const zlib = requireBuiltin('node:zlib', 'The fault "gzip-bomb"');
  const member = zlib.gzipSync(new Uint8Array(ZEROS_BYTES));
  const bomb = new Uint8Array(member.length * BOMB_MEMBERS);
  for (let index = 0; index < BOMB_MEMBERS; index += 1) bomb.set(member, index * member.length);
  return bomb;
}

function withHeaders(answer: PlaneAnswer, headers: Readonly<Record<string, string>>): PlaneAnswer {
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

const HTML = '<!doctype html><title>Sign in to the network</title><p>Please sign in.</p>';

// Faults that only replace the answer by another one.
const REPLACED: Readonly<Record<string, (answer: PlaneAnswer, fault: ControlPlaneFault) => PlaneAnswer>> = {
  status: (_, fault) => {
    const { status, retryAfter } = fault as Fault<'status'>;
    const answer = errorAnswer(status, 'PLANNED_FAULT', 'A planned fault.');
    return retryAfter === undefined ? answer : withHeaders(answer, { 'retry-after': String(retryAfter) });
  },
  truncate: (answer) => ({ ...answer, body: half(answer.body) }),
  'gzip-bomb': (answer) => ({ ...withHeaders(answer, { 'content-encoding': 'gzip' }), body: gzipBomb() }),
  empty: (answer) => ({ ...answer, body: new Uint8Array() }),
  html: () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: new TextEncoder().encode(HTML) }),
  'wrong-content-type': (answer) => withHeaders(answer, { 'content-type': 'text/plain' }),
  'large-headers': (answer) => withHeaders(answer, { 'x-padding': 'x'.repeat(LARGE_HEADER) }),
  'not-modified': (answer) => ({ ...answer, status: 304 }),
  redirect: (answer, fault) => {
    const { location = '/elsewhere' } = fault as Fault<'redirect'>;
    return { ...withHeaders(answer, { location }), status: 302 };
  },
};

// Faults that misbehave on the connection itself.
const MISSENT: Readonly<
  Record<string, (response: ServerResponse, answer: PlaneAnswer, fault: ControlPlaneFault) => void>
> = {
  'hang-before-headers': () => undefined,
  'hang-after-headers': (response, { status, headers, body }) => {
    response.writeHead(status, { ...headers, 'content-length': body.length });
    response.flushHeaders();
  },
  trickle: (response, answer, fault) => trickle(response, answer, fault as Fault<'trickle'>),
  reset: (response, { status, headers, body }) => {
    response.writeHead(status, { ...headers, 'content-length': body.length });
    response.write(half(body), () => response.socket?.resetAndDestroy());
  },
  'wrong-length': (response, { status, headers, body }) => {
    response.writeHead(status, { ...headers, 'content-length': body.length + 100 });
    response.write(body, () => response.socket?.destroySoon());
  },
  endless: sendEndlessly,
};

/** Sends an answer, with a fault of its transport when there is one. */
export function sendWithFault(
  response: ServerResponse,
  answer: PlaneAnswer,
  fault: ControlPlaneFault | undefined,
): void {
  const missend = fault && MISSENT[fault.kind];
  const replace = fault && REPLACED[fault.kind];
  if (missend) missend(response, answer, fault);
  else sendAnswer(response, replace ? replace(answer, fault) : answer);
}
