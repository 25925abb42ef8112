import type { ControlZero } from './client.ts';
import type { EnforceFirstOptions, Enforcement } from './enforcement.ts';
import type { GovernanceOptions } from './governance-options.ts';
import { checkGovernanceOptions } from './governance-options.ts';
import type { Decision } from './policy/decision.ts';
import type { ModelAction } from './policy/request.ts';
import { remember } from './policy/remember.ts';
import { modelRequest, undeterminedRequest } from './policy/request.ts';
import type { Context, PolicyRequest } from './policy/types.ts';
import { noteAsked } from './watch-gates.ts';

/** The action of a tool that an agent calls. A policy that names it asks for tools to be governed. */
export const TOOL_CALL = 'tool.call';

/** The model a call names, and every further one it may be served by. */
export interface NamedModels {
  /** The id exactly as it goes to the provider. */
  readonly model: string;
  /** What a gateway may pick instead. Each has to be allowed as well. */
  readonly others?: readonly string[];
}

/** Why the model of a call cannot be determined, as a sentence without foreign text. */
export interface UndeterminedModel {
  readonly fault: string;
}

/** One call as a gate judges it. */
export interface GatedCall {
  readonly action: ModelAction;
  readonly named: NamedModels | UndeterminedModel;
  /** What the call says about itself by the metadata of its framework. */
  readonly metadata?: Context | undefined;
  /** The decision about an earlier attempt of the same call; the same answer is not recorded again. */
  readonly previous?: Decision | undefined;
  /** Whether another model can be put in place of the one that is named. Default: true. */
  readonly isExchangeable?: boolean;
  /** Models that may serve this call, in order. Default: those of the gate. */
  readonly fallback?: readonly string[];
}

/** How a call goes ahead. */
export interface PassedCall {
  readonly decision: Decision;
  /** The fallback that serves the call; undefined when it goes ahead as it is. */
  readonly fallback: string | undefined;
}

function passedBy({ index, decision }: Enforcement, fallbacks: readonly string[]): PassedCall {
  return { decision, fallback: index === 0 ? undefined : fallbacks[index - 1] };
}

/** What a client is asked for a call. */
interface Asked {
  /** What stands for the call, then its fallbacks. */
  readonly requests: readonly PolicyRequest[];
  readonly fallbacks: readonly string[];
  readonly action: ModelAction;
  readonly isExchangeable: boolean | undefined;
}

// Whether there is more to a call than its action and the one model that it names.
function isSpecial({ named, metadata, fallback }: GatedCall): boolean {
  return Boolean('fault' in named || metadata || fallback || named.others?.length);
}

const NONE: readonly string[] = [];

/** What a gate is made from. */
export interface GateOptions {
  /** The function that an application calls, for messages: `wrapOpenAI()`. */
  readonly owner: string;
  /** The name of the adapter in decision events and records: `openai`. */
  readonly adapter?: string;
  readonly cz: ControlZero;
  readonly options: GovernanceOptions;
  /** Options of the adapter itself, which it checks on its own. */
  readonly ownOptions?: readonly string[];
}

/**
 * Decides calls for an adapter: identity, aliases, further models and fallbacks in one place, so that
 * every framework is governed alike.
 *
 * @throws {TypeError} when `cz` is no `ControlZero`, or an option is unknown or of the wrong kind
 *
 * @example
 * ```ts
 * import { init, Gate } from '@controlzero/sdk';
 *
 * const cz = await init({ policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] } });
 * const gate = new Gate({ owner: 'callMyModel()', cz, options: { agentId: 'support', fallback: ['gpt-4'] } });
 * const { fallback } = await gate.enforce({ action: 'llm.generate', named: { model: 'gpt-4-turbo' } });
 * console.log(fallback); // gpt-4
 * ```
 */
export class Gate {
  readonly cz: ControlZero;
  /** Models that may serve a denied call, in order. */
  readonly fallback: readonly string[];
  readonly #context: Context | undefined;
  readonly #aliases: ReadonlyMap<string, string> | undefined;
  readonly #asker: EnforceFirstOptions;
  // By the id of the model: an application uses few, and making the requests anew costs as much as the decision.
  readonly #remembered = new Map<string, Asked>();

  constructor({ owner, adapter, cz, options, ownOptions = [] }: GateOptions) {
    checkGovernanceOptions({ owner, cz, options, ownOptions });
    // What somebody put on the prototype of all objects is nobody's option.
    const own: GovernanceOptions = Object.assign(Object.create(null) as object, options);
    const { agentId, context, fallback = [], modelAliases = {} } = own;
    this.cz = cz;
    this.#asker = adapter === undefined ? {} : { adapter };
    this.fallback = [...fallback];
    const aliases = Object.entries(modelAliases);
    this.#aliases = aliases.length > 0 ? new Map(aliases) : undefined;
    if (agentId !== undefined) this.#context = Object.freeze({ ...context, agent_id: agentId });
    else if (context !== undefined) this.#context = Object.freeze({ ...context });
  }

  /** Waits until a policy was looked for. */
  async ready(): Promise<void> {
    await this.cz.initialize().catch(() => undefined);
  }

