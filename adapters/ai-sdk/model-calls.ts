import type { Context, Decision, Gate, GatedCall, ModelAction, PassedCall } from '../../src/index.ts';
import { sendJudged } from '../../src/index.ts';
import type { ReadParams } from './call-params.ts';
import { readParams } from './call-params.ts';
import type { Attempt } from './failed-attempts.ts';
import { FailedAttempts } from './failed-attempts.ts';

/** What names a model. */
export interface NamedModel {
  readonly modelId: unknown;
}

/** One call of a model. */
export interface ModelCall<Model extends NamedModel> {
  readonly model: Model;
  readonly action: ModelAction;
  /** Call options, as the framework gives them to the model. */
  readonly params: unknown;
  /** Models that may serve the call instead, found when they are needed. */
  readonly fallback?: () => readonly Model[];
}

/** What makes a model run. */
type Send<Model extends NamedModel, Answer> = (model: Model, params: object) => PromiseLike<Answer>;

/** How a call goes ahead. */
export interface PassedModelCall<Model extends NamedModel = NamedModel> {
  readonly action: ModelAction;
  /** The model that serves the call. */
  readonly model: Model;
  /** The id of it that was judged. */
  readonly id: unknown;
  /** What it gets. */
  readonly params: object;
  readonly attempt: Attempt;
  readonly decision: Decision;
}

// What the gate is asked, and what it takes to go on from there.
interface AskedCall<Model extends NamedModel> extends GatedCall, Attempt {
  readonly model: Model;
  readonly candidates: readonly Model[];
  readonly fallback: readonly string[];
}

const NO_MODELS = (): readonly never[] => [];
const NO_IDS: readonly string[] = [];
const NEXT_TURN = Promise.resolve();

function nameModels(id: unknown, { others, fault }: Omit<ReadParams, 'params'>): GatedCall['named'] {
  if (fault !== undefined) return { fault };
  if (typeof id !== 'string') return { fault: 'The model has no id that is a string.' };
  return { model: id, others };
}

function idsOf(models: readonly NamedModel[]): readonly string[] {
  return models.length === 0 ? NO_IDS : models.map(({ modelId }) => String(modelId));
}

function passedCall<Model extends NamedModel>(asked: AskedCall<Model>, passed: PassedCall): PassedModelCall<Model> {
  const { action, model, modelId, params, candidates } = asked;
  const { decision, fallback } = passed;
  const chosen = fallback === undefined ? undefined : candidates[asked.fallback.indexOf(fallback)];
  return { action, model: chosen ?? model, id: fallback ?? modelId, params, attempt: asked, decision };
}

function sendPassed<Model extends NamedModel, Answer>(
  { model, id, params }: PassedModelCall<Model>,
  send: Send<Model, Answer>,
): PromiseLike<Answer> {
  return sendJudged(typeof id === 'string' ? [id] : undefined, () => send(model, params));
}

/** The calls of the models behind one gate. */
export class ModelCalls {
  readonly gate: Gate;
  readonly #trustMetadata: boolean;
  readonly #attempts = new FailedAttempts();

  constructor(gate: Gate, trustMetadata: boolean) {
    this.gate = gate;
    this.#trustMetadata = trustMetadata;
  }

  /**
   * Lets a call pass, or names the model that serves it instead, or throws; then sends it. One event is
   * recorded for all attempts of a call that get the same answer.
   *
   * @throws {PolicyDeniedError} `ERR_CZ_POLICY_DENIED`
   * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE`
   */
  async run<Model extends NamedModel, Answer>(call: ModelCall<Model>, send: Send<Model, Answer>): Promise<Answer> {
    const asked = this.#ask(call);
    // Awaiting a decision that is there already would cost more than the decision.
    const passed = this.#passNow(asked) ?? (await this.#pass(asked));
    // Many models read their id some turns after they were called; whoever changes it in this one is found out.
    await NEXT_TURN;
    try {
      return await this.#sending(passed, send);
    } catch (error) {
      throw await this.#noted(passed, error);
    }
  }

