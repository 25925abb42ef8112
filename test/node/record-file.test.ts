import { execFile, execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { describe, expect, test, vi } from 'vitest';

import type { AuditStatus, DecisionRecord, RecordSink } from '../../src/index.ts';
import { ConfigurationError, init, modelRequest } from '../../src/index.ts';
import { toDecisionRecord } from '../../src/events/decision-record.ts';
import { recordFile } from '../../src/node/index.ts';
import { eventOf } from '../support/records-stage.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { runCli } from '../support/run-cli.ts';
import { silentLogger } from '../support/silent-logger.ts';
import { modelAllowlist } from '../support/specification-policies.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const program = fileURLToPath(new URL('../support/append-records.ts', import.meta.url));
const signal = new AbortController().signal;

function recordsOf(...ids: readonly number[]): DecisionRecord[] {
  return ids.map((id) => toDecisionRecord(eventOf(id)));
}

async function write(sink: RecordSink, ...ids: readonly number[]): Promise<void> {
  await sink.write(recordsOf(...ids), { signal });
}

function idsIn(path: string): string[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line.startsWith('{')).map((line) => (JSON.parse(line) as DecisionRecord).id);
}

function filesIn(folder: string): string[] {
  return readdirSync(folder).toSorted();
}

async function append(...args: readonly string[]): Promise<AuditStatus> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args]);
  return JSON.parse(stdout) as AuditStatus;
}

describe('recordFile', () => {
  test('writes one JSON object per line, for its owner only, into a folder that it makes', async () => {
    const path = join(temporaryFolder(), 'logs', 'decisions.ndjson');
    const cz = await init({ policy: modelAllowlist, records: recordFile(path) });
    cz.evaluate(modelRequest({ action: 'llm.generate', model: 'gpt-4', context: { agent_id: 'a\nb' } }));
    cz.evaluate(modelRequest({ action: 'llm.generate', model: 'o3' }));
    await cz.close();
    const text = readFileSync(path, 'utf8');
    expect(text.split('\n')).toHaveLength(3);
    expect(text.endsWith('}\n')).toBe(true);
    expect(JSON.parse(text.split('\n')[0] ?? '')).toMatchObject({ resource: 'model/gpt-4', effect: 'allow' });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(cz.status().audit).toMatchObject({ delivered: 2, sinks: [{ name: 'file' }] });
  });

  test('appends to what is there, and glues nothing to a line that was cut off', async () => {
    const path = join(temporaryFolder(), 'decisions.ndjson');
    writeFileSync(path, '{"id":"whole"}\n{"id":"to');
    const sink = recordFile(path);
    await write(sink, 1);
    appendFileSync(path, '{"id":"again to');
    sink.writeSync?.(recordsOf(2));
    await write(sink, 3);
    expect(
      readFileSync(path, 'utf8')
        .split('\n')
        .map((line) => line.slice(0, 9)),
    ).toEqual(['{"id":"wh', '{"id":"to', '{"time":"', '{"id":"ag', '{"time":"', '{"time":"', '']);
  });

  test('begins anew when somebody moves or removes the file', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'decisions.ndjson');
    const sink = recordFile(path);
    await write(sink, 1);
    renameSync(path, join(folder, 'moved'));
    await write(sink, 2);
    unlinkSync(path);
    sink.writeSync?.(recordsOf(3));
    expect([idsIn(join(folder, 'moved')), idsIn(path)]).toEqual([['1'], ['3']]);
  });

  test('puts the file aside when it is full, and keeps so many', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'decisions.ndjson');
    writeFileSync(join(folder, 'decisions.note.ndjson'), 'of somebody else');
    const sink = recordFile(path, { maxBytes: 700, maxFiles: 2 });
    for (let id = 1; id <= 12; id += 1) await write(sink, id);
    const old = filesIn(folder).filter((name) => /^decisions\.\d{4}-.+Z-\d+-\d+\.ndjson$/u.test(name));
    expect(old).toHaveLength(2);
    expect(existsSync(join(folder, 'decisions.note.ndjson'))).toBe(true);
    const kept = [...old.map((name) => join(folder, name)), path].flatMap(idsIn);
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => String(13 - kept.length + index)));
    for (const name of old) expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(700);
    await write(recordFile(path, { maxBytes: 1, maxFiles: 0 }), 13);
    expect(filesIn(folder)).toEqual(['decisions.ndjson', 'decisions.note.ndjson']);
    expect(idsIn(path)).toEqual(['13']);
  });

  test('puts the file aside when it is old, also where nobody knows when it was made', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'decisions');
    const sink = recordFile(path, { maxAgeMs: 60_000 });
    await write(sink, 1);
    await write(sink, 2);
    const now = Date.now();
    const later = vi.spyOn(Date, 'now').mockReturnValue(now + 61_000);
    await write(sink, 3);
    later.mockRestore();
    expect(filesIn(folder)).toHaveLength(2);
    expect(idsIn(path)).toEqual(['3']);
  });

  test('a path that is no file is an error, and a link to one is followed', async () => {
    const folder = temporaryFolder();
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    expect(await rejectionOf(write(recordFile(join(folder, 'pipe')), 1))).toMatchObject({ message: /is not a file/u });
    mkdirSync(join(folder, 'folder'));
    expect(await rejectionOf(write(recordFile(join(folder, 'folder')), 1))).toMatchObject({ code: 'EISDIR' });
    expect(await rejectionOf(write(recordFile(join(folder, 'a/b/c')), 1))).toMatchObject({ code: 'ENOENT' });
    symlinkSync('target', join(folder, 'link'));
    await write(recordFile(join(folder, 'link')), 1);
    expect(idsIn(join(folder, 'target'))).toEqual(['1']);
  });

  test.each([
    ['', {}, /takes the path of a file/u],
    ['a', { maxBytes: 0 }, /a whole number from 1 on as maxBytes/u],
    ['a', { maxAgeMs: Number.NaN }, /maxAgeMs/u],
    ['a', { maxFiles: -1 }, /from 0 on as maxFiles/u],
  ])('refuses %j with %j', (path, options, message) => {
    expect(() => recordFile(path, options)).toThrow(ConfigurationError);
    expect(() => recordFile(path, options)).toThrow(message);
  });
});

