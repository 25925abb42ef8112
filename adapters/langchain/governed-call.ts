import type { Context, Gate, ModelAction, PassedCall } from '../../src/index.ts';
import type { Named } from './named-models.ts';

/** Whose call it is and what it does. */
export interface GovernedCallOptions {
  readonly gate: Gate;
  readonly action: ModelAction;
  readonly metadata: Context | undefined;
}

interface Answer {
  readonly named: Named;
  /** Undefined: it was denied. */
  readonly passed: PassedCall | undefined;
  readonly denial?: unknown;
}

/** What is about to go on. */
export interface Seen {
  /** What it names; undefined when that was judged before. */
  readonly named: Named | undefined;
  /** Whether another model can be put in place of the one that is named. Default: true. */
  readonly isExchangeable?: boolean;
}

function isSame(one: Named, other: Named): boolean {
  if ('fault' in one || 'fault' in other) return 'fault' in one && 'fault' in other && one.fault === other.fault;
  if (one.model !== other.model) return false;
  const [others, otherOthers] = [one.others, other.others];
  // Most calls name one model and nothing else.
  if (others === undefined || otherOthers === undefined) return others === otherOthers;
  return others.length === otherOthers.length && others.every((model, index) => model === otherOthers[index]);
}

/**
 * One call of an application, however many methods of LangChain it goes through: what it names is
 * judged once, and a denial is the same error wherever it comes out.
 */
export class GovernedCall {
  readonly #options: GovernedCallOptions;
  // Of one entry nearly always.
  readonly #answers: Answer[] = [];
  #waiting: { readonly named: Named; readonly passing: Promise<PassedCall> }[] | undefined;

  constructor(options: GovernedCallOptions) {
    this.#options = options;
  }

  /** Whether something that it names has passed: the call was let in. */
  get isUnderway(): boolean {
    for (const { passed } of this.#answers) if (passed !== undefined) return true;
    return false;
  }

  /**
   * How what is named goes ahead: judged now, unless it was judged before. Asked right before something is
   * sent. Undefined while there is no policy to judge by: then `pass` has to be awaited.
   * @throws {PolicyDeniedError} `ERR_CZ_POLICY_DENIED`
   * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE`
   */
  passNow(named: Named, isExchangeable = true): PassedCall | undefined {
    for (const known of this.#answers) {
      if (!isSame(known.named, named)) continue;
      if (known.passed === undefined) throw known.denial;
      return known.passed;
    }
    const { gate, action, metadata } = this.#options;
    try {
      const passed = gate.enforceNow({ action, named, metadata, isExchangeable });
      return passed && this.#remember(named, passed);
    } catch (error) {
      throw this.#deny(named, error);
    }
  }

  /**
   * Goes ahead with what is named, or with the fallback that stands in for it. Looks right before, and again
   * when a policy had to be waited for. Everything that goes wrong rejects.
   */
  whenPassed<Look extends Seen, Result>(
    look: () => Look,
    goAhead: (seen: Look, fallback: string | undefined) => Promise<Result>,
  ): Promise<Result> {
    // Nothing is awaited where nothing has to be: each promise more costs as much as the decision.
    try {
      const seen = look();
      const { named, isExchangeable } = seen;
      if (named === undefined) return goAhead(seen, undefined);
      const passed = this.passNow(named, isExchangeable);
      if (passed) return goAhead(seen, passed.fallback);
      return this.pass(named, isExchangeable).then(async () => this.whenPassed(look, goAhead));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Does what `passNow` does, and waits for a policy before. */
  async pass(named: Named, isExchangeable = true): Promise<PassedCall> {
    const passed = this.passNow(named, isExchangeable);
    if (passed) return passed;
    this.#waiting ??= [];
    const known = this.#waiting.find((one) => isSame(one.named, named));
    if (known) return known.passing;
    const passing = this.#judge(named, isExchangeable);
    this.#waiting.push({ named, passing });
    return passing;
  }

  /** The fallback that would serve the call at this moment. */
  likelyFallback(named: Named): string | undefined {
    const { gate, action, metadata } = this.#options;
    return gate.likelyFallback({ action, named, metadata });
  }

  async #judge(named: Named, isExchangeable: boolean): Promise<PassedCall> {
    const { gate, action, metadata } = this.#options;
    try {
      return this.#remember(named, await gate.enforce({ action, named, metadata, isExchangeable }));
    } catch (error) {
      throw this.#deny(named, error);
    }
  }

  #remember(named: Named, passed: PassedCall): PassedCall {
    this.#answers.push({ named, passed });
    // The fallback was judged with what it stands in for.
    if (passed.fallback !== undefined) {
      const { decision, fallback } = passed;
      this.#answers.push({ named: { model: fallback }, passed: { decision, fallback: undefined } });
    }
    return passed;
  }

  #deny(named: Named, denial: unknown): unknown {
    this.#answers.push({ named, passed: undefined, denial });
    return denial;
  }
}
