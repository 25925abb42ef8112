import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { DiskCache } from '../../src/node/disk-cache.ts';
import type { RecordPlace } from '../../src/sources/record-cache.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const place = (version: number, epoch = 1, issuedAt = 0): RecordPlace => ({ epoch, version, issuedAt });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const texts = (records: readonly Uint8Array[]): string[] => records.map((record) => new TextDecoder().decode(record));

interface Opened {
  readonly cache: DiskCache;
  readonly folder: string;
  readonly warnings: string[];
}

function open(folder = join(temporaryFolder(), 'cache'), scope = 'scope'): Opened {
  const warnings: string[] = [];
  return { cache: new DiskCache({ folder, scope, warn: (message) => warnings.push(message) }), folder, warnings };
}

describe('the cache on disk', () => {
  test('gives back what was stored, newest first, and keeps the newest two', async () => {
    const { cache, folder, warnings } = open();
    expect(await cache.newest()).toBeUndefined();
    for (const version of [1, 2, 3, 10]) await cache.store(place(version), bytes(`version ${version}`));
    expect(texts(await cache.load())).toEqual(['version 10', 'version 3']);
    expect(await cache.newest()).toEqual(place(10));
    expect(readdirSync(join(folder, 'scope'))).toHaveLength(2);
    expect(warnings).toEqual([]);
  });

  test('orders by epoch, then version, then the time of the signature', async () => {
    const { cache } = open();
    await cache.store(place(9, 1), bytes('old key'));
    await cache.store(place(1, 2, 5), bytes('new key'));
    await cache.store(place(1, 2, 6), bytes('signed anew'));
    expect(texts(await cache.load())).toEqual(['signed anew', 'new key']);
  });

  test('never puts an older record in the place of a newer one', async () => {
    const { cache } = open();
    await cache.store(place(5), bytes('newer'));
    await cache.store(place(3), bytes('older'));
    expect(texts(await cache.load())[0]).toBe('newer');
  });

  test('keeps files and folder to their owner', async () => {
    const { cache, folder } = open();
    await cache.store(place(1), bytes('x'));
    const scope = join(folder, 'scope');
    expect(statSync(scope).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(scope)) expect(statSync(join(scope, name)).mode & 0o777).toBe(0o600);
  });

  test('closes a folder that was left open to others', async () => {
    const { cache, folder } = open();
    mkdirSync(join(folder, 'scope'), { recursive: true });
    chmodSync(join(folder, 'scope'), 0o777);
    await cache.store(place(1), bytes('x'));
    expect(statSync(join(folder, 'scope')).mode & 0o777).toBe(0o700);
  });

  test('touches no other scope', async () => {
    const { cache, folder } = open();
    const other = open(folder, 'other');
    await other.cache.store(place(1), bytes('theirs'));
    for (const version of [1, 2, 3]) await cache.store(place(version), bytes('ours'));
    expect(texts(await other.cache.load())).toEqual(['theirs']);
  });

  test('sweeps temporary files of killed processes after an hour, and nothing else', async () => {
    const { cache, folder } = open();
    await cache.store(place(1), bytes('x'));
    const scope = join(folder, 'scope');
    const old = new Date(Date.now() - 2 * 3_600_000);
    const names = ['.1-0a.tmp', '.2-0b.tmp', 'notes.txt'];
    for (const name of names) writeFileSync(join(scope, name), '');
    for (const name of ['.1-0a.tmp', 'notes.txt']) utimesSync(join(scope, name), old, old);
    await cache.store(place(2), bytes('y'));
    expect(names.filter((name) => existsSync(join(scope, name)))).toEqual(['.2-0b.tmp', 'notes.txt']);
  });

  test('follows no links and opens no devices', async () => {
    const { cache, folder } = open();
    await cache.store(place(1), bytes('ours'));
    const scope = join(folder, 'scope');
    const secret = join(temporaryFolder(), 'secret');
    writeFileSync(secret, 'theirs');
    const name = (version: number): string =>
      `${[1, version, 0].map((number) => String(number).padStart(16, '0')).join('-')}.bundle`;
    symlinkSync(secret, join(scope, name(7)));
    mkdirSync(join(scope, name(8)));
    execFileSync('mkfifo', [join(scope, name(9))]);
    expect(texts(await cache.load())).toEqual(['ours']);
  });

  test('refuses a folder that is a link', async () => {
    const { cache, folder, warnings } = open();
    mkdirSync(folder, { recursive: true });
    const elsewhere = temporaryFolder();
    symlinkSync(elsewhere, join(folder, 'scope'));
    await cache.store(place(1), bytes('x'));
    expect(readdirSync(elsewhere)).toEqual([]);
    expect(warnings).toHaveLength(1);
  });

  test('reads no record that is too large', async () => {
    const { cache, folder } = open();
    await cache.store(place(1), bytes('x'));
    execFileSync('truncate', [
      '-s',
      '18M',
      join(folder, 'scope', `${'0'.repeat(15)}1-${'0'.repeat(15)}2-${'0'.repeat(16)}.bundle`),
    ]);
    expect(texts(await cache.load())).toEqual(['x']);
  });
});