describe('a disk that takes nothing', () => {
  test('leaves records queued, then drops and counts them, and gets them all once there is room', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'decisions.ndjson');
    mkdirSync(path);
    const cz = await init({ policy: modelAllowlist, records: recordFile(path), logger: silentLogger });
    for (let count = 0; count < 10_010; count += 1)
      cz.evaluate(modelRequest({ action: 'llm.generate', model: 'gpt-4' }));
    await cz.flush();
    expect(cz.status().audit?.sinks[0]).toMatchObject({
      emitted: 10_010,
      queued: 10_000,
      droppedBy: { queueFull: 10, refused: 0, closed: 0 },
      lastError: { message: expect.stringContaining('EISDIR') as string },
    });
    execFileSync('rmdir', [path]);
    await cz.close();
    expect(cz.status().audit).toMatchObject({ delivered: 10_000, dropped: 10, queued: 0, lastError: null });
    expect(new Set(idsIn(path)).size).toBe(10_000);
  });

  // A limit on the size of files makes a write end half-way, as a full disk does.
  test('in the middle of a line: no record twice, none lost, and every line whole in the end', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'decisions.ndjson');
    const script = `
      const { recordFile } = await import(${JSON.stringify(new URL('../../src/node/index.ts', import.meta.url).href)});
      const sink = recordFile(${JSON.stringify(path)});
      const records = ${JSON.stringify(recordsOf(...Array.from({ length: 100 }, (_, id) => id)))};
      process.on('SIGXFSZ', () => undefined);
      const first = await sink.write(records, {}).then(() => 'written', ({ code }) => code);
      const { execFileSync } = await import('node:child_process');
      execFileSync('prlimit', ['--fsize=unlimited', '--pid', String(process.pid)]);
      await sink.write(records, {});
      console.log(first);`;
    const { stdout } = await promisify(execFile)('prlimit', [
      '--fsize=4000:unlimited',
      process.execPath,
      '--input-type=module',
      '-e',
      script,
    ]);
    expect(stdout.trim()).toBe('EFBIG');
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    const whole = lines.filter((line) => line.endsWith('}')).map((line) => (JSON.parse(line) as DecisionRecord).id);
    expect(whole).toHaveLength(100);
    expect(new Set(whole).size).toBe(100);
    expect(lines.length - whole.length).toBeLessThanOrEqual(1);
  });
});

describe('several processes on one file', () => {
  test('mix no lines, and lose none when the file is put aside under them', { timeout: 60_000 }, async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'decisions.ndjson');
    const runs = ['a', 'b', 'c', 'd'].map(async (name) => append(path, name, '2000', '40000'));
    const statuses = await Promise.all(runs);
    expect(statuses.map(({ delivered }) => delivered)).toEqual([2000, 2000, 2000, 2000]);
    const files = filesIn(folder);
    expect(files.length).toBeGreaterThan(10);
    const ids = files.flatMap((name) => idsIn(join(folder, name)));
    expect(ids).toHaveLength(8000);
    expect(new Set(ids).size).toBe(8000);
  });

  test('go on after one of them was killed in the middle of its work', { timeout: 60_000 }, async () => {
    const path = join(temporaryFolder(), 'decisions.ndjson');
    const other = append(path, 'other', '3000');
    for (let kills = 0; kills < 3; kills += 1) {
      const child = spawn(process.execPath, [program, path, `killed-${kills}`, '1000000'], { stdio: 'ignore' });
      const hasWritten = (): boolean => existsSync(path) && readFileSync(path, 'utf8').includes(`killed-${kills}`);
      while (!hasWritten()) await new Promise((resolve) => setTimeout(resolve, 5));
      child.kill('SIGKILL');
      await new Promise((resolve) => child.on('close', resolve));
    }
    const { delivered } = await other;
    const lines = readFileSync(path, 'utf8').split('\n');
    const whole = lines.filter((line) => line.endsWith('}'));
    expect(lines.filter((line) => line !== '').length - whole.length).toBeLessThanOrEqual(3);
    const records = whole.map((line) => JSON.parse(line) as DecisionRecord);
    expect(records.filter(({ agent }) => agent === 'other')).toHaveLength(delivered);
    expect(records.some(({ agent }) => agent === 'killed-2')).toBe(true);
  });
});

