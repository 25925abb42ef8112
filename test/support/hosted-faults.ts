import type { Publication } from '../../src/bundle/bundle-payload.ts';
import { bundlePayload, wirePolicies } from '../../src/bundle/bundle-payload.ts';
import { MAX_BUNDLE_BYTES } from '../../src/bundle/verify-bundle.ts';
import { ROUTES } from '../../src/hosted/protocol.ts';
import type { SyncFailureKind } from '../../src/index.ts';
import { DAY, keyOf, publicationBy, signed } from './bundle-stage.ts';
import type { FakePlane, PlaneFault } from './fake-plane.ts';
import { documentOf, hang } from './fake-plane.ts';

/** One thing that can go wrong, and what a client has to make of it. */
export interface HostedFault {
  readonly name: string;
  readonly fault: PlaneFault;
  readonly kind: SyncFailureKind;
  readonly httpStatus?: number;
  readonly regime: 'back_off' | 'extended';
  /** The shortest wait that the answer asks for, in milliseconds. */
  readonly pauseMs?: number;
}

const MAX_UNPACKED_BYTES = 32 * 1024 * 1024;

const EXTENDED: ReadonlySet<SyncFailureKind> = new Set([
  'auth',
  'tls',
  'too_large',
  'signature',
  'wrong_project',
  'rollback',
  'equivocation',
  'unsupported',
]);

function fault(name: string, kind: SyncFailureKind, make: PlaneFault): HostedFault {
  return { name, kind, regime: EXTENDED.has(kind) ? 'extended' : 'back_off', fault: make };
}

const AUTH = [401, 403];
const OTHER_SUCCESS = [201, 202, 203, 204, 205, 206, 226];
const REDIRECTS = [300, 301, 302, 303, 307, 308];
const PASSING = [408, 425];
const CLIENT = [400, 402, 404, 405, 406, 409, 410, 411, 412, 413, 414, 415, 418, 421, 422, 423, 426, 431, 451, 499];
const SERVER = [500, 501, 502, 503, 504, 505, 507, 511, 520, 521, 522, 523, 524, 525, 526, 530];

function status(code: number, kind: SyncFailureKind, regime: HostedFault['regime']): HostedFault {
  const hasBody = ![204, 205].includes(code);
  const headers = code >= 300 && code < 400 ? { location: 'https://elsewhere.test/' } : undefined;
  const answer = (): Response =>
    new Response(hasBody ? 'nothing to see' : null, { status: code, ...(headers && { headers }) });
  return { ...fault(`status ${code}`, kind, answer), httpStatus: code, regime };
}

const STATUSES: readonly HostedFault[] = [
  ...AUTH.map((code) => status(code, 'auth', 'extended')),
  ...OTHER_SUCCESS.map((code) => status(code, 'invalid_data', 'back_off')),
  ...REDIRECTS.map((code) => status(code, 'http', 'back_off')),
  ...PASSING.map((code) => status(code, 'http', 'back_off')),
  ...CLIENT.map((code) => status(code, 'http', 'extended')),
  ...SERVER.map((code) => status(code, 'http', 'back_off')),
  status(429, 'rate_limited', 'back_off'),
];

function pause(code: 429 | 503, retryAfter: string | ((now: number) => string), pauseMs: number): HostedFault {
  const kind = code === 429 ? 'rate_limited' : 'http';
  const answer: PlaneFault = ({ plane }) => {
    const value = typeof retryAfter === 'string' ? retryAfter : retryAfter(plane.clock.now());
    return new Response('later', { status: code, headers: { 'retry-after': value } });
  };
  const shown = typeof retryAfter === 'string' ? retryAfter : 'a date';
  return { ...fault(`status ${code} with retry-after ${shown}`, kind, answer), httpStatus: code, pauseMs };
}

const PAUSES: readonly HostedFault[] = [
  pause(429, '30', 30_000),
  pause(429, (now) => new Date(now + 45_000).toUTCString(), 44_000),
  pause(429, '86400', 600_000),
  pause(429, 'soon', 500),
  pause(503, '20', 20_000),
  pause(503, (now) => new Date(now - 3_600_000).toUTCString(), 1000),
  pause(503, '-5', 500),
];

function thrown(name: string, kind: SyncFailureKind, code?: string): HostedFault {
  return fault(name, kind, () => {
    throw new TypeError('fetch failed', {
      cause: Object.assign(new Error('with Bearer cz_live_secret in it'), { code }),
    });
  });
}

