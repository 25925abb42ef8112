import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

describe('without any framework installed', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'controlzero-peers-'));
    const scope = join(folder, 'node_modules/@controlzero/sdk');
    mkdirSync(scope, { recursive: true });
    cpSync(join(root, 'dist'), join(scope, 'dist'), { recursive: true });
    cpSync(join(root, 'package.json'), join(scope, 'package.json'));
    for (const name of ['valibot', 'yaml'])
      symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  test.each(['', '/openai', '/ai-sdk', '/node', '/testing'])('@controlzero/sdk%s loads', (subpath) => {
    const script = `
      const isAbsent = (name) => import(name).then(() => false, (error) => error.code === 'ERR_MODULE_NOT_FOUND');
      const absent = (await Promise.all(['openai', 'ai', '@ai-sdk/provider'].map(isAbsent))).every(Boolean);
      const names = Object.keys(await import('@controlzero/sdk${subpath}'));
      console.log(JSON.stringify([absent, names.length > 0]));`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(JSON.parse(output)).toEqual([true, true]);
  });

  test.each([
    ['/langchain', '@langchain/core'],
    ['/otel', '@opentelemetry/api'],
  ])('@controlzero/sdk%s says that it needs %s', (subpath, peer) => {
    const script = `await import('@controlzero/sdk${subpath}').catch((error) => console.log(error.code, error.message));`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(output).toContain(`ERR_MODULE_NOT_FOUND Cannot find package '${peer}'`);
  });
});
