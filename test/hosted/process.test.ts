import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { TestControlPlane } from '../../src/testing/index.ts';
import { startTestControlPlane } from '../../src/testing/index.ts';
import { SOURCE_URL, runProgram } from '../support/run-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('a process with a hosted policy', () => {
  let plane: TestControlPlane;

  beforeAll(async () => {
    plane = await startTestControlPlane({
      policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] },
    });
  });
  afterAll(async () => plane.close());

  const environment = (): Record<string, string> => ({
    CONTROLZERO_API_KEY: plane.apiKey,
    CONTROLZERO_BASE_URL: plane.url,
    CONTROLZERO_CACHE_DIR: temporaryFolder(),
  });

  async function run(program: string): Promise<unknown> {
    const text = await runProgram(
      `const { ControlZero, init } = await import(${JSON.stringify(SOURCE_URL)});
       const request = { action: 'llm.generate', resource: 'model/gpt-4' };
       ${program}`,
      { cwd: temporaryFolder(), environment: environment() },
    );
    return text === '' ? undefined : JSON.parse(text);
  }

  test('needs nothing but the environment', async () => {
    const program = `
      const cz = await init();
      const { state, usable, policy } = cz.status();
      console.log(JSON.stringify([cz.evaluate(request).allowed, state, usable, policy.source, cz.status().audit.queued]));
      await cz.close();`;
    expect(await run(program)).toEqual([true, 'ready', true, 'network', 1]);
  });

  test('ends by itself with a client that was never closed, its stream open', async () => {
    const before = plane.count('stream');
    const program = `
      const cz = await init();
      await new Promise((resolve) => setTimeout(resolve, 200));
      console.log(JSON.stringify(cz.status().state));`;
    expect(await run(program)).toBe('ready');
    expect(plane.count('stream')).toBe(before + 1);
  });

  test('has no socket and no timer left once it is closed', async () => {
    const program = `
      const cz = await init();
      await new Promise((resolve) => setTimeout(resolve, 100));
      await cz.close();
      await new Promise((resolve) => setTimeout(resolve, 100));
      const held = process.getActiveResourcesInfo().filter((name) => !/^(?:PipeWrap|TTYWrap)$/.test(name));
      console.log(JSON.stringify(held));`;
    // What may be left is an idle connection of fetch, which keeps no process up.
    expect(((await run(program)) as string[]).filter((name) => name !== 'TCPSocketWrap')).toEqual([]);
  });

  test('denies and says why where the control plane is not there, and does not crash', async () => {
    plane.inject({ kind: 'status', status: 500 }, { route: 'any', times: 1 });
    const program = `
      const lines = [];
      const log = (line) => lines.push(line);
      const cz = new ControlZero({ logger: { debug: log, info: log, warn: log, error: log } });
      const error = await cz.enforce(request).catch((thrown) => thrown);
      console.log(JSON.stringify([error.code, error.status, error.cause.kind, error.cause.httpStatus, lines.length]));
      await cz.close();`;
    expect(await run(program)).toEqual(['ERR_CZ_POLICY_UNAVAILABLE', 503, 'http', 500, 1]);
  });

  test.each(['gzip-bomb', 'endless', 'zstd-bomb'] as const)('keeps its memory against %s', async (kind) => {
    const program = `
      const cz = new ControlZero();
      const error = await cz.initialize().catch((thrown) => thrown);
      console.log(JSON.stringify([error.kind ?? null, process.resourceUsage().maxRSS / 1024]));
      await cz.close();`;
    const [none, usual] = (await run(program)) as [null, number];
    const clear = plane.inject({ kind }, { times: Infinity });
    const [refusal, most] = (await run(program).finally(clear)) as [string, number];
    console.log(JSON.stringify({ kind, moreMegabytes: Math.round(most - usual) }));
    expect([none, refusal]).toEqual([null, 'too_large']);
    expect(most - usual).toBeLessThan(64);
  });

  test('takes a header with a line break for a mistake, and does not show it', async () => {
    const program = `
      const cz = new ControlZero({ apiKey: 'cz_live_first\\\\nsecond' });
      const error = await cz.initialize().catch((thrown) => thrown);
      console.log(JSON.stringify([error.code, error.message.includes('first'), error.message.includes('CONTROLZERO_API_KEY')]));`;
    const text = program.replace('\\\\n', '\\n');
    expect(await run(text)).toEqual(['ERR_CZ_CONFIGURATION', false, true]);
  });

  test('stands being killed while it writes its cache', async () => {
    const cacheDir = temporaryFolder();
    const program = `
      const { init } = await import(${JSON.stringify(SOURCE_URL)});
      await init();
      process.kill(process.pid, 'SIGKILL');`;
    for (let round = 0; round < 3; round += 1) {
      await new Promise((resolve) => {
        const env = { ...process.env, ...environment(), CONTROLZERO_CACHE_DIR: cacheDir };
        spawn(process.execPath, ['--input-type=module', '-e', program], { cwd: root, env }).on('close', resolve);
      });
    }
    const text = await runProgram(
      `const { init } = await import(${JSON.stringify(SOURCE_URL)});
       const cz = await init();
       console.log(cz.status().usable);
       await cz.close();`,
      { cwd: temporaryFolder(), environment: { ...environment(), CONTROLZERO_CACHE_DIR: cacheDir } },
    );
    expect(text).toBe('true');
  });
});