describe('without a disk that can be used', () => {
  async function useThrice({ cache, warnings }: Opened): Promise<string> {
    for (let round = 0; round < 3; round += 1) {
      await cache.store(place(round), bytes('x'));
      if ((await cache.load()).length > 0 || (await cache.newest())) warnings.push('something was stored');
    }
    return warnings.join('\n');
  }

  test('under a file instead of a folder: one warning, nothing thrown', async () => {
    const file = join(temporaryFolder(), 'home');
    writeFileSync(file, '');
    const told = await useThrice(open(join(file, 'cache')));
    expect(told).toMatch(/^The policy cache in .+ cannot be used \(ENOTDIR\)\..+kept in memory only.+$/u);
  });

  test('on a file system that takes no folders: one warning, nothing thrown', async () => {
    expect(await useThrice(open('/proc/controlzero'))).toMatch(
      /^The policy cache in .+ cannot be used \(E[A-Z]+\).+$/u,
    );
  });

  test('on a full device: one warning, no half file, and the last record stays', async () => {
    const program = `
      const { DiskCache } = await import(${JSON.stringify(new URL('../../src/node/disk-cache.ts', import.meta.url).href)});
      const warnings = [];
      const cache = new DiskCache({ folder: process.argv[1], scope: 's', warn: (message) => warnings.push(message) });
      const place = (version) => ({ epoch: 1, version, issuedAt: 0 });
      await cache.store(place(1), new Uint8Array(100));
      // Every write past the limit fails, as on a device without room.
      process.on('SIGXFSZ', () => {});
      await cache.store(place(2), new Uint8Array(4_000_000));
      await cache.store(place(3), new Uint8Array(4_000_000));
      const found = await cache.load();
      console.log(JSON.stringify([warnings.length, warnings[0], found.map(({ length }) => length)]));`;
    const folder = temporaryFolder();
    const output = execFileSync(
      'bash',
      ['-c', 'ulimit -f 1000; exec "$0" --input-type=module -e "$1" "$2"', process.execPath, program, folder],
      { encoding: 'utf8' },
    );
    const [count, warning, lengths] = JSON.parse(output) as [number, string, number[]];
    expect(count).toBe(1);
    expect(warning).toMatch(/EFBIG|ENOSPC/u);
    expect(lengths).toEqual([100]);
    expect(readdirSync(join(folder, 's')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  // Needs the right to mount; elsewhere the limit on file sizes above stands for it.
  test('on a file system without room: one warning, and the last record stays', async (context) => {
    const folder = temporaryFolder();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder], { stdio: 'ignore' });
    } catch {
      context.skip();
    }
    try {
      const { cache, warnings } = open(folder);
      await cache.store(place(1), new Uint8Array(100));
      for (const version of [2, 3]) await cache.store(place(version), new Uint8Array(1_000_000));
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain('ENOSPC');
      expect(cache.fault).toMatchObject({ kind: 'cache_io', message: warnings[0] });
      expect((await cache.load()).map(({ length }) => length)).toEqual([100]);
      await cache.store(place(4), bytes('fits'));
      expect(texts(await cache.load())[0]).toBe('fits');
      expect(cache.fault).toBeNull();
    } finally {
      execFileSync('umount', [folder]);
    }
  });
});
