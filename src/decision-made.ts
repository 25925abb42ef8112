import type { ClientSecrets } from './client-secrets.ts';
import type { DecisionEvent, Mode } from './events/decision-event.ts';
import type { Judgement } from './judge.ts';
import { describeJudgement } from './judge.ts';

/** A decision, and what the event about it is made from. */
export interface MadeDecision {
  readonly judgement: Judgement;
  /** The denial that this decision is a fallback for. */
  readonly denied: Judgement | undefined;
  readonly mode: Mode;
  readonly secrets: ClientSecrets;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** The event about a decision, without any secret that somebody put into a name. */
export function decisionMade({ judgement, denied, mode, secrets, at }: MadeDecision): DecisionEvent {
  const { decision } = judgement;
  return Object.freeze({
    type: 'decision-made',
    at,
    ...secrets.redactNames(describeJudgement(judgement)),
    decision,
    mode,
    enforced: decision.allowed || mode === 'enforce',
    ...(denied && {
      fallback: { requested: secrets.redact(describeJudgement(denied).resource), denied: denied.decision },
    }),
  });
}
