import type { Judgement } from './judge.ts';
import type { Decision } from './policy/decision.ts';
import type { PolicyRequest } from './policy/types.ts';

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

/** The judgement about what was asked for, and how it came about. */
export interface AskedFirst {
  readonly previous: Decision | undefined;
  readonly adapter: string | undefined;
  readonly asked: Judgement;
  readonly begunAt: number;
}

/** The first of the fallbacks, which follow what was asked for, that is allowed. */
export function firstAllowed(
  requests: readonly PolicyRequest[],
  judge: (request: PolicyRequest) => Judgement,
): { readonly index: number; readonly judgement: Judgement } | undefined {
  for (let index = 1; index < requests.length; index += 1) {
    const judgement = judge(requests[index] as PolicyRequest);
    if (judgement.decision.allowed) return { index, judgement };
  }
  return undefined;
}
