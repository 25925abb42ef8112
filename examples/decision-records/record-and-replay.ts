// Records decisions into a file, then asks what a stricter policy would have decided. Runs without a key:
//   node examples/decision-records/record-and-replay.ts
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { init, modelRequest } from '@controlzero/sdk';
import { recordFile } from '@controlzero/sdk/node';
import { replayRecords } from '@controlzero/sdk/testing';

const folder = mkdtempSync(join(tmpdir(), 'decision-records-'));
const path = join(folder, 'decisions.ndjson');

const today = { effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4*' } as const;
const cz = await init({ policy: { rules: [today] }, records: recordFile(path), recordContext: ['tier'] });

const callers = [
  { agent_id: 'support', tier: 'gold' },
  { agent_id: 'reports', tier: 'free' },
  { agent_id: 'support', tier: 'gold' },
];
for (const context of callers) await cz.check(modelRequest({ action: 'llm.generate', model: 'gpt-4', context }));
await cz.check(modelRequest({ action: 'llm.generate', model: 'o3', context: { agent_id: 'reports' } }));
await cz.close();

const { emitted, delivered } = cz.status().audit ?? {};
console.log(`${delivered} of ${emitted} decisions recorded`);

const tomorrow = { rules: [{ ...today, conditions: { tier: 'gold' } }] };
const lines = createInterface({ input: createReadStream(path) });
const { newlyDenied, unchanged, denied } = await replayRecords(lines, tomorrow);
console.log(`${unchanged} unchanged, ${newlyDenied} newly denied`);
for (const { agent, resource, count } of denied) console.log(`  ${agent} on ${resource}: ${count}`);

rmSync(folder, { recursive: true });
