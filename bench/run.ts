// What governance costs per call, as a ratio in one run: `npm run bench`, or with `-- --only langchain`, `-- --json`.
import { Command, InvalidArgumentError, Option } from 'commander';

import type { Bench } from './bench-case.ts';
import { decision } from './decision.ts';
import { floor } from './floor.ts';
import { langChain } from './langchain.ts';
import { openAI } from './openai.ts';
import { formatReport, reportGroup } from './report.ts';
import { sampleGroups } from './sampler.ts';

const benches: readonly Bench[] = [floor, decision, openAI, langChain];

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It takes a positive integer.');
  return value;
}

const { only, rounds, json } = new Command('bench')
  .description('What governance costs per call, as a ratio in one run.')
  .addOption(new Option('--only <name>', 'measure one subject').choices(benches.map(({ name }) => name)))
  .addOption(new Option('--rounds <count>', 'batches of each case').argParser(positiveInteger).default(1000))
  .option('--json', 'one JSON document instead of tables')
  .parse()
  .opts<{ readonly only?: string; readonly rounds: number; readonly json?: true }>();

const chosen = benches.filter(({ name }) => only === undefined || name === only);
const groups = (await Promise.all(chosen.map(async ({ open }) => open()))).flat();
const samples = await sampleGroups(groups, { rounds });
const reports = groups.map((group, index) => reportGroup(group, samples[index] ?? []));
console.log(
  json ? JSON.stringify({ node: process.version, rounds, groups: reports }, undefined, 2) : formatReport(reports),
);
