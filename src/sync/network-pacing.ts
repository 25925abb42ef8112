import type { AttemptOutcome, Pace, Pacing } from '../sources/source.ts';
import { failureDelayMs, firstPollDelayMs, pollDelayMs, regimeAfter } from './back-off.ts';
import type { Clock } from './clock.ts';
import { spreadRetryAfterMs } from './retry-after.ts';
import { RetryBudget } from './retry-budget.ts';

const HEALTHY_AFTER_MS = 60_000;
const HEALTHY_SUCCESSES = 2;

/** What a pacing is made of. */
export interface NetworkPacingOptions {
  /** Milliseconds between two polls; 0 = none. */
  readonly intervalMs: number;
  readonly clock: Clock;
}

/**
 * The pace of a source that many clients ask over a network: polls with jitter, growing delays after
 * failures, and rare attempts after failures that time alone does not mend. It never gives up.
 */
export class NetworkPacing implements Pacing {
  readonly #options: NetworkPacingOptions;
  readonly #budget = new RetryBudget();
  #failures = 0;
  #successes = 0;
  #healthySince = 0;

  constructor(options: NetworkPacingOptions) {
    this.#options = options;
  }

  next({ failure }: AttemptOutcome): Pace {
    return failure ? this.#afterFailure(failure) : this.#afterSuccess();
  }

  #afterSuccess(): Pace {
    const { intervalMs, clock } = this.#options;
    const isFirst = this.#successes === 0 && this.#failures === 0;
    this.#budget.earn();
    if (this.#successes === 0) this.#healthySince = clock.elapsed();
    this.#successes += 1;
    const delay = isFirst ? firstPollDelayMs : pollDelayMs;
    return { delayMs: delay(intervalMs, clock.random()), regime: 'normal' };
  }

  #afterFailure(failure: NonNullable<AttemptOutcome['failure']>): Pace {
    const { intervalMs, clock } = this.#options;
    // One success amid failures is no recovery: the delays go on growing from where they were.
    if (this.#isHealthy()) this.#failures = 0;
    this.#successes = 0;
    this.#failures += 1;
    const regime = regimeAfter(failure);
    const { retryAfterMs = 0, kind } = failure;
    const asked = spreadRetryAfterMs(retryAfterMs, clock.random());
    const delayMs = Math.max(failureDelayMs(regime, this.#failures, clock.random()), asked);
    if (delayMs >= intervalMs || this.#budget.spend(kind === 'timeout')) return { delayMs, regime };
    return { delayMs: Math.max(delayMs, pollDelayMs(intervalMs, clock.random())), regime };
  }

  #isHealthy(): boolean {
    if (this.#successes >= HEALTHY_SUCCESSES) return true;
    return this.#successes > 0 && this.#options.clock.elapsed() - this.#healthySince >= HEALTHY_AFTER_MS;
  }
}
