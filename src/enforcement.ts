import type { Decision } from './policy/decision.ts';

/** How a list of requests is enforced. */
export interface EnforceFirstOptions {
  /**
   * The decision about an earlier attempt of the same call. The call is judged anew, and recorded only
   * when the decision is another one.
   */
  readonly previous?: Decision;
  /** The adapter that asks, for the event. */
  readonly adapter?: string;
}

/** The request that may go ahead, and the decision about it. */
export interface Enforcement {
  /** Index into the requests that were given. */
  readonly index: number;
  readonly decision: Decision;
}