  /**
   * Lets a call pass that is sent later, by `send`.
   *
   * @throws {PolicyDeniedError} `ERR_CZ_POLICY_DENIED`
   * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE`
   */
  async pass<Model extends NamedModel>(call: ModelCall<Model>): Promise<PassedModelCall<Model>> {
    const asked = this.#ask(call);
    return this.#passNow(asked) ?? this.#pass(asked);
  }

  /**
   * Sends what has passed, if the model is still the one that was judged, and remembers it if the framework
   * is going to try again.
   *
   * @throws {PolicyDeniedError} `ERR_CZ_POLICY_DENIED`
   */
  async send<Model extends NamedModel, Answer>(
    passed: PassedModelCall<Model>,
    send: Send<Model, Answer>,
  ): Promise<Answer> {
    try {
      return await this.#sending(passed, send);
    } catch (error) {
      throw await this.#noted(passed, error);
    }
  }

  /**
   * Lets a model pass that is named by its id.
   * @throws {PolicyDeniedError} `ERR_CZ_POLICY_DENIED`
   * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE`
   */
  async passNamed(action: ModelAction, id: unknown, read: Omit<ReadParams, 'params'>): Promise<void> {
    await this.gate.enforce({ action, named: nameModels(id, read), metadata: this.#heard(read), fallback: [] });
  }

  /**
   * Asks whether a call would pass, before it is made.
   * @throws {PolicyDeniedError} `ERR_CZ_POLICY_DENIED`
   * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE`
   */
  async preflight({ action, model, fallback = NO_MODELS }: Omit<ModelCall<NamedModel>, 'params'>): Promise<void> {
    const named = nameModels(model.modelId, { claimed: undefined, others: [] });
    await this.gate.preflight({ action, named, fallback: idsOf(fallback()) });
  }

  #ask<Model extends NamedModel>({ model, action, params: given, fallback }: ModelCall<Model>): AskedCall<Model> {
    const read = readParams(given);
    const { modelId } = model;
    const candidates = (fallback ?? NO_MODELS)();
    return {
      action,
      named: nameModels(modelId, read),
      metadata: this.#heard(read),
      // What the options name would come along to another model.
      isExchangeable: read.others.length === 0,
      fallback: idsOf(candidates),
      model,
      modelId,
      candidates,
      claimed: read.claimed,
      params: read.params,
    };
  }

  #passNow<Model extends NamedModel>(asked: AskedCall<Model>): PassedModelCall<Model> | undefined {
    if (this.#attempts.mayRepeat(asked)) return undefined;
    const passed = this.gate.enforceNow(asked);
    return passed && passedCall(asked, passed);
  }

  async #pass<Model extends NamedModel>(asked: AskedCall<Model>): Promise<PassedModelCall<Model>> {
    const previous = await this.#attempts.take(asked);
    return passedCall(asked, await this.gate.enforce({ ...asked, previous }));
  }

  #sending<Model extends NamedModel, Answer>(
    passed: PassedModelCall<Model>,
    send: Send<Model, Answer>,
  ): PromiseLike<Answer> {
    return passed.model.modelId === passed.id ? sendPassed(passed, send) : this.#sendChanged(passed, send);
  }

  async #sendChanged<Model extends NamedModel, Answer>(
    passed: PassedModelCall<Model>,
    send: Send<Model, Answer>,
  ): Promise<Answer> {
    const { action } = passed;
    await this.gate.enforce({ action, named: { fault: 'The model changed after it was judged.' } });
    return sendPassed(passed, send);
  }

  async #noted({ attempt, decision }: PassedModelCall, error: unknown): Promise<unknown> {
    await this.#attempts.note(attempt, decision, error);
    return error;
  }

  // What a call claims about itself, where that counts.
  #heard({ claimed }: Pick<ReadParams, 'claimed'>): Context | undefined {
    return this.#trustMetadata ? claimed : undefined;
  }
}
