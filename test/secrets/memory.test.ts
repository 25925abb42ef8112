import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { describe, expect, test } from 'vitest';

import { SecretValue } from '../../src/secrets/secret-value.ts';
import { createVault, setSecret } from '../../src/node/index.ts';
import { startTestControlPlane } from '../../src/testing/index.ts';
import { findCanaries } from '../support/canaries.ts';
import { CANARIES, SECRET } from '../support/leak-stage.ts';
import { SOURCE_URL, runProgram } from '../support/run-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const PROGRAM = `
  import { writeFileSync } from 'node:fs';
  import { setFlagsFromString, writeHeapSnapshot } from 'node:v8';
  import { runInNewContext } from 'node:vm';
  setFlagsFromString('--expose-gc');
  const { init } = await import(${JSON.stringify(SOURCE_URL)});
  const cz = await init({ secretsEnabled: true, secrets: ['openai'], hints: false, logger: console });
  let length = 0;
  for (let round = 0; round < 100; round += 1) length += cz.getSecret('openai').length;
  // A text that held the secret, and the errors and lines that came of it.
  try { cz.getSecret('unknown'); } catch {}
  cz.logger.debug(cz.getSecret('openai'));
  runInNewContext('gc')();
  await new Promise((resolve) => setTimeout(resolve, 20));
  runInNewContext('gc')();
  if (process.env.PLANT) globalThis.planted = [cz.getSecret('openai')];
  if (process.env.KIND === 'heap') writeHeapSnapshot('output');
  else writeFileSync('output', JSON.stringify(process.report.getReport()));
  if (length < 0) console.log(length);
`;

// What a process that uses a secret shows of its memory.
async function run(kind: 'heap' | 'report', environment: Record<string, string> = {}): Promise<Buffer> {
  const folder = temporaryFolder();
  const vault = await createVault({ vaultFile: join(folder, 'controlzero.vault') });
  await setSecret('openai', SECRET, vault);
  writeFileSync(join(folder, 'controlzero.json'), JSON.stringify({ rules: [] }));
  await runProgram(PROGRAM, { cwd: folder, environment: { KIND: kind, ...environment } });
  return readFileSync(join(folder, 'output'));
}

describe('memory', () => {
  test('shows no secret in a heap snapshot, unless the application keeps one', { timeout: 60_000 }, async () => {
    const snapshot = await run('heap');
    expect(snapshot.length).toBeGreaterThan(1_000_000);
    expect(findCanaries(snapshot, CANARIES)).toEqual([]);
    expect(findCanaries(await run('heap', { PLANT: ' kept' }), CANARIES)).toContainEqual({
      canary: 'secret',
      encoding: 'raw',
    });
  });

  test.each(['in one envelope', 'one by one'])(
    'shows no secret of a control plane, %s',
    { timeout: 60_000 },
    async (manner) => {
      await using plane = await startTestControlPlane({ policy: { rules: [] }, secrets: { openai: SECRET } });
      if (manner === 'one by one') plane.inject({ kind: 'status', status: 404 }, { route: 'secrets', times: Infinity });
      const snapshot = await run('heap', {
        CONTROLZERO_API_KEY: plane.apiKey,
        CONTROLZERO_BASE_URL: plane.url,
        CONTROLZERO_CACHE_DIR: temporaryFolder(),
      });
      expect(plane.count(manner === 'one by one' ? 'secret' : 'secrets')).toBe(1);
      expect(findCanaries(snapshot, CANARIES)).toEqual([]);
    },
  );

  test('shows no secret in a diagnostic report', async () => {
    const report = await run('report');
    expect(JSON.parse(report.toString())).toHaveProperty('environmentVariables');
    expect(findCanaries(report, CANARIES)).toEqual([]);
  });
});

describe('a value', () => {
  const value = new SecretValue('[secret openai]', new TextEncoder().encode(SECRET));

  test.each<readonly [string, () => string]>([
    ['a template', () => `a ${value as unknown as string}`],
    ['a sum', () => 'a ' + (value as unknown as string)],
    ['String()', () => String(value)],
    ['JSON', () => JSON.stringify({ value })],
    ['inspect()', () => inspect(value, { showHidden: true, depth: 5 })],
    ['inspect() of what holds it', () => inspect({ deep: [new Map([['a', value]])] }, { showHidden: true, depth: 9 })],
    ['concat()', () => [value].join()],
  ])('shows its name in %s', (_, show) => {
    expect(show()).toContain('[secret openai]');
    expect(findCanaries(show(), CANARIES)).toEqual([]);
  });

  test('shows nothing in a clone, in its keys, or as a number', () => {
    expect(structuredClone({ value })).toEqual({ value: {} });
    expect(Reflect.ownKeys(value)).toEqual([]);
    expect(Number(value)).toBeNaN();
  });
});
