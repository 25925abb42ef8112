const MOST_UNITS = 50_000_000;

/**
 * How much an analysis may do. It is counted and not timed, so the same policies give the same result on
 * every machine.
 */
export class Effort {
  /** How many pairs of rules an index came up with. */
  looks = 0;
  /** How many of them were compared by what they match. */
  comparisons = 0;
  /** False when something was left out. */
  isComplete = true;
  #left: number;

  /** @param units how many places of patterns may be visited, and rules tried; the default takes some ten seconds */
  constructor(units: number = MOST_UNITS) {
    this.#left = units;
  }

  /** Takes what some work costs; false: there is not so much left, and the work has to be left out. */
  spend(units: number): boolean {
    this.#left -= units;
    if (this.#left < 0) this.isComplete = false;
    return this.#left >= 0;
  }

  /** Whether nothing is left to do more with. */
  get isSpent(): boolean {
    return this.#left < 0;
  }

  /** Notes that something was left out. */
  leaveOut(): void {
    this.isComplete = false;
  }
}
