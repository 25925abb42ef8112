import type { Decision } from '../policy/decision.ts';

/** How decisions take effect: `enforce` throws on a denial, `shadow` only reports it. */
export type Mode = 'enforce' | 'shadow';

/** The trace that a decision belongs to, in the words of W3C Trace Context. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
}

/** One decision that was made about one call. It never holds prompts, completions or the rest of the context. */
export interface DecisionEvent {
  readonly type: 'decision-made';
  /** Identifies the decision: 32 hexadecimal digits. Its record has the same. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly action: string;
  /** The resource that the decision is about: with a fallback, the one that serves the call. */
  readonly resource: string;
  readonly agentId?: string;
  /** The adapter that asked: `openai`, `langchain`, `ai-sdk`, or what another gate calls itself. */
  readonly adapter?: string;
  readonly decision: Decision;
  /** From the first look at the request to the decision about it, in milliseconds. */
  readonly latencyMs: number;
  readonly mode: Mode;
  /** False when a denial was only reported, in shadow mode. */
  readonly enforced: boolean;
  /** Set when a fallback serves a call that was denied: what was asked for, and the denial. */
  readonly fallback?: { readonly requested: string; readonly denied: Decision };
  /** What the `traceContext` option of the client gave at that moment. */
  readonly trace?: TraceContext;
}