describe('controlzero replay', () => {
  test('reads the file as it is, also for conditions on attributes that were recorded', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'decisions.ndjson');
    const rule = { effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' } as const;
    const options = {
      policy: { rules: [rule] },
      records: recordFile(path),
      recordContext: ['tier'],
      logger: silentLogger,
    };
    const cz = await init(options);
    for (const [agent, tier] of [
      ['a', 'gold'],
      ['b', 'free'],
      ['c', 'gold'],
    ] as const)
      cz.evaluate(modelRequest({ action: 'llm.generate', model: 'gpt-4', context: { agent_id: agent, tier } }));
    await cz.close();
    writeFileSync(
      join(folder, 'candidate.json'),
      JSON.stringify({ rules: [{ ...rule, conditions: { tier: 'gold' } }] }),
    );
    const run = await runCli(['replay', path, '--policy', join(folder, 'candidate.json'), '--json'], { cwd: folder });
    expect(JSON.parse(run.stdout)).toMatchObject({
      records: 3,
      unreadable: 0,
      unchanged: 2,
      newlyDenied: 1,
      unknown: 0,
      denied: [{ agent: 'b', resource: 'model/gpt-4', count: 1 }],
    });
    expect(run.code).toBe(1);
  });
});

describe('a file system that does what it likes', () => {
  const files = process.getBuiltinModule('node:fs/promises');

  test('and ends a write half-way: the whole lines are not written again', async () => {
    const path = join(temporaryFolder(), 'decisions.ndjson');
    const { open } = files;
    const spy = vi.spyOn(files, 'open').mockImplementationOnce(async (...parameters) => {
      const file = await open(...parameters);
      const write = file.write.bind(file) as (
        content: Buffer,
        at: number,
        length?: number,
      ) => Promise<{ bytesWritten: number }>;
      let writes = 0;
      file.write = (async (content: Buffer, at: number) => {
        writes += 1;
        if (writes === 3) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
        return write(content, at, 250);
      }) as never;
      return file;
    });
    const sink = recordFile(path);
    expect(await rejectionOf(write(sink, 1, 2, 3, 4, 5))).toMatchObject({ code: 'ENOSPC' });
    spy.mockRestore();
    const torn = readFileSync(path, 'utf8');
    expect(torn.length).toBe(500);
    expect(torn.endsWith('\n')).toBe(false);
    await write(sink, 1, 2, 3, 4, 5);
    const whole = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.endsWith('}'));
    expect(whole.map((line) => (JSON.parse(line) as DecisionRecord).id)).toEqual(['1', '2', '3', '4', '5']);
  });

  test('and does not know when a file was made: its age counts from when it was first seen', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'decisions.ndjson');
    const { stat } = files;
    vi.spyOn(files, 'stat').mockImplementation((async (name: string) =>
      Object.assign(await stat(name), { birthtimeMs: 0 })) as never);
    const sink = recordFile(path, { maxAgeMs: 60_000 });
    await write(sink, 1);
    await write(sink, 2);
    const now = Date.now();
    vi.spyOn(Date, 'now').mockReturnValue(now + 59_000);
    await write(sink, 3);
    expect(filesIn(folder)).toHaveLength(1);
    vi.spyOn(Date, 'now').mockReturnValue(now + 61_000);
    await write(sink, 4);
    vi.restoreAllMocks();
    expect(filesIn(folder)).toHaveLength(2);
    expect(idsIn(path)).toEqual(['4']);
  });

  test('and lets another process put the file aside first: nothing is lost', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'decisions.ndjson');
    const sink = recordFile(path, { maxBytes: 10, maxFiles: 0 });
    await write(sink, 1);
    const { rename } = files;
    vi.spyOn(files, 'rename').mockImplementationOnce(async (from, to) => {
      await rename(from, to);
      await rename(from, to);
    });
    vi.spyOn(files, 'unlink').mockImplementationOnce(async () => Promise.reject(new Error('gone')));
    await write(sink, 2);
    vi.spyOn(files, 'rename').mockImplementationOnce(async () => {
      throw Object.assign(new Error('read-only'), { code: 'EROFS' });
    });
    expect(await rejectionOf(write(sink, 3))).toMatchObject({ code: 'EROFS' });
    vi.restoreAllMocks();
    expect(idsIn(path)).toEqual(['2']);
  });
});
