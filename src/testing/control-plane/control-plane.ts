import type { IncomingMessage, ServerResponse } from 'node:http';

import { toHex } from '../../bundle/bytes.ts';
import { readBody } from '../local-provider/received-request.ts';
import type { PlaneAnswer } from './plane-answer.ts';
import { errorAnswer, sendWithFault } from './plane-answer.ts';
import type { ControlPlaneFault } from './plane-fault.ts';
import { FaultPlan } from './plane-fault.ts';
import type { PlaneProject } from './plane-project.ts';
import type { ControlPlaneRequest } from './plane-request.ts';
import { keyOfHeaders, routeOf, shownHeaders } from './plane-request.ts';
import { ROUTES } from './plane-routes.ts';
import { VersionStreams } from './version-streams.ts';

const LARGEST_BODY = 1024 * 1024;
const KEY_FORMAT = /^cz_(?:live|test)_[0-9a-f]{64}$/u;

type Recorded = { -readonly [Key in keyof ControlPlaneRequest]: ControlPlaneRequest[Key] };

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

/** The control plane without its server: what each request gets, and what is kept of it. */
export class ControlPlane {
  readonly project: PlaneProject;
  readonly faults: FaultPlan = new FaultPlan();
  readonly streams: VersionStreams;
  readonly requests: ControlPlaneRequest[] = [];
  readonly audit: Map<string, unknown> = new Map();
  readonly activations: unknown[] = [];
  readonly apiKey: string;
  readonly #keys = new Set<string>();

  constructor(project: PlaneProject, heartbeatMs: number) {
    this.project = project;
    this.streams = new VersionStreams(heartbeatMs);
    this.apiKey = this.createApiKey();
  }

  createApiKey(): string {
    const key = `cz_test_${toHex(crypto.getRandomValues(new Uint8Array(32)))}`;
    this.#keys.add(key);
    return key;
  }

  revokeApiKey(key: string = this.apiKey): void {
    this.#keys.delete(key);
  }

  tellStreams(event: 'policy' | 'secrets'): void {
    const { epoch, version, secretsVersion } = this.project;
    this.streams.send({ event, epoch, version: event === 'policy' ? version : secretsVersion });
  }

  async handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(message);
    const request = this.#record(message, body);
    response.on('finish', () => {
      request.status = response.statusCode;
    });
    const fault = this.faults.take(request.route);
    const refusal = this.#refusal(message, request, body);
    const { epoch, version } = this.project;
    if (request.route === 'stream' && !refusal && !fault)
      this.streams.open(response, { event: 'policy', epoch, version });
    else sendWithFault(response, refusal ?? (await this.#answer(request, fault)), fault);
  }

  #record(message: IncomingMessage, body: string): Recorded {
    const { method = 'GET', url: path = '/' } = message;
    const key = keyOfHeaders(message.headers);
    const request: Recorded = {
      route: routeOf(method, new URL(path, 'http://local').pathname),
      method,
      path,
      headers: shownHeaders(message.headers),
      apiKey: this.#judge(key),
      json: parseJson(body),
      at: Date.now(),
      status: undefined,
    };
    this.requests.push(request);
    return request;
  }

  #judge(key: string | undefined): ControlPlaneRequest['apiKey'] {
    if (key === undefined) return 'missing';
    return this.#keys.has(key) ? 'accepted' : 'refused';
  }

  #refusal(message: IncomingMessage, request: Recorded, body: string): PlaneAnswer | undefined {
    if (request.apiKey === 'missing') return errorAnswer(401, 'MISSING_API_KEY', 'Send the API key as a bearer token.');
    if (request.apiKey === 'refused') {
      const isKey = KEY_FORMAT.test(keyOfHeaders(message.headers) ?? '');
      return errorAnswer(401, isKey ? 'INVALID_API_KEY' : 'INVALID_API_KEY_FORMAT', 'Make a new API key.');
    }
    return body.length > LARGEST_BODY ? errorAnswer(413, 'BODY_TOO_LARGE', 'Send at most 1 MiB.') : undefined;
  }

  async #answer(request: Recorded, fault: ControlPlaneFault | undefined): Promise<PlaneAnswer> {
    const { project, audit, activations } = this;
    return ROUTES[request.route]({ project, request, fault, audit, activations });
  }
}
