import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';

import type { ControlZeroOptions } from '../src/index.ts';
import { resolveOptions } from '../src/options.ts';
import { resolveSource } from '../src/resolve-source.ts';
import { memoryLogger } from './support/memory-logger.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const home = process.cwd();
afterEach(() => process.chdir(home));

async function kindOf(options: ControlZeroOptions, environment: Record<string, string> = {}): Promise<string> {
  return (await resolveSource(resolveOptions(options, environment))).kind;
}

describe('resolveSource', () => {
  test('takes what the options name', async () => {
    expect(await kindOf({ policy: { rules: [] } })).toBe('inline');
    expect(await kindOf({ policyFile: 'x.yaml' })).toBe('file');
    const source = { kind: 'own', refreshIntervalMs: 0, read: async () => Promise.reject(new Error('x')) };
    expect(await kindOf({ source })).toBe('own');
  });

  test('warns where an API key is set beside a local policy', async () => {
    const logger = memoryLogger();
    expect(await kindOf({ policy: { rules: [] }, apiKey: 'key', logger })).toBe('inline');
    expect(logger.lines).toHaveLength(1);
  });

  test('asks the control plane when there is an API key, before files that only lie around', async () => {
    expect(await kindOf({ apiKey: 'cz_live_secret' }, { CONTROLZERO_POLICY_FILE: 'x.yaml' })).toBe('hosted');
  });

  test('takes the file of the environment, then one in the working folder, then none', async () => {
    process.chdir(temporaryFolder());
    expect(await kindOf({}, { CONTROLZERO_POLICY_FILE: 'x.yaml' })).toBe('file');
    await expect(kindOf({})).rejects.toThrow(/^No policy is configured\./u);
    writeFileSync('controlzero.json', '{}');
    const source = await resolveSource(resolveOptions({}, {}));
    utimesSync('controlzero.json', 1, 1);
    expect((await source.read({ signal: new AbortController().signal })).origin).toBe(
      join(process.cwd(), 'controlzero.json'),
    );
  });

  test('finds no file on a runtime without files', async () => {
    const getBuiltinModule = vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined);
    onTestFinished(() => getBuiltinModule.mockRestore());
    await expect(kindOf({})).rejects.toThrow('No policy is configured.');
    const source = await resolveSource(resolveOptions({ policyFile: 'x.yaml' }, {}));
    await expect(source.read({ signal: new AbortController().signal })).rejects.toThrow(
      'policyFile needs node:fs/promises',
    );
  });
});

test('without a logger, warnings and errors become process warnings', async () => {
  const seen: Error[] = [];
  const listener = (warning: Error): void => void seen.push(warning);
  process.on('warning', listener);
  onTestFinished(() => void process.off('warning', listener));
  const { logger } = resolveOptions({}, {});
  logger.debug('quiet');
  logger.info('quiet');
  logger.warn('loud');
  logger.error('louder');
  await new Promise((resolve) => setTimeout(resolve));
  expect(seen.map(({ name, message }) => `${name}: ${message}`)).toEqual([
    'ControlZeroWarning: loud',
    'ControlZeroWarning: louder',
  ]);
});
