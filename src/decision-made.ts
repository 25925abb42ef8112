import type { ClientSecrets } from './client-secrets.ts';
import { decisionId } from './decision-id.ts';
import type { DecisionEvent, Mode, TraceContext } from './events/decision-event.ts';
import type { Judgement } from './judge.ts';
import { describeJudgement } from './judge.ts';

/** A decision, and what the event about it is made from. */
export interface MadeDecision {
  readonly judgement: Judgement;
  /** The denial that this decision is a fallback for. */
  readonly denied: Judgement | undefined;
  readonly adapter: string | undefined;
  readonly mode: Mode;
  readonly secrets: ClientSecrets;
  readonly trace: TraceContext | undefined;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly latencyMs: number;
}

type Draft = { -readonly [Key in keyof DecisionEvent]: DecisionEvent[Key] };

/** The event about a decision, without any secret that somebody put into a name. */
export function decisionMade(made: MadeDecision): DecisionEvent {
  const { judgement, denied, adapter, mode, secrets, trace, at, latencyMs } = made;
  const { decision } = judgement;
  const { action, resource, agentId } = secrets.redactNames(describeJudgement(judgement));
  const event: Draft = {
    type: 'decision-made',
    id: decisionId(),
    at,
    action,
    resource,
    decision,
    latencyMs,
    mode,
    enforced: decision.allowed || mode === 'enforce',
  };
  // Spreads of what may be missing cost more than the decision.
  if (agentId !== undefined) event.agentId = agentId;
  if (adapter !== undefined) event.adapter = adapter;
  if (trace !== undefined) event.trace = trace;
  if (denied !== undefined)
    event.fallback = { requested: secrets.redact(describeJudgement(denied).resource), denied: denied.decision };
  return Object.freeze(event);
}
