import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { describe, expect, test } from 'vitest';

import { startTestControlPlane } from '../../src/testing/index.ts';
import { SOURCE_URL } from '../support/run-program.ts';
import { modelAllowlist } from '../support/specification-policies.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const NODE_URL = pathToFileURL(join(import.meta.dirname, '../../src/node/index.ts')).href;

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(program: string, environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const text = `
    const { ControlZero, init, modelRequest } = await import(${JSON.stringify(SOURCE_URL)});
    const { recordFile } = await import(${JSON.stringify(NODE_URL)});
    const policy = { rules: [{ effect: 'allow', action: 'llm.generate', resource: '*' }] };
    const decide = (cz, count) => {
      for (let made = 0; made < count; made += 1) cz.evaluate(modelRequest({ action: 'llm.generate', model: 'gpt-4' }));
    };
    ${program}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', text], {
    cwd: temporaryFolder(),
    env: { PATH: process.env['PATH'] ?? '', HOME: temporaryFolder(), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

function idsIn(path: string): string[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => (JSON.parse(line) as { readonly id: string }).id);
}

const fileClient = (path: string): string =>
  `const cz = await init({ policy, records: recordFile(${JSON.stringify(path)}) });`;

describe('records of a process that ends', () => {
  test('by itself are written, without close()', async () => {
    const path = join(temporaryFolder(), 'decisions.ndjson');
    const ended = await run(`${fileClient(path)} decide(cz, 1200);`);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(new Set(idsIn(path)).size).toBe(1200);
  });

  test('by itself before initialize() are written as well', async () => {
    const path = join(temporaryFolder(), 'decisions.ndjson');
    await run(`const cz = new ControlZero({ policy, records: recordFile(${JSON.stringify(path)}) }); decide(cz, 7);`);
    expect(idsIn(path)).toHaveLength(7);
  });

  test('by process.exit() are written into a file at once', async () => {
    const path = join(temporaryFolder(), 'decisions.ndjson');
    const ended = await run(`${fileClient(path)} decide(cz, 1200); process.exit(3);`);
    expect(ended.code).toBe(3);
    expect(new Set(idsIn(path)).size).toBe(1200);
  });

  test('by process.exit() in the middle of a write are all there, some perhaps twice with one id', async () => {
    const path = join(temporaryFolder(), 'decisions.ndjson');
    await run(`${fileClient(path)} decide(cz, 5000); setTimeout(() => process.exit(0), 3);`);
    expect(new Set(idsIn(path)).size).toBe(5000);
  });

  test('by an error that nobody caught are written into a file', async () => {
    const path = join(temporaryFolder(), 'decisions.ndjson');
    const ended = await run(`${fileClient(path)} decide(cz, 5); throw new Error('a bug');`);
    expect([ended.code, idsIn(path).length]).toEqual([1, 5]);
  });

  test('by SIGTERM are lost where nobody listens for it, and kept where close() is called', async () => {
    const path = join(temporaryFolder(), 'decisions.ndjson');
    const kill = `process.kill(process.pid, 'SIGTERM'); setTimeout(() => undefined, 5000);`;
    const ended = await run(`${fileClient(path)} decide(cz, 5); ${kill}`);
    expect([ended.signal, idsIn(path).length]).toEqual(['SIGTERM', 0]);
    const listen = `process.once('SIGTERM', async () => { await cz.close(); process.exit(0); });`;
    const closed = await run(`${fileClient(path)} ${listen} decide(cz, 5); ${kill}`);
    expect([closed.code, idsIn(path).length]).toEqual([0, 5]);
  });

  test('are not tried for ever where the disk takes none', async () => {
    const ended =
      await run(`const cz = await init({ policy, records: recordFile('/proc/nothing/here') }); decide(cz, 5);
      process.on('exit', () => console.log(JSON.stringify(cz.status().audit)));`);
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({ emitted: 5, queued: 5, lastError: { message: /ENOENT/u } });
  });

  test('reach the control plane when it ends by itself', async () => {
    await using plane = await startTestControlPlane({ policy: modelAllowlist });
    const environment = { CONTROLZERO_API_KEY: plane.apiKey, CONTROLZERO_BASE_URL: plane.url };
    const ended = await run(`const cz = await init({ hints: false }); decide(cz, 700);`, environment);
    expect(ended.code).toBe(0);
    expect(plane.audit).toHaveLength(700);
  });

  test('hold a process up for two seconds at most where the control plane does not answer', async () => {
    await using plane = await startTestControlPlane({ policy: modelAllowlist });
    plane.inject({ kind: 'hang-before-headers' }, { route: 'audit', times: Infinity });
    const environment = { CONTROLZERO_API_KEY: plane.apiKey, CONTROLZERO_BASE_URL: plane.url };
    const program = `const cz = await init({ hints: false }); decide(cz, 5);
      let begun;
      process.once('beforeExit', () => (begun = performance.now()));
      process.on('exit', () => console.log(Math.round((performance.now() - begun) / 1000), cz.status().audit.queued));`;
    const ended = await run(program, environment);
    expect([ended.code, ended.stdout.trim()]).toEqual([0, '2 5']);
    expect(plane.count('audit')).toBe(1);
  });

  test('hold nothing up while they wait for their time', async () => {
    await using plane = await startTestControlPlane({ policy: modelAllowlist });
    plane.inject({ kind: 'status', status: 503 }, { route: 'audit', times: Infinity });
    const environment = { CONTROLZERO_API_KEY: plane.apiKey, CONTROLZERO_BASE_URL: plane.url };
    const program = `const cz = await init({ hints: false }); decide(cz, 5); await cz.flush();
      console.log(cz.status().audit.queued, process.getActiveResourcesInfo().includes('Timeout'));`;
    expect((await run(program, environment)).stdout.trim()).toBe('5 false');
    expect(plane.count('audit')).toBe(1);
  });

  test('of many clients need one listener, and none once they are written', async () => {
    const program = `
      const clients = await Promise.all(Array.from({ length: 30 }, () => init({ policy, records: () => undefined })));
      for (const cz of clients) decide(cz, 1);
      const during = process.listenerCount('beforeExit') + process.listenerCount('exit');
      await Promise.all(clients.map((cz) => cz.flush()));
      console.log(during, process.listenerCount('beforeExit') + process.listenerCount('exit'));`;
    const ended = await run(program);
    expect([ended.stdout.trim(), ended.stderr]).toEqual(['2 0', '']);
  });
});