const NETWORK: readonly HostedFault[] = [
  thrown('connection refused', 'network', 'ECONNREFUSED'),
  thrown('connection reset', 'network', 'ECONNRESET'),
  thrown('connection closed', 'network', 'UND_ERR_SOCKET'),
  thrown('host unreachable', 'network', 'EHOSTUNREACH'),
  thrown('an error without a code', 'network'),
  thrown('name not found', 'dns', 'ENOTFOUND'),
  thrown('name server silent', 'dns', 'EAI_AGAIN'),
  thrown('certificate out of date', 'tls', 'CERT_HAS_EXPIRED'),
  thrown('certificate of nobody', 'tls', 'DEPTH_ZERO_SELF_SIGNED_CERT'),
  thrown('certificate of another', 'tls', 'ERR_TLS_CERT_ALTNAME_INVALID'),
  thrown('no TLS', 'tls', 'ERR_SSL_WRONG_VERSION_NUMBER'),
  thrown('connection not made in time', 'timeout', 'UND_ERR_CONNECT_TIMEOUT'),
  thrown('socket timed out', 'timeout', 'ETIMEDOUT'),
  thrown('headers too large', 'invalid_data', 'UND_ERR_HEADERS_OVERFLOW'),
  thrown('no HTTP', 'invalid_data', 'HPE_INVALID_CONSTANT'),
  thrown('broken compression', 'invalid_data', 'Z_DATA_ERROR'),
  fault('something that is no error', 'network', async () => Promise.reject('just a text')),
];

function stream(
  read: (controller: ReadableStreamDefaultController<Uint8Array>, scope: Parameters<PlaneFault>[0]) => unknown,
): PlaneFault {
  return (scope) => {
    const body = new ReadableStream<Uint8Array>({ pull: async (controller) => void (await read(controller, scope)) });
    return new Response(body, { headers: { 'content-type': 'application/octet-stream' } });
  };
}

const SLOW: readonly HostedFault[] = [
  fault('hang before headers', 'timeout', async ({ signal }) => hang(signal)),
  fault(
    'hang after headers',
    'timeout',
    stream(async (_, { signal }) => hang(signal)),
  ),
  fault(
    'one byte a second',
    'timeout',
    stream(async (controller, { signal, plane }) => {
      await Promise.race([hang(signal), new Promise<void>((resolve) => plane.clock.after(1000, resolve))]);
      controller.enqueue(new Uint8Array(1));
    }),
  ),
  fault(
    'reset in the body',
    'network',
    stream((controller) => {
      controller.error(
        new TypeError('terminated', {
          cause: Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' }),
        }),
      );
    }),
  ),
  fault(
    'endless body',
    'too_large',
    stream((controller) => controller.enqueue(new Uint8Array(1024 * 1024))),
  ),
  fault('a byte too many', 'too_large', () => new Response(new Uint8Array(MAX_BUNDLE_BYTES + 1))),
];

// Only the pull is struck: without a bootstrap there would be no bundle to look at.
function onPull(
  make: (plane: FakePlane) => Promise<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer> | string,
  type = 'application/octet-stream',
): PlaneFault {
  return ({ plane, path }) =>
    path === ROUTES.pull
      ? Promise.resolve(make(plane)).then((body) => new Response(body, { headers: { 'content-type': type } }))
      : undefined;
}

async function changed(
  plane: FakePlane,
  change: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  return change(Uint8Array.from(await plane.bundle({ version: plane.version + 1 })));
}

