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

/** The event about a decision, without any secret that somebody put into a name. */
export function decisionMade(made: MadeDecision): DecisionEvent {
  const { judgement, denied, adapter, mode, secrets, trace, at, latencyMs } = made;
  const { decision } = judgement;
  // By no assignment and no look at what may be missing: somebody may have put it on all objects.
  return Object.freeze({
    type: 'decision-made',
    id: decisionId(),
    at,
    ...secrets.redactNames(describeJudgement(judgement)),
    ...(adapter !== undefined && { adapter }),
    decision,
    latencyMs,
    mode,
    enforced: decision.allowed || mode === 'enforce',
    ...(denied && {
      fallback: { requested: secrets.redact(describeJudgement(denied).resource), denied: denied.decision },
    }),
    ...(trace && { trace }),
  });
}
