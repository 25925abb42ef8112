import type { Gate } from '../../src/index.ts';
import { callOfView, isPinned, pinsOf, thinViewFor, viewFor } from './call-view.ts';
import { ambientConfig, claimedAgent } from './claimed-agent.ts';
import { GovernedCall } from './governed-call.ts';
import type { Named } from './named-models.ts';
import { readCall, readStart } from './named-models.ts';

/** Call options as LangChain hands them from method to method. */
export type CallOptions = Readonly<Record<PropertyKey, unknown>>;

/** How models are judged. */
export interface ModelCallsOptions {
  readonly gate: Gate;
  /** The id of models that do not name themselves. */
  readonly modelId: string | undefined;
  /** Whether metadata that arrives with a call may name the agent. */
  readonly trustMetadata: boolean;
}

/** A model, and what it is called with. */
export interface CallToLookAt {
  readonly model: object;
  readonly options: CallOptions;
  readonly isStream: boolean;
  /** Whether the finished request is judged as well. */
  readonly isSeenAgain: boolean;
}

/** A model as one call sees it. */
export interface CallInView {
  readonly view: object;
  readonly named: Named;
}

/** The calls of the models behind one gate. */
export class ModelCalls {
  readonly gate: Gate;
  readonly #modelId: string | undefined;
  readonly #trustMetadata: boolean;
  // Under this key call options and views carry the call from one method to the next. Copies of options keep it.
  readonly #key: symbol = Symbol('controlzero.call');

  constructor({ gate, modelId, trustMetadata }: ModelCallsOptions) {
    this.gate = gate;
    this.#modelId = modelId;
    this.#trustMetadata = trustMetadata;
  }

  /** A new call, with the configuration that arrived with it. */
  start(model: object, config: unknown): GovernedCall {
    const agent = claimedAgent({ callee: model, config: this.#trustMetadata ? config : undefined });
    return new GovernedCall({ gate: this.gate, action: 'llm.generate', metadata: agent });
  }

  /** The call that these options belong to. An inner method that was called directly is a call of its own. */
  find(model: object, options: CallOptions): GovernedCall {
    return (options[this.#key] as GovernedCall | undefined) ?? this.viewed(model) ?? this.start(model, ambientConfig());
  }

  /** The call that a view of a model belongs to. */
  viewed(model: object): GovernedCall | undefined {
    return callOfView(model, this.#key);
  }

  /** A view of a model that sends finished requests, which are judged then. */
  handOn(model: object, call: GovernedCall): object {
    return thinViewFor(model, this.#key, call);
  }

  /** A view of a model for one call, and what the model names while it is called on that. */
  look({ model, options, isStream, isSeenAgain }: CallToLookAt, call: GovernedCall): CallInView {
    const named = this.named(model, options, isStream);
    if (isSeenAgain) return { view: this.handOn(model, call), named };
    const pins = pinsOf(model);
    const view = viewFor({ target: model, key: this.#key, call, pins });
    // What names it in another way, or in more than one, is read again where it cannot change any more.
    return { view, named: isPinned(pins, named) ? named : this.named(view, options, isStream) };
  }

  /** Options that carry a call further. */
  carry(options: CallOptions, call: GovernedCall): CallOptions {
    return options[this.#key] === call ? options : { ...options, [this.#key]: call };
  }

  /** What a model would name in its request. */
  named(model: object, options: CallOptions, isStream: boolean): Named {
    return readCall({ model, options, isStream, modelId: this.#modelId });
  }

  /** What a model that starts is going to name, as far as a callback handler can know. */
  started(serialized: unknown, extraParams: unknown): Named {
    return readStart({ serialized, extraParams, modelId: this.#modelId });
  }
}
