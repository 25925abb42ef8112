import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { decodeRecord, deriveRecordKey } from '../../src/hosted/bundle-record.ts';
import { DiskCache } from '../../src/node/disk-cache.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** How a race is run. */
export interface RaceOptions {
  readonly writers: number;
  readonly readers: number;
  /** How often each reader finds something before the race is over. */
  readonly reads: number;
  /** How many writers are killed on the way, each replaced by a new one. */
  readonly kills: number;
}

/** What came of a race. */
export interface RaceResult {
  readonly reads: number;
  readonly writes: number;
  readonly torn: number;
  readonly regressions: number;
  readonly warnings: number;
  readonly kills: number;
  /** Records that are whole at the end, and files that are there. */
  readonly whole: number;
  readonly records: number;
  readonly temporary: number;
}

interface Worker {
  readonly child: ChildProcess;
  /** When it has written something, or has ended. */
  readonly begun: Promise<void>;
  readonly result: Promise<Partial<RaceResult>>;
}

const program = fileURLToPath(new URL('cache-worker.ts', import.meta.url));

function work(...parameters: readonly [role: 'read' | 'write', folder: string, reads?: number]): Worker {
  const child = spawn(process.execPath, [program, ...parameters.map(String)], { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  const begun = Promise.withResolvers<void>();
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    begun.resolve();
  });
  const result = new Promise<Partial<RaceResult>>((resolve) => {
    child.on('close', () => {
      begun.resolve();
      const said = output.slice(output.indexOf('{'));
      resolve(output.includes('{') ? (JSON.parse(said) as Partial<RaceResult>) : {});
    });
  });
  return { child, begun: begun.promise, result };
}

const isAlive = ({ child }: Worker): boolean => child.exitCode === null && !child.killed;

/** Kills writers while they write, each replaced by a new one. */
async function killSome(writers: Worker[], folder: string, kills: number): Promise<number> {
  let killed = 0;
  while (killed < kills) {
    const writing = writers.filter(isAlive);
    const victim = writing[Math.floor(Math.random() * writing.length)];
    if (!victim) break;
    await victim.begun;
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 50));
    if (victim.child.kill('SIGKILL')) killed += 1;
    writers.push(work('write', folder));
  }
  return killed;
}

/** Lets processes read and write one cache on disk at the same time, and kills some of them. */
export async function raceForCache({
  writers: count,
  readers: others,
  reads,
  kills,
}: RaceOptions): Promise<RaceResult> {
  const folder = join(temporaryFolder(), 'cache');
  const readers = Array.from({ length: others }, () => work('read', folder, reads));
  const writers = Array.from({ length: count }, () => work('write', folder));
  const [killed] = await Promise.all([killSome(writers, folder, kills), ...readers.map(async ({ result }) => result)]);
  for (const { child } of writers) child.stdin?.end();
  const all = [...readers, ...writers];
  const results = await Promise.all(all.map(async ({ result }) => result));
  const sum = (key: keyof RaceResult): number => results.reduce((total, result) => total + (result[key] ?? 0), 0);
  const cache = new DiskCache({ folder, scope: 'shared', warn: () => undefined });
  const key = await deriveRecordKey('cz_test_key');
  const last = await Promise.all((await cache.load()).map(async (bytes) => decodeRecord(bytes, key)));
  const files = readdirSync(join(folder, 'shared'));
  return {
    reads: sum('reads'),
    writes: sum('writes'),
    torn: sum('torn'),
    regressions: sum('regressions'),
    warnings: sum('warnings'),
    kills: killed,
    whole: last.filter((record) => record !== undefined).length,
    records: files.filter((name) => name.endsWith('.bundle')).length,
    temporary: files.filter((name) => name.endsWith('.tmp')).length,
  };
}
