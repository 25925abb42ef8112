import type { Context, Decision, Gate, GatedCall, ModelAction } from '../../src/index.ts';
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
  /** Models that may serve the call instead. */
  readonly fallback?: readonly Model[];
}

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

const NO_MODELS: readonly never[] = [];

function nameModels(id: unknown, { others, fault }: Omit<ReadParams, 'params'>): GatedCall['named'] {
  if (fault !== undefined) return { fault };
  if (typeof id !== 'string') return { fault: 'The model has no id that is a string.' };
  return { model: id, others };
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
   * Lets a call pass, or names the model that serves it instead, or throws. One event is recorded for all
   * attempts of a call that get the same answer.
   *
   * @throws {PolicyDeniedError} `ERR_CZ_POLICY_DENIED`
   * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE`
   */
  async pass<Model extends NamedModel>(call: ModelCall<Model>): Promise<PassedModelCall<Model>> {
    const read = readParams(call.params);
    const { action, model, fallback = NO_MODELS } = call;
    const id = model.modelId;
    const attempt = { modelId: id, claimed: read.claimed, params: read.params };
    const ids = fallback.map(({ modelId }) => String(modelId));
    const passed = await this.gate.enforce({
      action,
      named: nameModels(id, read),
      metadata: this.#heard(read),
      previous: this.#attempts.isEmpty ? undefined : await this.#attempts.take(attempt),
      // What the options name would come along to another model.
      isExchangeable: read.others.length === 0,
      fallback: ids,
    });
    const { decision } = passed;
    const chosen = passed.fallback === undefined ? model : (fallback[ids.indexOf(passed.fallback)] ?? model);
    return { action, model: chosen, id: passed.fallback ?? id, params: read.params, attempt, decision };
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
  async preflight({ action, model, fallback = [] }: Omit<ModelCall<NamedModel>, 'params'>): Promise<void> {
    await this.gate.preflight({
      action,
      named: nameModels(model.modelId, { claimed: undefined, others: [] }),
      fallback: fallback.map((candidate) => String(candidate.modelId)),
    });
  }

  /**
   * Sends what has passed, if the model is still the one that was judged, and remembers it if the framework
   * is going to try again.
   *
   * @throws {PolicyDeniedError} `ERR_CZ_POLICY_DENIED`
   */
  async send<Answer>(passed: PassedModelCall, send: () => PromiseLike<Answer>): Promise<Answer> {
    const { action, model, id, attempt, decision } = passed;
    if (model.modelId !== id)
      await this.gate.enforce({ action, named: { fault: 'The model changed after it was judged.' } });
    try {
      return await sendJudged(typeof id === 'string' ? [id] : undefined, send);
    } catch (error) {
      await this.#attempts.note(attempt, decision, error);
      throw error;
    }
  }

  // What a call claims about itself, where that counts.
  #heard({ claimed }: Pick<ReadParams, 'claimed'>): Context | undefined {
    return this.#trustMetadata ? claimed : undefined;
  }
}
