// What stays in memory for each agent when one way of telling agents apart is used: prints the bytes.
import { init, runAs } from '@controlzero/sdk';
import { wrapOpenAI } from '@controlzero/sdk/openai';
import OpenAI from 'openai';

import { modelAllowlist } from '../test/support/specification-policies.ts';
import { FetchStub } from './fetch-stub.ts';

/** What such a process prints. */
export interface AgentFootprint {
  readonly bytes: number;
}

const AGENTS = 2000;
const FIRST = 20;

const [, , way = ''] = process.argv;
const { fetch } = new FetchStub();
const cz = await init({ policy: modelAllowlist });
const raw = new OpenAI({ apiKey: 'local', fetch });
const shared = wrapOpenAI(raw, cz);

const ask = async (client: OpenAI): Promise<unknown> =>
  client.chat.completions.create({ model: 'gpt-4', messages: [{ role: 'user', content: 'Hello' }] });

/** Serves one agent, and gives back what its application keeps for the next call. */
type Serve = (agent: string) => Promise<unknown>;

async function served(client: OpenAI): Promise<OpenAI> {
  await ask(client);
  return client;
}

const WAYS: Readonly<Record<string, Serve>> = {
  'new OpenAI()': async () => served(new OpenAI({ apiKey: 'local', fetch })),
  'wrapOpenAI()': async (agentId) => served(wrapOpenAI(raw, cz, { agentId })),
  'runAs()': async (agent) => {
    await runAs(agent, async () => ask(shared));
    return agent;
  },
};

function heap(): number {
  for (let turn = 0; turn < 4; turn += 1) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

const serve = WAYS[way];
if (!serve) throw new Error(`There is no way called ${way}.`);
const keep = async (count: number): Promise<unknown[]> => {
  const kept: unknown[] = [];
  for (let number = 0; number < count; number += 1) kept.push(await serve(`agent-${number}`));
  return kept;
};
// The first ones make what all agents share.
await keep(FIRST);
const before = heap();
const kept = await keep(AGENTS);
const bytes = (heap() - before) / AGENTS;
if (kept.length !== AGENTS) throw new Error('Not all of it is there.');
const footprint: AgentFootprint = { bytes };
console.log(JSON.stringify(footprint));
process.exit();
