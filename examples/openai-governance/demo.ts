// Shows what happens to each call of an OpenAI client under a policy. `npm run demo`, or with `-- --json`.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ControlZero, DecisionEvent } from '@controlzero/sdk';
import { init, PolicyDeniedError } from '@controlzero/sdk';
import type { WrapOpenAIOptions } from '@controlzero/sdk/openai';
import { wrapOpenAI } from '@controlzero/sdk/openai';
import OpenAI from 'openai';

import { allowlist, fileAfterEdit, fileBeforeEdit, perAgent } from './policies.ts';
import { chooseProvider } from './provider.ts';
import { jsonReport, tableReport } from './report.ts';

const report = process.argv.includes('--json') ? jsonReport() : tableReport();
const provider = await chooseProvider();
const plainClient = new OpenAI(provider.options);

interface Call {
  readonly model: string;
  readonly isEmbedding?: boolean;
  readonly options?: WrapOpenAIOptions;
}

async function send(client: OpenAI, { model, isEmbedding }: Call): Promise<void> {
  if (isEmbedding) await client.embeddings.create({ model, input: 'hello' });
  else
    await client.chat.completions.create({ model, messages: [{ role: 'user', content: 'Say hello.' }], max_tokens: 5 });
}

function describe({ decision, fallback, resource }: DecisionEvent): {
  model: string;
  decision: string;
  rule: string;
  reason: string;
} {
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

async function call(cz: ControlZero, { model, isEmbedding = false, options = {} }: Call): Promise<boolean> {
  const client = wrapOpenAI(plainClient, cz, options);
  const before = provider.requests();
  let event: DecisionEvent | undefined;
  const stop = cz.onDecision((made) => (event = made));
  const isServed = await send(client, { model, isEmbedding }).then(
    () => true,
    (error: unknown) => {
      if (error instanceof PolicyDeniedError) return false;
      throw error;
    },
  );
  await cz.flush();
  stop();
  if (event) report.row({ agent: options.agentId ?? '-', ...describe(event), requests: provider.requests() - before });
  return isServed;
}

async function showAllowlist(): Promise<void> {
  const cz = await init({ policy: allowlist });
  report.scene('1. An allowlist: two models may be used, one family is denied, everything else is denied by default.');
  for (const model of ['gpt-4', 'gpt-3.5-turbo', 'gpt-4-turbo', 'gpt-4o']) await call(cz, { model });
  report.scene('2. Embeddings have an action of their own.');
  for (const model of ['text-embedding-3-small', 'text-embedding-3-large'])
    await call(cz, { model, isEmbedding: true });
  report.scene(
    '3. Fallback on denial: catch the error and name another model, or let the first allowed one of a list serve the call.',
  );
  if (!(await call(cz, { model: 'gpt-4-turbo' }))) await call(cz, { model: 'gpt-4' });
  await call(cz, { model: 'gpt-4-turbo', options: { fallback: ['gpt-4o', 'gpt-4'] } });
  await cz.close();
}

async function showAgents(): Promise<void> {
  const cz = await init({ policy: perAgent });
  report.scene('4. Two agents with different rights under one policy.');
  for (const agentId of ['premium-support', 'basic-support']) {
    for (const model of ['gpt-4', 'gpt-3.5-turbo', 'gpt-4o']) await call(cz, { model, options: { agentId } });
  }
  await cz.close();
}

async function showEdit(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'controlzero-demo-'));
  const policyFile = join(folder, 'controlzero.yaml');
  await writeFile(policyFile, fileBeforeEdit);
  const cz = await init({ policyFile, refreshInterval: 0.2 });
  report.scene('5. The policy is a file. Before the edit:');
  for (const model of ['gpt-4', 'gpt-3.5-turbo']) await call(cz, { model });
  const activated = new Promise((resolve) => cz.onPolicy(resolve));
  await writeFile(policyFile, fileAfterEdit);
  await activated;
  report.scene('   After the edit, in the same process and with the same client:');
  for (const model of ['gpt-4', 'gpt-3.5-turbo']) await call(cz, { model });
  await cz.close();
  await rm(folder, { recursive: true });
}

if (!process.argv.includes('--json')) console.log(`Calls go to ${provider.name}.`);
await showAllowlist();
await showAgents();
await showEdit();
report.end();
await provider.close();
