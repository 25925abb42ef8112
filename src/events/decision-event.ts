import type { Decision } from '../policy/decision.ts';

/** How decisions take effect: `enforce` throws on a denial, `shadow` only reports it. */
export type Mode = 'enforce' | 'shadow';

/** One decision that was made about one call. It never holds prompts, completions or the rest of the context. */
export interface DecisionEvent {
  readonly type: 'decision-made';
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly action: string;
  /** The resource that the decision is about: with a fallback, the one that serves the call. */
  readonly resource: string;
  readonly agentId?: string;
  readonly decision: Decision;
  readonly mode: Mode;
  /** False when a denial was only reported, in shadow mode. */
  readonly enforced: boolean;
  /** Set when a fallback serves a call that was denied: what was asked for, and the denial. */
  readonly fallback?: { readonly requested: string; readonly denied: Decision };
}
