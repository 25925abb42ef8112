import type { Context, ControlZero, Decision, ModelAction, PolicyRequest } from '../../src/index.ts';
import { modelRequest, undeterminedRequest } from '../../src/index.ts';
import type { ModelCall } from './classify-call.ts';
import { classifyCall, withDeployment } from './classify-call.ts';
import type { NamedModels, UndeterminedModel } from './read-models.ts';
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

/** A request with its URL, as the client has just built it. */
export interface BuiltRequest {
  readonly req: OutgoingRequest;
  readonly url: string;
}

/** What a gate judges with. */
export interface GateOptions {
  readonly cz: ControlZero;
  readonly context: Context | undefined;
  readonly fallback: readonly string[];
  readonly modelAliases: ReadonlyMap<string, string>;
}

interface ModelsToEnforce {
  readonly call: ModelCall;
  readonly models: NamedModels | UndeterminedModel;
  readonly previous: Decision | undefined;
  /** What was asked for, where the URL already names a fallback. */
  readonly requested: string | undefined;
  /** Another gate has let the request pass as it is, so it cannot be served by a fallback any more. */
  readonly isSettled: boolean;
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

function modelsOf({ method, body, headers }: OutgoingRequest, call: ModelCall): NamedModels | UndeterminedModel {
  // An object with a toString of its own could read differently at each look.
  if (method !== undefined && typeof method !== 'string')
    return { fault: 'The method of the request is not a string.' };
  if (!isPlainJson(headers as Headers))
    return { fault: 'The headers of the request declare another body than JSON text.' };
  return readModels(call, body);
}

interface Enforced {
  readonly decision: Decision;
  /** The fallback that serves the call, or undefined when the call goes ahead as it is. */
  readonly chosen: string | undefined;
}

/** Decides about every request of one client, on its final URL and serialized body. */
export class Gate {
  readonly #options: GateOptions;
  // The decision about the last attempt of a call, by the options that all its attempts share.
  readonly #decided = new WeakMap<object, Decision>();
  // What was asked for in a request whose URL names a fallback instead.
  readonly #rerouted = new WeakMap<object, string>();

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Whether a denied call may be served by another model. */
  get hasFallback(): boolean {
    return this.#options.fallback.length > 0;
  }

  /**
   * The URL to send a request to: where the path names a denied model, that of the first fallback which
   * the policy allows. Only the path is chosen here; `pass` judges it.
   */
  async route({ req, url }: BuiltRequest): Promise<string> {
    const { cz, fallback } = this.#options;
    const call = classifyCall(req, url);
    if (call?.deployment === undefined || cz.status().mode === 'shadow') return url;
    await this.#ready();
    const isAllowed = (model: string): boolean => cz.explain(this.#request(call.action, model)).decision.allowed;
    const chosen = isAllowed(call.deployment) ? undefined : fallback.find(isAllowed);
    const rerouted = chosen === undefined ? undefined : withDeployment(url, chosen);
    if (rerouted === undefined) return url;
    this.#rerouted.set(req, call.deployment);
    return rerouted;
  }

  /**
   * Lets a request pass, or serves it by a fallback, or throws.
   * @throws {PolicyDeniedError} `ERR_CZ_POLICY_DENIED`
   * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE`
   */
  async pass(request: OutgoingRequest, { url, options }: OutgoingInfo): Promise<void> {
    const call = classifyCall(request, url);
    if (!call) return;
    const hasPassed = isSettled(request);
    snapshot(request);
    const { method, body } = request;
    const models = modelsOf(request, call);
    const previous = isRepeated(request) ? this.#decided.get(options) : undefined;
    const requested = this.#rerouted.get(request);
    const { chosen, decision } = await this.#enforce({ call, models, previous, requested, isSettled: hasPassed });
    this.#decided.set(options, decision);
    const hasChanged = request.body !== body || request.method !== method;
    if (hasChanged) await this.#refuse(call.action, 'The request changed while it was judged.');
    const isElsewhere = requested !== undefined && chosen !== call.deployment;
    if (isElsewhere) await this.#refuse(call.action, 'The policy changed while the request was routed.');
    settle(request, chosen !== undefined && 'inBody' in models ? withModel(models.inBody, chosen) : body);
  }

  async #enforce({ call, models, previous, requested, ...rest }: ModelsToEnforce): Promise<Enforced> {
    const { cz, context, fallback } = this.#options;
    const { action } = call;
    const attempt = previous === undefined ? {} : { previous };
    if ('fault' in models) {
      const { decision } = await cz.enforceFirst([undeterminedRequest(action, models.fault, context)], attempt);
      return { decision, chosen: undefined };
    }
    const named = [requested ?? models.model, ...models.others].map((model) => this.#request(action, model));
    const asked = await this.#firstDenied(named);
    const isExchangeable = models.inBody !== undefined || (requested !== undefined && models.others.length === 0);
    const fallbacks = isExchangeable && !rest.isSettled ? fallback.map((model) => this.#request(action, model)) : [];
    const { index, decision } = await cz.enforceFirst([...asked, ...fallbacks], attempt);
    return { decision, chosen: index === 0 ? undefined : fallback[index - 1] };
  }

  // Every model the provider may pick has to be allowed; the first that is not stands for the call.
  async #firstDenied(named: readonly PolicyRequest[]): Promise<readonly PolicyRequest[]> {
    if (named.length === 1) return named;
    await this.#ready();
    const denied = named.find((request) => !this.#options.cz.explain(request).decision.allowed);
    return denied === undefined ? named.slice(0, 1) : [denied];
  }

  // explain() answers from the policy that is active. Without one nothing is allowed, and enforceFirst() says why.
  async #ready(): Promise<void> {
    await this.#options.cz.initialize().catch(() => undefined);
  }

  #request(action: ModelAction, id: string): PolicyRequest {
    const { context, modelAliases } = this.#options;
    const model = modelAliases.get(id);
    const named = model === undefined ? { model: id } : { model, aliases: [id] };
    return modelRequest({ action, ...named, ...(context !== undefined && { context }) });
  }

  async #refuse(action: ModelAction, fault: string): Promise<void> {
    const { cz, context } = this.#options;
    await cz.enforce(undeterminedRequest(action, fault, context));
  }
}