function flip(at: number): (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> {
  return (bytes) => {
    const index = at < 0 ? bytes.length + at : at;
    bytes[index] = (bytes[index] ?? 0) ^ 1;
    return bytes;
  };
}

const BODIES: readonly HostedFault[] = [
  fault(
    'a web page',
    'invalid_data',
    onPull(() => '<!doctype html><title>Sign in</title>', 'text/html; charset=utf-8'),
  ),
  fault(
    'an empty body',
    'invalid_data',
    onPull(() => ''),
  ),
  fault(
    'JSON',
    'invalid_data',
    onPull(() => '{"error":"none"}', 'application/json'),
  ),
  fault(
    'text',
    'invalid_data',
    onPull(() => 'upstream connect error', 'text/plain'),
  ),
  fault(
    'zeros',
    'invalid_data',
    onPull(() => new Uint8Array(4096)),
  ),
  fault(
    'half a bundle',
    'invalid_data',
    onPull(async (plane) => changed(plane, (bytes) => bytes.subarray(0, bytes.length / 2))),
  ),
  fault(
    'a bundle with something behind it',
    'invalid_data',
    onPull(async (plane) => changed(plane, (bytes) => Uint8Array.from([...bytes, 0]))),
  ),
  fault(
    'another magic number',
    'invalid_data',
    onPull(async (plane) => changed(plane, flip(0))),
  ),
  fault(
    'a flipped bit in the payload',
    'signature',
    onPull(async (plane) => changed(plane, flip(40))),
  ),
  fault(
    'a flipped bit in the signature',
    'signature',
    onPull(async (plane) => changed(plane, flip(-1))),
  ),
];

function published(changes: Partial<Publication>): PlaneFault {
  return onPull(async (plane) => plane.bundle({ version: plane.version + 1, ...changes }));
}

function payload(make: (whole: Record<string, unknown>) => object, count?: number): PlaneFault {
  return onPull(async (plane) => {
    const key = await keyOf(1);
    const issuedAt = Math.floor(plane.clock.now() / 1000);
    const publication = publicationBy(key, { version: plane.version + 1, issuedAt, expiresAt: issuedAt + DAY });
    const whole = await bundlePayload(wirePolicies(documentOf(plane.version + 1)), publication);
    return signed(make(whole as Record<string, unknown>), key, count);
  });
}

const BUNDLES: readonly HostedFault[] = [
  fault(
    'a bundle of a key that nobody trusts',
    'signature',
    onPull(async (plane) => plane.bundle({ key: await keyOf(9) })),
  ),
  fault('a bundle of another project', 'wrong_project', published({ projectId: 'proj_other' })),
  fault('a bundle that needs a newer version', 'unsupported', published({ minSdkVersion: '99.0.0' })),
  fault('a bundle that needs an unknown feature', 'unsupported', published({ critical: ['telepathy'] })),
  fault(
    'a bundle whose time is over',
    'expired',
    onPull(async (plane) => {
      const now = Math.floor(plane.clock.now() / 1000);
      return plane.bundle({ version: plane.version + 1, issuedAt: now - 2 * DAY, expiresAt: now - DAY });
    }),
  ),
  fault(
    'a bundle from the future',
    'clock_skew',
    onPull(async (plane) => {
      const now = Math.floor(plane.clock.now() / 1000);
      return plane.bundle({ version: plane.version + 1, issuedAt: now + DAY, expiresAt: now + 2 * DAY });
    }),
  ),
  fault(
    'a withdrawn version',
    'rollback',
    onPull(async (plane) => plane.bundle({ revokedBefore: plane.version + 5 })),
  ),
  fault(
    'a bundle that unpacks to too much',
    'too_large',
    payload((whole) => ({ ...whole, padding: ' '.repeat(MAX_UNPACKED_BYTES) })),
  ),
  fault(
    'a bundle whose policies were taken out',
    'invalid_data',
    payload((whole) => ({ ...whole, policies: [] }), 1),
  ),
  fault(
    'a bundle with a pattern that is none',
    'invalid_data',
    payload((whole) => {
      const policies = [
        {
          id: 'p',
          is_enabled: true,
          rules: [{ id: 'r', effect: 'deny', actions: ['llm.generate'], resources: ['model/[a'] }],
        },
      ];
      return { ...whole, metadata: undefined, policies };
    }),
  ),
];

/** Faults that strike whatever a client asks first. */
export const HOSTED_FAULTS: readonly HostedFault[] = [
  ...STATUSES,
  ...PAUSES,
  ...NETWORK,
  ...SLOW,
  ...BODIES,
  ...BUNDLES,
];

/** Faults that only a client can notice that remembers what it accepted. */
export const REMEMBERED_FAULTS: readonly HostedFault[] = [
  fault(
    'an older version',
    'rollback',
    onPull(async (plane) => plane.bundle({ version: plane.version - 1 })),
  ),
  fault(
    'an epoch that its key does not sign for',
    'signature',
    onPull(async (plane) => plane.bundle({ epoch: 0, version: plane.version + 9 })),
  ),
  fault(
    'another content under the same version',
    'equivocation',
    payload((whole) => {
      const metadata = whole['metadata'] as { bundle_version: number };
      return {
        ...whole,
        default_on_empty: 'observe',
        metadata: { ...metadata, bundle_version: metadata.bundle_version - 1 },
      };
    }),
  ),
];
