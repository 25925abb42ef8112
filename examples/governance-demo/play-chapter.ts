import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ControlZero, DecisionEvent } from '@controlzero/sdk';
import { findPolicyDenied, init } from '@controlzero/sdk';

import type { Provider } from '../support/provider.ts';
import type { Call, Driver } from './driver.ts';
import type { Report, Row } from './report.ts';
import type { Chapter, SceneCall } from './scenes.ts';

/** What a chapter is played with. */
export interface Stage {
  readonly driver: Driver;
  readonly provider: Provider;
  readonly report: Report;
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

/** Makes the calls of a chapter through one adapter and reports each of them. */
export async function playChapter(stage: Stage, { policy, scenes }: Chapter): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'controlzero-demo-'));
  const policyFile = join(folder, 'controlzero.yaml');
  if (typeof policy === 'string') await writeFile(policyFile, policy);
  const cz = await init(typeof policy === 'string' ? { policyFile, refreshInterval: 0.2 } : { policy });
  for (const { title, edit, calls } of scenes) {
    if (edit !== undefined) {
      const activated = new Promise((resolve) => cz.onPolicy(resolve));
      await writeFile(policyFile, edit);
      await activated;
    }
    stage.report.scene(title);
    await playCalls(stage, cz, calls);
  }
  await cz.close();
  await rm(folder, { recursive: true });
}
