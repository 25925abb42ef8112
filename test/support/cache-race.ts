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
  readonly durationMs: number;
  readonly writers: number;
  readonly readers: number;
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
  readonly result: Promise<Partial<RaceResult>>;
}

const program = fileURLToPath(new URL('cache-worker.ts', import.meta.url));

function work(role: 'read' | 'write', folder: string, durationMs: number): Worker {
  const child = spawn(process.execPath, [program, role, folder, String(durationMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const result = new Promise<Partial<RaceResult>>((resolve) => {
    child.on('close', () => resolve(output === '' ? {} : (JSON.parse(output) as Partial<RaceResult>)));
  });
  return { child, result };
}

/** Lets processes read and write one cache on disk at the same time, and kills some of them. */
export async function raceForCache({ durationMs, writers, readers, kills }: RaceOptions): Promise<RaceResult> {
  const folder = join(temporaryFolder(), 'cache');
  const until = Date.now() + durationMs;
  const all = [
    ...Array.from({ length: readers }, () => work('read', folder, durationMs)),
    ...Array.from({ length: writers }, () => work('write', folder, durationMs)),
  ];
  let killed = 0;
  for (let left = kills; left > 0; left -= 1) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(until - Date.now(), 0) / (left + 1)));
    const writing = all.slice(readers).filter(({ child }) => child.exitCode === null && child.signalCode === null);
    const victim = writing[Math.floor(Math.random() * writing.length)];
    if (victim?.child.kill('SIGKILL') === true) killed += 1;
    all.push(work('write', folder, Math.max(until - Date.now(), 0)));
  }
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
