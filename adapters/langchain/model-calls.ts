import type { Gate } from '../../src/index.ts';
import type { CallView } from './call-view.ts';
import { viewFor, viewOfGate } from './call-view.ts';
import { ambientConfig, claimedAgent } from './claimed-agent.ts';
import { fieldsOf } from './fields.ts';
import { GovernedCall } from './governed-call.ts';
import type { Named } from './named-models.ts';
import { readCall, readStart } from './named-models.ts';
import { isPinned, pinsOf } from './pins.ts';

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

/**
 * Where a call is judged once more: as the finished request, when it is sent by another method of the same
 * class that gets it; inside, when the method only chooses the model inside that does the work.
 */
export type SeenAgain = 'never' | 'as request' | 'inside';

/** A model, and what it is called with. */
export interface CallToLookAt {
  readonly model: object;
  readonly options: CallOptions;
  readonly isStream: boolean;
  readonly seenAgain: SeenAgain;
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
    return (
      (options[this.#key] as GovernedCall | undefined) ?? this.viewed(model)?.call ?? this.start(model, ambientConfig())
    );
  }

  /** What a model is a view of, if it is one. */
  viewed(model: object): CallView | undefined {
    return viewOfGate(model, this.#key);
  }

  /** The call that the options of a finished request belong to. */
  sent(requestOptions: unknown): GovernedCall | undefined {
    return (fieldsOf(requestOptions) as CallOptions)[this.#key] as GovernedCall | undefined;
  }

  /** Options that carry a call to a model inside, and with its request further: then it needs no view. */
  carryInside(options: CallOptions, call: GovernedCall): CallOptions {
    const carried = { [this.#key]: call };
    return { ...options, ...carried, options: { ...fieldsOf(options['options']), ...carried } };
  }

  /** What a method is called on whose call is judged again. */
  handOn(model: object, options: CallOptions, call: GovernedCall): object {
    return this.sent(options['options']) === call ? model : viewFor({ target: model, key: this.#key, call });
  }

  /** A view of a model for one call, and what the model names while it is called on that. */
  look({ model, options, isStream, seenAgain }: CallToLookAt, call: GovernedCall): CallInView {
    const named = this.named(model, options, isStream);
    if (seenAgain !== 'never') return { view: this.handOn(model, options, call), named };
    const pins = pinsOf(model);
    const view = viewFor({ target: model, key: this.#key, call }, { pins });
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
