const CAPACITY = 20;
const COST = 1;
const TIMEOUT_COST = 2;

/**
 * Limits how many attempts are made before their time. A success earns one, a retry costs one, after a
 * timeout two, so that in an outage clients fall back to the rate of polling.
 */
export class RetryBudget {
  #left = CAPACITY;

  get left(): number {
    return this.#left;
  }

  earn(): void {
    this.#left = Math.min(this.#left + 1, CAPACITY);
  }

  /** Takes what a retry costs; false when there is not enough left. */
  spend(afterTimeout: boolean): boolean {
    const cost = afterTimeout ? TIMEOUT_COST : COST;
    if (this.#left < cost) return false;
    this.#left -= cost;
    return true;
  }
}
