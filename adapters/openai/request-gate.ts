import type { Decision, Gate, ModelAction, NoteJudged, PassedCall, UndeterminedModel } from '../../src/index.ts';
import type { ModelCall } from './classify-call.ts';
import { classifyCall, withDeployment } from './classify-call.ts';
import { isProxy } from './is-proxy.ts';
import type { JsonField } from './json-fields.ts';
import type { ModelsInRequest } from './read-models.ts';
import { bodyText, isPlainJson, readModels, withModel } from './read-models.ts';
import type { BodyOptions } from './serialized-bodies.ts';
import { SerializedBodies } from './serialized-bodies.ts';
import { Waiting } from './waiting.ts';

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

/** How a request goes on once it has passed. */
export interface Passage {
  /** Whether `send` will send it. */
  readonly isAdmitted: boolean;
  /** Told what was judged, while somebody looks for requests that were not. */
  readonly noteJudged: NoteJudged | undefined;
}

/** A request with its URL, as the client has just built it. */
export interface BuiltRequest {
  readonly req: OutgoingRequest;
  readonly url: string;
}

/** What of a request is judged. It is also what is sent. */
interface Judged {
  readonly method: unknown;
  readonly body: unknown;
  readonly headers: Headers;
}

type HeadersInput = ConstructorParameters<typeof Headers>[0];

function asHeaders(headers: unknown): Headers {
  return headers instanceof Headers && !isProxy(headers) ? headers : new Headers(headers as HeadersInput);
}

function own(request: OutgoingRequest, name: string, property: PropertyDescriptor): void {
  Object.defineProperty(request, name, { ...property, configurable: true, enumerable: true });
}

// Everything is read once. Bytes could change while the decision is awaited, and become text.
function read({ method, body, headers }: OutgoingRequest): Judged {
  return { method, body: bodyText(body) ?? body, headers: asHeaders(headers) };
}

// Headers could change while the decision is awaited. What a request inherits, or computes at each look,
// becomes a property of its own.
function snapshot(request: OutgoingRequest): Judged {
  const { method, body, headers: given } = read(request);
  const headers = new Headers(given);
  own(request, 'headers', { value: headers, writable: true });
  own(request, 'body', { value: body, writable: true });
  return { method, body, headers };
}

// What such headers say when they are asked is what they say to `fetch`. Others, with methods of their own, are
// copied.
function asGenuine(headers: Headers): Headers {
  const isGenuine = Object.getPrototypeOf(headers) === Headers.prototype && Reflect.ownKeys(headers).length === 0;
  return isGenuine ? headers : new Headers(headers);
}

function isSettled(request: OutgoingRequest): boolean {
  return Object.getOwnPropertyDescriptor(request, 'body')?.writable === false;
}

// Callers may use the same options for two calls. The client counts the attempts of each.
function isRepeated({ headers }: Judged): boolean {
  return Number(headers.get('x-stainless-retry-count')) > 0;
}

function modelsOf(
  { method, body, headers }: Judged,
  call: ModelCall,
  known: JsonField | undefined,
): ModelsInRequest | UndeterminedModel {
  // An object with a toString of its own could read differently at each look.
  if (method !== undefined && typeof method !== 'string')
    return { fault: 'The method of the request is not a string.' };
  if (!isPlainJson(headers)) return { fault: 'The headers of the request declare another body than JSON text.' };
  return readModels(call, body, known);
}

const CHANGED = 'The request changed while it was judged.';

/** What is sent for a request that goes ahead. */
interface Admitted extends Judged {
  readonly action: ModelAction;
  readonly options: object;
  readonly decision: Decision;
  /** Whether it was understood; in shadow mode it is sent without. */
  readonly isClear: boolean;
}

function isAnswer(response: unknown): boolean {
  return (response as Partial<Response> | undefined)?.ok === true;
}

// Where the URL names a fallback already, only the path was exchanged: lists in the body would come along.
function isExchangeable(models: ModelsInRequest | UndeterminedModel, requested: string | undefined): boolean {
  if ('fault' in models) return false;
  return models.inBody !== undefined || (requested !== undefined && models.others.length === 0);
}

