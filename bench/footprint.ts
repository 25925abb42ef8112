import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import type { Footprint } from './footprint-process.ts';
import { installedPeers } from './installed-peers.ts';
import type { Measurement, Table } from './table.ts';

const program = join(dirname(fileURLToPath(import.meta.url)), 'footprint-process.ts');

async function footprintOf(engine: string, count: number): Promise<Footprint> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, engine, String(count)]);
  return JSON.parse(stdout) as Footprint;
}

async function tableOf(count: number): Promise<Table> {
  const { jsonMs, parsedBytes, checkMs, compileMs, bytes } = await footprintOf('ours', count);
  const rows: [string, ...(number | null)[]][] = [
    ['JSON.parse of the policy', jsonMs, 1, parsedBytes, 1],
    ['@controlzero/sdk, check', checkMs, checkMs / jsonMs, null, null],
    ['@controlzero/sdk, compile', compileMs, compileMs / jsonMs, bytes, bytes / parsedBytes],
  ];
  for (const { name, mostRules } of await installedPeers()) {
    if (count > mostRules) continue;
    const theirs = await footprintOf(name, count);
    rows.push([name, theirs.compileMs, theirs.compileMs / theirs.jsonMs, theirs.bytes, theirs.bytes / parsedBytes]);
  }
  const columns = ['ms', '/ JSON.parse', 'bytes per rule', '/ parsed rule'];
  return { title: `Compile time and memory, ${count} rules, a process each`, columns, rows };
}

/** What a policy costs before its first decision, in time and in memory. */
export const footprint: Measurement = {
  name: 'footprint',
  measure: async ({ isQuick }) => {
    const tables: Table[] = [];
    for (const count of isQuick ? [10_000] : [1000, 10_000, 100_000]) tables.push(await tableOf(count));
    return tables;
  },
};
