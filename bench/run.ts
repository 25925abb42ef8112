// What governance costs, as ratios in one run: `npm run bench`, or with `-- --only langchain`, `-- --quick`, `-- --json`.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Command, InvalidArgumentError, Option } from 'commander';

import { agents } from './agents.ts';
import { aiSDK, aiSDKTraced } from './ai-sdk.ts';
import { apply } from './apply.ts';
import type { Bench } from './bench-case.ts';
import { decision } from './decision.ts';
import { engineBench } from './engine.ts';
import { floor } from './floor.ts';
import { footprint } from './footprint.ts';
import { gate } from './gate.ts';
import { growth, shapeBenches } from './growth.ts';
import { langChain, langChainTraced } from './langchain.ts';
import { lint } from './lint.ts';
import { openAI, openAITraced } from './openai.ts';
import { openTelemetry } from './opentelemetry.ts';
import { propagation } from './propagation.ts';
import { records } from './records.ts';
import type { GroupReport } from './report.ts';
import { formatReport, reportGroup } from './report.ts';
import { sampleGroups } from './sampler.ts';
import { start } from './start.ts';
import type { Measurement, Table } from './table.ts';
import { formatTable } from './table.ts';

const engines = [4, 100, 1000, 10_000, 100_000].map(engineBench);
const benches: readonly Bench[] = [
  floor,
  decision,
  openAI,
  langChain,
  aiSDK,
  openAITraced,
  langChainTraced,
  aiSDKTraced,
  gate,
  records,
  openTelemetry,
  ...engines,
  growth,
  ...shapeBenches,
];
const measurements: readonly Measurement[] = [footprint, agents, apply, lint, propagation, start];
const names = [...benches, ...measurements].map(({ name }) => name);

/** Everything that one run found out. */
interface RunReport {
  readonly node: string;
  readonly rounds: number;
  readonly groups: readonly GroupReport[];
  readonly tables: readonly Table[];
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It takes a positive integer.');
  return value;
}

const options = new Command('bench')
  .description('What governance costs, as ratios in one run.')
  .addOption(new Option('--only <name>', 'measure one subject').choices(names))
  .addOption(new Option('--rounds <count>', 'batches of each case').argParser(positiveInteger).default(1000))
  .option('--quick', 'the short subjects only')
  .option('--without-peers', 'nothing that has to be installed first')
  .option('--json', 'one JSON document instead of tables')
  .parse()
  .opts<{
    readonly only?: string;
    readonly rounds: number;
    readonly quick?: true;
    readonly withoutPeers?: true;
    readonly json?: true;
  }>();

// Processes that this one starts inherit it.
if (options.withoutPeers) process.env['BENCH_WITHOUT_PEERS'] = '1';

async function sampled({ open, mostRounds = options.rounds }: Bench): Promise<GroupReport[]> {
  const groups = await open();
  const samples = await sampleGroups(groups, { rounds: Math.min(options.rounds, mostRounds) });
  return groups.map((group, index) => reportGroup(group, samples[index] ?? []));
}

async function measureHere(name: string): Promise<RunReport> {
  const bench = benches.find((one) => one.name === name);
  const measurement = measurements.find((one) => one.name === name);
  const groups = bench ? await sampled(bench) : [];
  const tables = (await measurement?.measure({ isQuick: options.quick === true })) ?? [];
  return { node: process.version, rounds: options.rounds, groups, tables };
}

// A process for each subject: what one leaves in memory and in the compiler is not measured with the next.
async function measureInProcess(name: string): Promise<RunReport> {
  const quick = options.quick ? ['--quick'] : [];
  const call = [fileURLToPath(import.meta.url), '--only', name, '--rounds', String(options.rounds), '--json', ...quick];
  const { stdout } = await promisify(execFile)(process.execPath, call, { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout) as RunReport;
}

async function measureAll(): Promise<RunReport> {
  const long = new Set(benches.filter(({ isLong }) => isLong === true).map(({ name }) => name));
  const reports: RunReport[] = [];
  for (const name of names) {
    if (options.quick && long.has(name)) continue;
    process.stderr.write(`${name}\n`);
    reports.push(await measureInProcess(name));
  }
  return {
    node: process.version,
    rounds: options.rounds,
    groups: reports.flatMap(({ groups }) => groups),
    tables: reports.flatMap(({ tables }) => tables),
  };
}

const report = options.only === undefined ? await measureAll() : await measureHere(options.only);
console.log(
  options.json
    ? JSON.stringify(report, undefined, 2)
    : [formatReport(report.groups), ...report.tables.map(formatTable)].join('\n\n'),
);
// Some of what is measured beside us keeps timers.
process.exit();
