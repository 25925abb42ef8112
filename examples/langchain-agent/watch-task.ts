import type { ControlZero, DecisionEvent } from '@controlzero/sdk';
import { findPolicyDenied } from '@controlzero/sdk';

import type { Provider } from '../support/provider.ts';
import type { DecisionRow, TaskReport } from './report.ts';

/** Something an agent is asked to do. */
export interface Task {
  readonly scene: string;
  readonly title: string;
  /** Gives the answer. A denial that ends the task is a rejection. */
  readonly run: () => Promise<string>;
}

/** What a task is watched with. */
export interface Watch {
  readonly cz: ControlZero;
  readonly provider: Provider;
}

function describe({ agentId, action, resource, decision }: DecisionEvent): DecisionRow {
  return {
    agent: agentId ?? '-',
    action,
    resource,
    decision: decision.effect,
    rule: String(decision.rule ?? '-'),
    reason: decision.reasonCode,
  };
}

/** Runs a task and reports the decisions that were made and the requests that reached the provider. */
export async function watchTask({ cz, provider }: Watch, { scene, title, run }: Task): Promise<TaskReport> {
  const before = provider.requests();
  const decisions: DecisionRow[] = [];
  const stop = cz.onDecision((event) => decisions.push(describe(event)));
  const result = await run().then(
    (outcome) => ({ outcome, isDenied: false }),
    (error: unknown) => {
      // The langchain package wraps what its agents throw.
      const denial = findPolicyDenied(error);
      if (!denial) throw error;
      return { outcome: denial.message, isDenied: true };
    },
  );
  await cz.flush();
  stop();
  return { scene, task: title, decisions, requests: provider.requests() - before, ...result };
}