function sentModels(models: ModelsInRequest | UndeterminedModel, fallback: string | undefined): string[] | undefined {
  if (fallback !== undefined) return [fallback];
  return 'fault' in models ? undefined : [models.model];
}

/** Decides about every request of one client, on its final URL and serialized body. */
export class RequestGate {
  /** What the client was seen to serialize. */
  readonly bodies: SerializedBodies = new SerializedBodies();
  readonly #gate: Gate;
  // The decision about the last attempt of a call, by the options that all its attempts share.
  readonly #decided = new WeakMap<object, Decision>();
  // The requests that are about to be sent.
  readonly #admitted = new Waiting<Admitted>();
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
   * Lets a request pass, or serves it by a fallback, or throws.
   *
   * @returns undefined when it passed at once, else a promise that settles when it is decided
   * @throws {PolicyDeniedError} `ERR_CZ_POLICY_DENIED`
   * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE`
   */
  pass(
    request: OutgoingRequest,
    { url, options }: OutgoingInfo,
    { isAdmitted, noteJudged }: Passage,
  ): Promise<void> | undefined {
    const call = classifyCall(request, url);
    if (!call) return undefined;
    const { action, deployment } = call;
    // A model that an inner gate let pass, or chose, is not exchanged. It is looked at before a snapshot opens it.
    const isOpen = this.hasFallback && !isSettled(request);
    const judged = isAdmitted ? read(request) : snapshot(request);
    const given = request.body;
    const models = modelsOf(judged, call, this.bodies.fieldOf((options as BodyOptions).body, judged.body));
    const requested = this.#rerouted.get(request);
    const decided = this.#decided.get(options);
    const asked = {
      action,
      named: requested === undefined ? models : { ...models, model: requested },
      previous: decided !== undefined && isRepeated(judged) ? decided : undefined,
      isExchangeable: isOpen && isExchangeable(models, requested),
    };
    const release = ({ fallback, decision }: PassedCall): undefined => {
      if (!isAdmitted) this.#decided.set(options, decision);
      noteJudged?.(sentModels(models, fallback));
      if (requested !== undefined && fallback !== deployment)
        this.#refuse(action, 'The policy changed while the request was routed.');
      const isChanged = request.body !== given || request.method !== judged.method;
      if (isChanged) this.#refuse(action, CHANGED);
      const body = fallback !== undefined && 'inBody' in models ? withModel(models.inBody, fallback) : judged.body;
      const isClear = !('fault' in models);
      if (isAdmitted) this.#admitted.put(request, { ...judged, body, action, options, decision, isClear });
      // Whoever still holds the request could exchange what was judged before it is sent.
      else own(request, 'body', { value: body, writable: false });
    };
    const passed = this.#gate.enforceNow(asked);
    return passed ? release(passed) : this.#gate.enforce(asked).then(release);
  }

  /**
   * Sends what was judged of a request, whatever has become of the request since. A request that was not
   * judged, because it makes no model run, is sent as it is.
   *
   * @throws {PolicyDeniedError} `ERR_CZ_POLICY_DENIED` when its headers declare another body since then
   */
  send(request: OutgoingRequest, transport: (request: OutgoingRequest) => Promise<unknown>): Promise<unknown> {
    const admitted = this.#admitted.take(request);
    if (!admitted) return transport(request);
    const { method, body, action, options, decision, isClear } = admitted;
    const headers = asGenuine(admitted.headers);
    if (isClear && !isPlainJson(headers)) this.#refuse(action, CHANGED);
    const sent = transport({ ...request, method, body, headers });
    const remember = (response: unknown): void => {
      if (!isAnswer(response)) this.#decided.set(options, decision);
    };
    // Before the client sees what became of it, and may try again.
    sent.then(remember, remember);
    return sent;
  }

  #refuse(action: ModelAction, fault: string): void {
    if (!this.#gate.enforceNow({ action, named: { fault } })) throw new TypeError(fault);
  }
}
