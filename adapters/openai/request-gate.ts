import type { Decision, Gate, UndeterminedModel } from '../../src/index.ts';
import type { ModelCall } from './classify-call.ts';
import { classifyCall, withDeployment } from './classify-call.ts';
import type { ModelsInRequest } from './read-models.ts';
import { bodyText, isPlainJson, readModels, withModel } from './read-models.ts';

/** The request that the client is about to send; `body` is what goes on the wire. */
export interface OutgoingRequest {
  method?: unknown;
  body?: unknown;
  headers?: unknown;
}

/** What the client tells its hook about a request. */
export interface OutgoingInfo {
  readonly url: string;
  /** The same object for every attempt of one call. */
  readonly options: object;
}

/** What has passed. */
export interface PassedRequest {
  /** What was judged and is sent; undefined when it went ahead although no model could be read. */
  readonly models: readonly string[] | undefined;
}

/** A request with its URL, as the client has just built it. */
export interface BuiltRequest {
  readonly req: OutgoingRequest;
  readonly url: string;
}

// Bytes could change while the decision is awaited, and so could headers that the caller still holds. What
// a request inherits, or computes at each look, becomes a property of its own.
function snapshot(request: OutgoingRequest): void {
  const { body } = request;
  const headers = new Headers(request.headers as ConstructorParameters<typeof Headers>[0]);
  const kept = { body: bodyText(body) ?? body, headers };
  for (const [name, value] of Object.entries(kept))
    Object.defineProperty(request, name, { value, writable: true, configurable: true, enumerable: true });
}

function isSettled(request: OutgoingRequest): boolean {
  return Object.getOwnPropertyDescriptor(request, 'body')?.writable === false;
}

// Callers may use the same options for two calls. The client counts the attempts of each.
function isRepeated({ headers }: OutgoingRequest): boolean {
  return Number((headers as Headers).get('x-stainless-retry-count')) > 0;
}

// Whoever still holds the request could exchange what was judged before it is sent.
function settle(request: OutgoingRequest, body: unknown): void {
  Object.defineProperty(request, 'body', { value: body, writable: false, configurable: true, enumerable: true });
}

function modelsOf({ method, body, headers }: OutgoingRequest, call: ModelCall): ModelsInRequest | UndeterminedModel {
  // An object with a toString of its own could read differently at each look.
  if (method !== undefined && typeof method !== 'string')
    return { fault: 'The method of the request is not a string.' };
  if (!isPlainJson(headers as Headers))
    return { fault: 'The headers of the request declare another body than JSON text.' };
  return readModels(call, body);
}

// Where the URL names a fallback already, only the path was exchanged: lists in the body would come along.
function isExchangeable(models: ModelsInRequest | UndeterminedModel, requested: string | undefined): boolean {
  if ('fault' in models) return false;
  return models.inBody !== undefined || (requested !== undefined && models.others.length === 0);
}

function passedRequest(models: ModelsInRequest | UndeterminedModel, fallback: string | undefined): PassedRequest {
  if (fallback !== undefined) return { models: [fallback] };
  return { models: 'fault' in models ? undefined : [models.model] };
}

/** Decides about every request of one client, on its final URL and serialized body. */
export class RequestGate {
  readonly #gate: Gate;
  // The decision about the last attempt of a call, by the options that all its attempts share.
  readonly #decided = new WeakMap<object, Decision>();
  // What was asked for in a request whose URL names a fallback instead.
  readonly #rerouted = new WeakMap<object, string>();

  constructor(gate: Gate) {
    this.#gate = gate;
  }

  /** Whether a denied call may be served by another model. */
  get hasFallback(): boolean {
    return this.#gate.fallback.length > 0;
  }

  /**
   * The URL to send a request to: where the path names a denied model, that of the first fallback which
   * the policy allows. Only the path is chosen here; `pass` judges it.
   */
  async route({ req, url }: BuiltRequest): Promise<string> {
    const call = classifyCall(req, url);
    if (call?.deployment === undefined) return url;
    await this.#gate.ready();
    const chosen = this.#gate.likelyFallback({ action: call.action, named: { model: call.deployment } });
    const rerouted = chosen === undefined ? undefined : withDeployment(url, chosen);
    if (rerouted === undefined) return url;
    this.#rerouted.set(req, call.deployment);
    return rerouted;
  }

  /**
   * Lets a request pass, or serves it by a fallback, or throws. Undefined: no model runs, and nothing was judged.
   * @throws {PolicyDeniedError} `ERR_CZ_POLICY_DENIED`
   * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE`
   */
  async pass(request: OutgoingRequest, { url, options }: OutgoingInfo): Promise<PassedRequest | undefined> {
    const call = classifyCall(request, url);
    if (!call) return undefined;
    const hasPassed = isSettled(request);
    snapshot(request);
    const { method, body } = request;
    const models = modelsOf(request, call);
    const previous = isRepeated(request) ? this.#decided.get(options) : undefined;
    const requested = this.#rerouted.get(request);
    const { fallback, decision } = await this.#gate.enforce({
      action: call.action,
      named: { ...models, ...(requested !== undefined && { model: requested }) },
      previous,
      isExchangeable: !hasPassed && isExchangeable(models, requested),
    });
    this.#decided.set(options, decision);
    if (request.body !== body || request.method !== method)
      await this.#refuse(call, 'The request changed while it was judged.');
    await this.#checkRoute(call, requested, fallback);
    settle(request, fallback !== undefined && 'inBody' in models ? withModel(models.inBody, fallback) : body);
    return passedRequest(models, fallback);
  }

  async #checkRoute(call: ModelCall, requested: string | undefined, fallback: string | undefined): Promise<void> {
    const isElsewhere = requested !== undefined && fallback !== call.deployment;
    if (isElsewhere) await this.#refuse(call, 'The policy changed while the request was routed.');
  }

  async #refuse({ action }: ModelCall, fault: string): Promise<void> {
    await this.#gate.enforce({ action, named: { fault } });
  }
}
