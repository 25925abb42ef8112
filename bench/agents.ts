import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import type { AgentFootprint } from './agents-process.ts';
import type { Measurement } from './table.ts';

const program = join(dirname(fileURLToPath(import.meta.url)), 'agents-process.ts');
const WAYS = ['new OpenAI()', 'wrapOpenAI()', 'runAs()'];

async function bytesOf(way: string): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, way]);
  return (JSON.parse(stdout) as AgentFootprint).bytes;
}

/** What stays in memory for each agent, for the ways to tell them apart. */
export const agents: Measurement = {
  name: 'agents',
  measure: async () => {
    const bytes: number[] = [];
    for (const way of WAYS) bytes.push(await bytesOf(way));
    const [client = Number.NaN] = bytes;
    return [
      {
        title: 'OpenAI client: what stays in memory for each agent that has made a call',
        columns: ['bytes', '/ new OpenAI()'],
        rows: WAYS.map((way, index) => [way, bytes[index] ?? null, (bytes[index] ?? Number.NaN) / client]),
      },
    ];
  },
};
