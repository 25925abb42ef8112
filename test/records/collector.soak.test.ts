import type { ChildProcess } from 'node:child_process';
import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { describe, expect, onTestFinished, test } from 'vitest';

import type { CollectorMode } from '../support/audit-collector.ts';
import type { RecordingResult } from '../support/record-decisions.ts';
import { repeats } from '../support/soak.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const fileOf = (name: string): string => fileURLToPath(new URL(`../support/${name}.ts`, import.meta.url));
const DECISIONS = repeats(50_000, 1_000_000);
// The memory for young objects grows with the rate at which they are made, whoever makes them. Held at one
// size, what a process takes says what is kept.
const NODE_FLAGS = ['--expose-gc', '--max-semi-space-size=2'];
const KILLS = repeats(3, 20);

interface Collector {
  readonly child: ChildProcess;
  readonly port: number;
}

async function startCollector(file: string, mode: CollectorMode, port = 0): Promise<Collector> {
  const child = fork(fileOf('audit-collector'), [file, String(port)]);
  onTestFinished(() => void child.kill('SIGKILL'));
  const [listening] = (await once(child, 'message')) as [number];
  child.send(mode);
  return { child, port: listening };
}

async function stop({ child }: Collector): Promise<void> {
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}

interface Run {
  readonly result: RecordingResult;
  /** What the client counts as delivered. */
  readonly delivered: readonly string[];
}

async function record(port: number, folder: string, ...more: readonly string[]): Promise<Run> {
  const file = join(folder, 'delivered');
  const args = [fileOf('record-decisions'), `http://127.0.0.1:${port}`, String(DECISIONS), file, ...more];
  const { stdout } = await promisify(execFile)(process.execPath, [...NODE_FLAGS, ...args]);
  const result = JSON.parse(stdout) as RecordingResult;
  return { result, delivered: linesOf(file) };
}

function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
}

function sizeOf(file: string): number {
  return existsSync(file) ? statSync(file).size : 0;
}

function expectExact({ result }: Run, queuedAtMost = 10_000): void {
  console.log(JSON.stringify(result));
  const { decisions, samples, wrong, mostQueued, status } = result;
  expect(wrong).toBe(0);
  expect(samples).toBeGreaterThanOrEqual(DECISIONS / 500);
  expect(mostQueued).toBeLessThanOrEqual(queuedAtMost);
  expect(decisions).toBeGreaterThanOrEqual(DECISIONS);
  expect(status).toMatchObject({ emitted: decisions, queued: 0, dropped: decisions - status.delivered });
  expect(result.heapMB).toBeLessThan(24);
  expect(result.rssMB).toBeLessThan(48);
}

// The numbers in full are those of npm run test:soak.
describe(`${DECISIONS.toLocaleString('en')} decisions`, { timeout: 600_000 }, () => {
  test('with a collector that is down: all are counted as dropped, none is kept for ever', async () => {
    const folder = temporaryFolder();
    const collector = await startCollector(join(folder, 'ids'), 'up');
    await stop(collector);
    const run = await record(collector.port, folder);
    expectExact(run);
    expect(run.result.status).toMatchObject({ delivered: 0, lastError: { message: expect.any(String) as string } });
    expect(run.result.mostQueued).toBe(10_000);
  });

  test('with a collector that is slow: what it has is what counts as delivered', async () => {
    const folder = temporaryFolder();
    const collector = await startCollector(join(folder, 'ids'), 'slow');
    const run = await record(collector.port, folder, 'drain');
    expectExact(run);
    const collected = linesOf(join(folder, 'ids'));
    expect(new Set(collected).size).toBe(collected.length);
    expect(collected).toHaveLength(run.result.status.delivered);
    expect(collected.length).toBeGreaterThan(0);
  });

  test('with a collector that comes and goes: no acknowledged record is lost or counted twice', async () => {
    const folder = temporaryFolder();
    const collector = await startCollector(join(folder, 'ids'), 'flapping');
    const run = await record(collector.port, folder, 'drain');
    expectExact(run);
    const collected = new Set(linesOf(join(folder, 'ids')));
    // In the end everything that was queued got through, so the two have the same ids.
    expect(collected.size).toBe(run.result.status.delivered);
    expect(new Set(run.delivered)).toEqual(collected);
    expect(run.delivered).toHaveLength(collected.size);
  });

  test(`with a collector that is killed ${KILLS} times: what it acknowledged, it has`, async () => {
    const folder = temporaryFolder();
    const ids = join(folder, 'ids');
    let collector = await startCollector(ids, 'up');
    const stopFile = join(folder, 'stop');
    let isOver = false;
    const running = record(collector.port, folder, 'drain', stopFile).finally(() => (isOver = true));
    let kills = 0;
    for (; kills < KILLS && !isOver; kills += 1) {
      const before = sizeOf(ids);
      // Killed at work, not while it is spared after the last time.
      while (!isOver && sizeOf(ids) === before) await new Promise((resolve) => setTimeout(resolve, 10));
      await stop(collector);
      collector = await startCollector(ids, 'up', collector.port);
    }
    writeFileSync(stopFile, '');
    const run = await running;
    expectExact(run);
    expect(kills).toBe(KILLS);
    const collected = new Set(linesOf(ids));
    expect(run.delivered.filter((id) => !collected.has(id))).toEqual([]);
    expect(run.delivered).toHaveLength(run.result.status.delivered);
    expect(new Set(run.delivered).size).toBe(run.delivered.length);
  });
});
