// One policy on a control plane, three adapters that run: an edit there reaches all of them, without a restart.
// `node examples/hosted-policy/hosted-policy.ts`, or with `--json`. The control plane runs on this machine.
import { setTimeout } from 'node:timers/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Policy } from '@controlzero/sdk';
import { findPolicyDenied, init } from '@controlzero/sdk';
import { startTestControlPlane } from '@controlzero/sdk/testing';

import { drivers } from '../governance-demo/drivers.ts';
import { chooseProvider } from '../support/provider.ts';

/** What became of one call. */
interface Row {
  readonly policy: string;
  readonly adapter: string;
  readonly model: string;
  readonly outcome: 'served' | 'denied';
  readonly requests: number;
}

const MODELS = ['gpt-4', 'gpt-3.5-turbo'];

function allowOnly(model: string): Policy {
  return {
    name: 'models',
    rules: [{ id: model, effect: 'allow', action: 'llm.generate', resource: `model/${model}` }],
  };
}

const provider = await chooseProvider();
const plane = await startTestControlPlane({ policy: allowOnly('gpt-4') });
const cacheDir = await mkdtemp(join(tmpdir(), 'controlzero-hosted-'));
// An application leaves both out: CONTROLZERO_API_KEY says all that init() has to know.
const cz = await init({ apiKey: plane.apiKey, baseUrl: plane.url, cacheDir });

async function callAll(policy: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (const driver of drivers) {
    for (const model of MODELS) {
      const before = provider.requests();
      const outcome = await driver.send({ cz, target: provider.target, model }).then(
        () => 'served' as const,
        (error: unknown) => {
          if (findPolicyDenied(error)) return 'denied' as const;
          throw error;
        },
      );
      rows.push({ policy, adapter: driver.name, model, outcome, requests: provider.requests() - before });
    }
  }
  return rows;
}

const before = await callAll('before the edit');
const revision = cz.status().policy?.revision;
await plane.publish(allowOnly('gpt-3.5-turbo'));
const published = performance.now();
// A hint of the control plane makes the client ask at once; without one it would poll every minute.
while (cz.status().policy?.revision === revision) await setTimeout(5);
const reachedAfterMs = Math.round(performance.now() - published);
const rows = [...before, ...(await callAll('after the edit'))];

if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ reachedAfterMs, status: cz.status().policy, calls: rows }, undefined, 2));
} else {
  console.log(`Calls go to ${provider.name}. The edit was in force ${reachedAfterMs} ms after it was published.\n`);
  console.log('  policy            adapter     model           outcome   requests that reached the provider');
  for (const { policy, adapter, model, outcome, requests } of rows)
    console.log(`  ${policy.padEnd(17)} ${adapter.padEnd(11)} ${model.padEnd(15)} ${outcome.padEnd(9)} ${requests}`);
}
await cz.close();
await plane.close();
await provider.close();
await rm(cacheDir, { recursive: true });
