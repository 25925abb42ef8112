import type { Context, ModelAction, Gate, PassedCall } from '../../src/index.ts';
import type { Named } from './named-models.ts';

/** Whose call it is and what it does. */
export interface GovernedCallOptions {
  readonly gate: Gate;
  readonly action: ModelAction;
  readonly metadata: Context | undefined;
}

// Most calls name one model and nothing else. No JSON begins with that sign.
function keyOf(named: Named): string {
  if (!('fault' in named) && named.others === undefined) return `=${named.model}`;
  return JSON.stringify('fault' in named ? [null, named.fault] : [named.model, ...(named.others ?? [])]);
}

/**
 * One call of an application, however many methods of LangChain it goes through: what it names is
 * judged once, and a denial is the same error wherever it comes out.
 */
export class GovernedCall {
  readonly #options: GovernedCallOptions;
  readonly #passed = new Map<string, PassedCall>();
  readonly #judged = new Map<string, Promise<PassedCall>>();

  constructor(options: GovernedCallOptions) {
    this.#options = options;
  }

  /** How what is named goes ahead, if that was decided already. Asked right before something is sent. */
  passed(named: Named): PassedCall | undefined {
    return this.#passed.get(keyOf(named));
  }

  /**
   * Judges what is named, unless it was judged before.
   * @throws {PolicyDeniedError} `ERR_CZ_POLICY_DENIED`
   * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE`
   */
  async pass(named: Named, isExchangeable = true): Promise<PassedCall> {
    const key = keyOf(named);
    const judged = this.#judged.get(key) ?? this.#judge(named, isExchangeable);
    this.#judged.set(key, judged);
    const passed = await judged;
    this.#passed.set(key, passed);
    // The fallback was judged with what it stands in for.
    if (passed.fallback !== undefined)
      this.#passed.set(keyOf({ model: passed.fallback }), { decision: passed.decision, fallback: undefined });
    return passed;
  }

  /** The fallback that would serve the call at this moment. */
  likelyFallback(named: Named): string | undefined {
    const { gate, action, metadata } = this.#options;
    return gate.likelyFallback({ action, named, metadata });
  }

  async #judge(named: Named, isExchangeable: boolean): Promise<PassedCall> {
    const { gate, action, metadata } = this.#options;
    return gate.enforce({ action, named, metadata, isExchangeable });
  }
}
