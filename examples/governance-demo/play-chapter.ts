import { setTimeout } from 'node:timers/promises';

import type { ControlZero, DecisionEvent } from '@controlzero/sdk';
import { findPolicyDenied, init } from '@controlzero/sdk';

import type { Provider } from '../support/provider.ts';
import type { Call, Driver } from './driver.ts';
import { hostedHome, localHome } from './policy-home.ts';
import type { PolicyHome } from './policy-home.ts';
import type { Report, Row } from './report.ts';
import type { Chapter, SceneCall } from './scenes.ts';

/** What a chapter is played with. */
export interface Stage {
  readonly driver: Driver;
  readonly provider: Provider;
  readonly report: Report;
  /** Whether the policies are on a control plane. */
  readonly isHosted: boolean;
}

function describe({ decision, fallback, resource }: DecisionEvent): Omit<Row, 'agent' | 'requests'> {
  const models = [fallback?.requested, resource]
    .filter((name) => name !== undefined)
    .map((name) => name.replace('model/', ''));
  return {
    model: models.join(' -> '),
    decision: decision.effect,
    rule: String(decision.rule ?? '-'),
    reason: decision.reasonCode,
  };
}

// True when the call was served, false when it was denied. Nothing but what happened goes into the report.
async function playCall({ driver, provider, report }: Stage, cz: ControlZero, call: Call): Promise<boolean> {
  const before = provider.requests();
  const events: DecisionEvent[] = [];
  const stop = cz.onDecision((event) => events.push(event));
  const isServed = await driver.send({ ...call, cz, target: provider.target }).then(
    () => true,
    (error: unknown) => {
      if (findPolicyDenied(error)) return false;
      throw error;
    },
  );
  await cz.flush();
  stop();
  const requests = provider.requests() - before;
  for (const event of events) report.row({ agent: event.agentId ?? '-', ...describe(event), requests });
  return isServed;
}

async function playCalls(stage: Stage, cz: ControlZero, calls: readonly SceneCall[]): Promise<void> {
  for (const { onDenied, ...call } of calls) {
    const isServed = await playCall(stage, cz, call);
    if (!isServed && onDenied) await playCall(stage, cz, onDenied);
  }
}

// The client notices by itself. It keeps no process alive for that, so the wait has to.
async function editPolicy(cz: ControlZero, home: PolicyHome, text: string): Promise<void> {
  const before = cz.status().policy?.revision;
  await home.edit(text);
  while (cz.status().policy?.revision === before) await setTimeout(20);
}

/** Makes the calls of a chapter through one adapter and reports each of them. */
export async function playChapter(stage: Stage, { policy, scenes }: Chapter): Promise<void> {
  const home = await (stage.isHosted ? hostedHome(policy) : localHome(policy));
  const cz = await init(home.options);
  for (const { title, edit, calls } of scenes) {
    if (edit !== undefined) await editPolicy(cz, home, edit);
    stage.report.scene(title);
    await playCalls(stage, cz, calls);
  }
  await cz.close();
  await home.close();
}