  /**
   * The fallback that would serve a call under the policy that is active at this moment; undefined when
   * the call would go ahead as it is, or be denied. Records nothing and decides nothing.
   */
  likelyFallback(call: GatedCall): string | undefined {
    const fallback = this.#fallbackOf(call);
    if (fallback.length === 0 || this.#isPassable(call)) return undefined;
    return fallback.find((model) => this.#allows(call, model));
  }

  /**
   * Asks whether a call would pass, before it is made. A call that would is recorded when it is made; a
   * denial is recorded here, because then it never is.
   *
   * @throws {PolicyDeniedError} `ERR_CZ_POLICY_DENIED`
   * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE`
   */
  async preflight(call: GatedCall): Promise<void> {
    await this.ready();
    if (!this.#isPassable(call) && this.likelyFallback(call) === undefined) await this.enforce(call);
  }

  /**
   * Lets a call pass, or names the fallback that serves it, or throws. One event is recorded.
   *
   * @throws {PolicyDeniedError} `ERR_CZ_POLICY_DENIED`
   * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE`
   */
  async enforce(call: GatedCall): Promise<PassedCall> {
    noteAsked();
    if ('others' in call.named) await this.ready();
    const { requests, fallbacks } = this.#asked(call);
    const enforcing = this.cz.enforceFirst(requests, this.#attempt(call));
    return enforcing.then((enforcement) => passedBy(enforcement, fallbacks));
  }

  /**
   * Does what `enforce` does, at once when a policy is active. For adapters, so that a decision that is
   * already there is not awaited.
   *
   * @returns undefined while there is no policy yet: nothing was decided, and `enforce` has to be awaited
   * @throws {PolicyDeniedError} `ERR_CZ_POLICY_DENIED`
   * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE` when the client is closed
   *
   * @example
   * ```ts
   * import type { GatedCall, PassedCall } from '@controlzero/sdk';
   * import { Gate } from '@controlzero/sdk';
   *
   * export async function pass(gate: Gate, call: GatedCall): Promise<PassedCall> {
   *   return gate.enforceNow(call) ?? (await gate.enforce(call));
   * }
   * ```
   */
  enforceNow(call: GatedCall): PassedCall | undefined {
    noteAsked();
    const { requests, fallbacks } = this.#asked(call);
    const enforcement = this.cz.enforceFirstNow(requests, this.#attempt(call));
    return enforcement && passedBy(enforcement, fallbacks);
  }

  /**
   * Lets a call of a tool pass, as `tool.call` on `tool/<name>`, or throws. One event is recorded.
   *
   * @throws {PolicyDeniedError} `ERR_CZ_POLICY_DENIED`
   * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE`
   */
  async enforceTool(name: string, metadata?: Context): Promise<Decision> {
    const request = { action: TOOL_CALL, resource: `tool/${name}`, ...this.#identity(metadata) };
    const { decision } = await this.cz.enforceFirst([request], this.#asker);
    return decision;
  }

  #attempt({ previous }: GatedCall): EnforceFirstOptions {
    return previous === undefined ? this.#asker : { ...this.#asker, previous };
  }

  #asked(call: GatedCall): Asked {
    if (isSpecial(call)) return this.#askAnew(call);
    const { action, isExchangeable } = call;
    const { model } = call.named as NamedModels;
    const known = this.#remembered.get(model);
    if (known?.action === action && known.isExchangeable === isExchangeable) return known;
    const asked = this.#askAnew(call);
    if (known === undefined) remember(this.#remembered, model, asked);
    return asked;
  }

  #askAnew(call: GatedCall): Asked {
    const { action, isExchangeable } = call;
    const fallbacks = this.#fallbackOf(call);
    const first = this.#first(call);
    const requests =
      fallbacks.length === 0 ? [first] : [first, ...fallbacks.map((model) => this.#request(call, model))];
    return { requests, fallbacks, action, isExchangeable };
  }

  // What stands for the call itself.
  #first(call: GatedCall): PolicyRequest {
    const { action, named, metadata } = call;
    if ('fault' in named) return { ...undeterminedRequest(action, named.fault), ...this.#identity(metadata) };
    const denied = named.others?.length ? this.#firstDenied(call, named) : undefined;
    return this.#request(call, denied ?? named.model);
  }

  // Every model that may serve the call has to be allowed; the first that is not stands for it.
  #firstDenied(call: GatedCall, { model, others = [] }: NamedModels): string | undefined {
    return [model, ...others].find((id) => !this.#allows(call, id));
  }

  #fallbackOf({ named, isExchangeable = true, fallback = this.fallback }: GatedCall): readonly string[] {
    return isExchangeable && !('fault' in named) ? fallback : NONE;
  }

  // Whether a call would go ahead as it is.
  #isPassable(call: GatedCall): boolean {
    const { named } = call;
    if (this.cz.mode === 'shadow') return true;
    if ('fault' in named) return false;
    return this.#firstDenied(call, named) === undefined;
  }

  #allows(call: GatedCall, model: string): boolean {
    return this.cz.preview(this.#request(call, model)).allowed;
  }

  #request({ action, metadata }: Pick<GatedCall, 'action' | 'metadata'>, id: string): PolicyRequest {
    const model = this.#aliases?.get(id);
    const aliases = model === undefined ? undefined : [id];
    return modelRequest({ action, model: model ?? id, context: this.#context, metadata, aliases });
  }

  #identity(metadata: Context | undefined): Pick<PolicyRequest, 'context' | 'metadata'> {
    return {
      ...(this.#context !== undefined && { context: this.#context }),
      ...(metadata !== undefined && { metadata }),
    };
  }
}
