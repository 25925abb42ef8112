import { requireBuiltin } from '../../node/builtin.ts';
import type { PolicyDocument } from '../../policy/types.ts';
import { ControlPlane } from './control-plane.ts';
import type { ControlPlaneFault, FaultOptions } from './plane-fault.ts';
import type { PublishOptions } from './plane-project.ts';
import { PlaneProject } from './plane-project.ts';
import type { ControlPlaneRequest, ControlPlaneRoute } from './plane-request.ts';

/** Options of a test control plane. */
export interface TestControlPlaneOptions {
  /** What is published at the start. Default: nothing, so the project has no policies and everything is denied. */
  readonly policy?: PolicyDocument;
  /** Secrets by name. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Default: `proj_test`. */
  readonly projectId?: string;
  /** Bound into every bundle. Default: none. */
  readonly environment?: string;
  /** Bound into every bundle. Default: none. */
  readonly audience?: string;
  /** Make bundles without signed metadata, as older servers do. Default: false. */
  readonly legacy?: boolean;
  /** How long a bundle is good for. Default: 7 days. */
  readonly validForSeconds?: number;
  /** When the same policies are signed anew. Default: 1 day. */
  readonly refreshAfterSeconds?: number;
  /** Between two heartbeats of a stream. Default: 15,000. */
  readonly heartbeatMs?: number;
  /** The clock of the server, in milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number;
}

/** How a key is rotated. */
export interface RotateKeysOptions {
  /** Whether the old key signs the new one. Without it, clients that trust the old key stay with it. Default: true. */
  readonly announced?: boolean;
}

/** A running test control plane. */
export interface TestControlPlane extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`, the `baseUrl` of a client. */
  readonly url: string;
  /** A key that is accepted, the `apiKey` of a client. */
  readonly apiKey: string;
  readonly projectId: string;
  /** The key that signs now, for `trustedKeys`: 64 hexadecimal digits. */
  readonly publicKey: string;
  /** The version of the published policies, and the epoch of the key that signs them. */
  readonly published: { readonly epoch: number; readonly version: number };
  /** Every request so far, in order of arrival. */
  readonly requests: readonly ControlPlaneRequest[];
  /** How many requests reached a route, whatever was answered. */
  count(route: ControlPlaneRoute): number;
  /** The audit entries so far, each id once. */
  readonly audit: readonly unknown[];
  /** What clients reported about activating or refusing a bundle, oldest first. */
  readonly activations: readonly unknown[];
  /** How many streams are open. */
  readonly openStreams: number;
  /**
   * Publishes policies under a new version and tells the open streams.
   * @throws {PolicyInvalidError} `ERR_CZ_POLICY_INVALID`; what was published before stays
   */
  publish(document: PolicyDocument, options?: PublishOptions): Promise<void>;
  setSecret(name: string, value: string): void;
  removeSecret(name: string): void;
  /** Signs with another key from now on, in a new epoch. */
  rotateKeys(options?: RotateKeysOptions): Promise<void>;
  /** Encrypts with another key from now on. */
  rotateProjectKey(): void;
  /** Makes another key that is accepted. */
  createApiKey(): string;
  /** Revokes a key. Default: the first one. */
  revokeApiKey(key?: string): void;
  /**
   * Makes something go wrong with the next answers; faults strike in the order they were asked for.
   * @returns takes it back
   */
  inject(fault: ControlPlaneFault, options?: FaultOptions<ControlPlaneRoute>): () => void;
  /** Takes back all faults. */
  clearFaults(): void;
  /** Ends the open streams, as a deployment of the server does. */
  endStreams(): void;
  /** Forgets the requests, audit entries and reports so far. */
  reset(): void;
  /** Ends at once, open connections included. */
  close(): Promise<void>;
}

const DAY = 86_400;
const WEEK = 7 * DAY;
const HEARTBEAT_MS = 15_000;

const DEFAULTS = {
  projectId: 'proj_test',
  legacy: false,
  validForSeconds: WEEK,
  refreshAfterSeconds: DAY,
  heartbeatMs: HEARTBEAT_MS,
  now: Date.now,
} as const;

async function createPlane(given: TestControlPlaneOptions): Promise<ControlPlane> {
  const {
    policy,
    secrets = {},
    projectId,
    environment,
    audience,
    legacy,
    heartbeatMs,
    ...times
  } = { ...DEFAULTS, ...given };
  const scope = {
    projectId,
    ...(environment !== undefined && { environment }),
    ...(audience !== undefined && { audience }),
  };
  const project = await PlaneProject.create({ scope, isLegacy: legacy, ...times });
  for (const [name, value] of Object.entries(secrets)) project.setSecret(name, value);
  if (policy !== undefined) await project.publish(policy, {});
  return new ControlPlane(project, heartbeatMs);
}

interface RunningServer {
  readonly url: string;
  readonly close: () => Promise<void>;
}

function controlsOf(plane: ControlPlane, { url, close }: RunningServer): TestControlPlane {
  const { project, faults, streams, requests, audit, activations, apiKey } = plane;
  return {
    url,
    apiKey,
    projectId: project.projectId,
    get publicKey() {
      return project.publicKey;
    },
    get published() {
      return { epoch: project.epoch, version: project.version };
    },
    requests,
    count: (route) => requests.filter((request) => request.route === route).length,
    get audit() {
      return [...audit.values()];
    },
    activations,
    get openStreams() {
      return streams.count;
    },
    publish: async (document, options = {}) => {
      await project.publish(document, options);
      plane.tellStreams('policy');
    },
    setSecret: (name, value) => {
      project.setSecret(name, value);
      plane.tellStreams('secrets');
    },
    removeSecret: (name) => {
      project.removeSecret(name);
      plane.tellStreams('secrets');
    },
    rotateKeys: async ({ announced = true } = {}) => {
      await project.rotateKeys(announced);
      plane.tellStreams('policy');
    },
    rotateProjectKey: () => project.rotateProjectKey(),
    createApiKey: () => plane.createApiKey(),
    revokeApiKey: (key) => plane.revokeApiKey(key),
    inject: (fault, options = {}) => faults.add(fault, options),
    clearFaults: () => faults.clear(),
    endStreams: () => streams.end(),
    reset: () => {
      requests.length = 0;
      activations.length = 0;
      audit.clear();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/**
 * Starts a control plane on this machine: it keeps the policies and the secrets of one project, signs
 * and encrypts them as the hosted service does, counts what clients ask for, and does wrong what it is
 * told to. A client that has its `url` and `apiKey` is a real client; nothing in it is mocked.
 *
 * | Route | What it does |
 * | --- | --- |
 * | `bootstrap` | `GET /v1/sdk/bootstrap`: project and keys |
 * | `pull` | `GET /v1/sdk/policies/pull`: the signed bundle, with an ETag and 304 |
 * | `stream` | `GET /v1/sdk/stream`: server-sent hints that there is another version, never policies |
 * | `rotations` | `GET /v1/sdk/keys/rotations`: how each signing key took over from the one before |
 * | `secrets` | `GET /v1/sdk/secrets`: all secrets in one sealed envelope |
 * | `secret` | `GET /api/secrets/{name}`: one secret, as older clients ask for it |
 * | `audit` | `POST /v1/sdk/audit`: at most 500 entries, each id kept once |
 * | `activation` | `POST /v1/sdk/activations`: which version a client activated, or why it refused it |
 *
 * Needs Node 22.15 or newer. It listens on 127.0.0.1 only, on a free port.
 *
 * @throws {PolicyInvalidError} `ERR_CZ_POLICY_INVALID` when the policy has problems
 * @throws {ConfigurationError} `ERR_CZ_CONFIGURATION` on a runtime without Node's modules or without zstd
 *
 * @example
 * ```ts
 * import { startTestControlPlane } from '@controlzero/sdk/testing';
 *
 * await using plane = await startTestControlPlane({
 *   policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] },
 * });
 * plane.inject({ kind: 'status', status: 503, retryAfter: 1 }, { times: 2 });
 * const statuses = [];
 * for (let attempt = 0; attempt < 3; attempt += 1) {
 *   const response = await fetch(`${plane.url}/v1/sdk/policies/pull`, {
 *     headers: { authorization: `Bearer ${plane.apiKey}` },
 *   });
 *   statuses.push(response.status);
 *   await response.arrayBuffer();
 * }
 * console.log(statuses, plane.count('pull')); // [ 503, 503, 200 ] 3
 * ```
 */
export async function startTestControlPlane(options: TestControlPlaneOptions = {}): Promise<TestControlPlane> {
  const http = requireBuiltin('node:http', 'startTestControlPlane()');
  const plane = await createPlane(options);
  const server = http.createServer((message, response) => {
    plane.handle(message, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const close = async (): Promise<void> => {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  };
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return controlsOf(plane, { url: `http://127.0.0.1:${port}`, close });
}
