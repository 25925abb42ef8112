import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';

import { setOne } from '../../cli/secrets.ts';
import type { CliRun } from '../support/run-cli.ts';
import { runCli } from '../support/run-cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const VALUE = 'sk-a-value-that-nobody-may-see';
const OTHER_KEY = Buffer.alloc(32, 7).toString('base64');

let cwd: string;
beforeEach(() => {
  cwd = temporaryFolder();
});

interface Given {
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

async function secrets(args: readonly string[], given: Given = {}): Promise<CliRun> {
  return runCli(['secrets', ...args], { cwd, ...given });
}

async function refusal(args: readonly string[], given?: Given): Promise<[CliRun['code'], string]> {
  const { code, stdout, stderr } = await secrets(args, given);
  expect(stdout).toBe('');
  expect(stderr).not.toContain(VALUE);
  expect(stderr).not.toContain('    at ');
  return [code, stderr];
}

describe('secrets without a vault', () => {
  test.each([['set', 'openai'], ['list'], ['rotate']])('%s says how to make one, and makes none', async (...args) => {
    const [code, message] = await refusal(args, { input: VALUE });
    expect(code).toBe(1);
    expect(message).toContain('The vault controlzero.vault cannot be read (ENOENT).');
    expect(message).toContain('controlzero secrets set <name> --create');
    expect(readdirSync(cwd)).toEqual([]);
  });

  test.each<[string, string, Given]>([
    ['an empty value', 'openai', { input: '\n' }],
    ['a bad name', 'bad name', { input: VALUE }],
    ['a key that is none', 'openai', { input: VALUE, environment: { CONTROLZERO_VAULT_KEY: VALUE } }],
  ])('set --create with %s makes nothing', async (_, name, given) => {
    const [code] = await refusal(['set', name, '--create'], given);
    expect(code).toBe(2);
    expect(readdirSync(cwd)).toEqual([]);
  });
});

describe('secrets of a vault', () => {
  beforeEach(async () => {
    await secrets(['set', 'openai', '--create'], { input: `${VALUE}\n` });
  });

  const vault = (): string => readFileSync(join(cwd, 'controlzero.vault'), 'utf8');

  test.each<[string, readonly string[], Given, string]>([
    ['an empty value', ['set', 'empty'], { input: '\n' }, 'A secret has 1 to 65536 bytes; empty has 0.'],
    [
      'a bad name',
      ['set', 'bad name'],
      { input: VALUE },
      "A name of a secret is 1 to 128 letters, digits, '.', '_' and",
    ],
    ['a vault that is there', ['set', 'b', '--create'], { input: VALUE }, 'is there already; nothing was changed.'],
    ['a name to rotate', ['rotate', 'nobody'], {}, "too many arguments for 'rotate'"],
    [
      'a key that is none',
      ['list'],
      { environment: { CONTROLZERO_VAULT_KEY: VALUE } },
      'CONTROLZERO_VAULT_KEY takes 32',
    ],
  ])('%s is wrong usage, and changes nothing', async (_, args, given, expected) => {
    const before = vault();
    const [code, message] = await refusal(args, given);
    expect(code).toBe(2);
    expect(message).toContain(expected);
    expect(vault()).toBe(before);
  });

  test.each([['set', 'b'], ['list'], ['rotate']])('%s with another key, or none, says which', async (...args) => {
    const before = vault();
    const [code, message] = await refusal(args, {
      input: VALUE,
      environment: { CONTROLZERO_VAULT_KEY: OTHER_KEY },
    });
    expect(code).toBe(1);
    expect(message).toMatch(/The vault is sealed with key \w+; CONTROLZERO_VAULT_KEY holds key \w+\./u);
    expect(message).not.toContain(OTHER_KEY);
    rmSync(join(cwd, 'controlzero.vault.key'));
    const [again, missing] = await refusal(args, { input: VALUE });
    expect(again).toBe(1);
    expect(missing).toContain('CONTROLZERO_VAULT_KEY is not set, and controlzero.vault.key is not there.');
    expect(vault()).toBe(before);
  });

  test('names and versions are listed, and no values, before and after another key', async () => {
    await secrets(['set', 'openai'], { input: 'another value' });
    const key = readFileSync(join(cwd, 'controlzero.vault.key'), 'utf8');
    for (const run of [await secrets(['list']), await secrets(['rotate']), await secrets(['list'])])
      expect([run.code, run.stdout]).toEqual([
        0,
        expect.stringMatching(/^openai {2}version 2\n$|^The vault is sealed/u),
      ]);
    expect(readFileSync(join(cwd, 'controlzero.vault.key'), 'utf8')).not.toBe(key);
  });

  test('a lock is waited for, and named when it stays', { timeout: 60_000 }, async () => {
    const lock = join(cwd, 'controlzero.vault.lock');
    writeFileSync(lock, '');
    const [code, message] = await refusal(['set', 'b'], { input: VALUE });
    expect([code, message]).toEqual([2, expect.stringContaining('controlzero.vault.lock has not gone away.')]);
    expect(message).toContain('remove the lock');
    const waiting = secrets(['set', 'b'], { input: VALUE });
    setTimeout(() => rmSync(lock), 200);
    expect((await waiting).stdout).toBe('Stored b, version 1.\n');
  });

  test('a vault that was changed is refused', async () => {
    writeFileSync(join(cwd, 'controlzero.vault'), vault().replace('"openai"', '"opfnai"'));
    const [code, message] = await refusal(['list']);
    expect([code, message]).toEqual([1, expect.stringContaining('error: ')]);
  });

  test('a value is not typed at a terminal', async () => {
    const before = Object.getOwnPropertyDescriptor(process.stdin, 'isTTY');
    Object.defineProperty(process.stdin, 'isTTY', { value: true, configurable: true });
    onTestFinished(() => {
      if (before) Object.defineProperty(process.stdin, 'isTTY', before);
      else Reflect.deleteProperty(process.stdin, 'isTTY');
    });
    await expect(setOne('openai', { vault: join(cwd, 'controlzero.vault') })).rejects.toThrow(
      'Pipe the value in, so that it is neither shown nor kept: controlzero secrets set openai < file',
    );
  });
});
