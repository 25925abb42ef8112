import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { CLI } from '../support/run-cli.ts';

const run = promisify(execFile);
const page = join(dirname(fileURLToPath(import.meta.url)), '../../docs/cli.md');

describe('docs/cli.md', () => {
  let cwd: string;
  beforeAll(() => {
    cwd = mkdtempSync(join(tmpdir(), 'controlzero-cli-docs-'));
    mkdirSync(join(cwd, 'bin'));
    const shim = join(cwd, 'bin/controlzero');
    writeFileSync(shim, `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`);
    chmodSync(shim, 0o755);
  });
  afterAll(() => rmSync(cwd, { recursive: true }));

  async function outputOf(command: string): Promise<string> {
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(?:CONTROLZERO_|NODE_|FORCE_COLOR)/u.test(name),
    );
    const env = { ...Object.fromEntries(inherited), PATH: `${join(cwd, 'bin')}${delimiter}${process.env['PATH']}` };
    const { stdout, stderr } = await run('bash', ['-c', command], { cwd, env });
    expect(stderr).toBe('');
    return stdout;
  }

  // `vitest -u` writes the page anew.
  test('every command prints what the page says', { timeout: 60_000 }, async () => {
    let commands = 0;
    let written = '';
    let isShell = false;
    for (const line of readFileSync(page, 'utf8').split('\n')) {
      if (line.startsWith('```')) isShell = line === '```sh';
      if (isShell && line.startsWith('$ ')) {
        commands += 1;
        written += `${line}\n${await outputOf(line.slice(2))}`;
      } else if (!isShell || line.startsWith('```')) written += `${line}\n`;
    }
    expect(commands).toBeGreaterThan(12);
    await expect(written.replace(/\n$/u, '')).toMatchFileSnapshot(page);
  });

  test('every command of the program is on the page', async () => {
    const help = await outputOf('controlzero --help');
    const names = Array.from(help.matchAll(/^ {2}(\w+) .*$/gmu), ([, name]) => name).filter((name) => name !== 'help');
    expect(names.length).toBeGreaterThan(7);
    const headings = Array.from(readFileSync(page, 'utf8').matchAll(/^## (\w+)$/gmu), ([, name]) => name);
    expect(new Set(headings)).toEqual(new Set(names));
  });
});
