import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { PolicyDocument, PolicySource } from '../../src/index.ts';
import { ConfigurationError, ControlZero, PolicyInvalidError, PolicyUnavailableError, init } from '../../src/index.ts';
import { inlineSource } from '../../src/sources/inline.ts';
import { memoryLogger } from '../support/memory-logger.ts';
import { SOURCE_URL, runProgram } from '../support/run-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const policy: PolicyDocument = { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] };
const gpt4 = { action: 'llm.generate', resource: 'model/gpt-4' };

function failingSource(failures: number): PolicySource & { reads: number } {
  const inner = inlineSource(policy);
  return {
    kind: 'failing',
    refreshIntervalMs: 0,
    reads: 0,
    async read(options) {
      this.reads += 1;
      if (this.reads <= failures) throw new Error(`failure ${this.reads}`);
      return inner.read(options);
    },
  };
}

const stuckSource: PolicySource = {
  kind: 'stuck',
  refreshIntervalMs: 0,
  read: async () => new Promise(() => undefined),
};

describe('initialize', () => {
  test('makes a policy active, once', async () => {
    const source = failingSource(0);
    const cz = new ControlZero({ source });
    expect(cz.status()).toMatchObject({ state: 'idle', usable: false, policy: null });
    expect(cz.evaluate(gpt4)).toMatchObject({ allowed: false, reasonCode: 'NO_POLICY', revision: null });
    const [one, two] = await Promise.all([cz.initialize(), cz.initialize()]);
    await cz.initialize();
    expect(one).toBe(cz);
    expect(two).toBe(cz);
    expect(source.reads).toBe(1);
    expect(cz.evaluate(gpt4).allowed).toBe(true);
    expect(cz.status()).toMatchObject({
      state: 'ready',
      usable: true,
      policy: { kind: 'failing', source: 'local', rules: 1 },
    });
    await cz.close();
  });

  test('rejects with what the source threw, and can be called again', async () => {
    const cz = new ControlZero({ source: failingSource(1) });
    await expect(cz.initialize()).rejects.toThrow('failure 1');
    expect(cz.status()).toMatchObject({
      state: 'interrupted',
      consecutiveFailures: 1,
      lastError: { kind: 'unreadable', message: 'failure 1' },
    });
    await cz.initialize();
    expect(cz.status()).toMatchObject({ state: 'ready', consecutiveFailures: 0, lastError: null });
    await cz.close();
  });

  test('goes on in the background after a failure', async () => {
    const cz = new ControlZero({ source: failingSource(2), refreshInterval: 0.02, logger: memoryLogger() });
    const activated = new Promise((resolve) => {
      cz.onPolicy((event) => event.type === 'policy-activated' && resolve(event));
    });
    await expect(cz.initialize()).rejects.toThrow('failure 1');
    await activated;
    expect(cz.evaluate(gpt4).allowed).toBe(true);
    await cz.close();
  });

  test('waits no longer than it is told, while the attempt goes on', async () => {
    const cz = new ControlZero({ source: stuckSource });
    await expect(cz.initialize({ timeoutMs: 10 })).rejects.toThrow(PolicyUnavailableError);
    await expect(cz.initialize({ signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow('stopped');
    const controller = new AbortController();
    const waiting = cz.initialize({ signal: controller.signal });
    controller.abort(new Error('stopped later'));
    await expect(waiting).rejects.toThrow('stopped later');
    expect(cz.status().state).toBe('initializing');
    await cz.close();
  });

  test('refuses a policy with mistakes', async () => {
    await expect(init({ policy: { rules: [{}] } })).rejects.toThrow(PolicyInvalidError);
  });

  test('says what to set when nothing names a policy', async () => {
    const output = await runProgram(
      `
      const { ControlZero, init } = await import(${JSON.stringify(SOURCE_URL)});
      const error = await init().catch((thrown) => thrown);
      const decision = new ControlZero().evaluate({ action: 'a', resource: 'b' });
      console.log(JSON.stringify([error.code, error.message, decision.allowed]));`,
      { cwd: temporaryFolder() },
    );
    const [code, message, allowed] = JSON.parse(output) as [string, string, boolean];
    expect([code, allowed]).toEqual(['ERR_CZ_POLICY_UNAVAILABLE', false]);
    expect(message).toMatch(/policyFile.+CONTROLZERO_POLICY_FILE.+controlzero\.yaml/u);
  });
});

describe('which policy applies', () => {
  const file = (resource: string): string =>
    `version: '1'\nrules:\n  - allow: llm:generate\n    resource: ${resource}\n`;
  const program = (options: string): string => `
    const { init } = await import(${JSON.stringify(SOURCE_URL)});
    const lines = [];
    const log = (line) => lines.push(line);
    const logger = { debug: log, info: log, warn: log, error: log };
    const cz = await init({ logger, ...${options} }).catch((error) => error);
    console.log(JSON.stringify(typeof cz.status === 'function' ? [cz.status().policy.origin.replace(/.*[\\\\/]/, ''), lines] : [cz.code, cz.message]));`;

  async function applied(
    options: string,
    environment: Record<string, string>,
    names: readonly string[],
  ): Promise<[string, unknown]> {
    const cwd = temporaryFolder();
    for (const name of names) writeFileSync(join(cwd, name), name.endsWith('.json') ? '{"rules":[]}' : file('model/x'));
    return JSON.parse(await runProgram(program(options), { cwd, environment })) as [string, unknown];
  }

  test('the option before everything else', async () => {
    const environment = { CONTROLZERO_POLICY_FILE: 'env.yaml' };
    expect(await applied('{ policy: { rules: [] } }', environment, ['env.yaml', 'controlzero.yaml'])).toEqual([
      'the policy option',
      [],
    ]);
    expect(
      await applied("{ policyFile: 'own.yaml' }", environment, ['own.yaml', 'env.yaml', 'controlzero.yaml']),
    ).toEqual(['own.yaml', []]);
  });

  test('a local policy beside an API key, with a warning', async () => {
    const [origin, lines] = await applied('{ policy: { rules: [] } }', { CONTROLZERO_API_KEY: 'cz_live_secret' }, []);
    expect(origin).toBe('the policy option');
    expect(lines).toEqual([
      'A local policy (inline) and an API key are both set. The local policy applies; the control plane is not asked.',
    ]);
  });

  test('the API key before files that only lie around', async () => {
    const [code, message] = await applied(
      '{}',
      {
        CONTROLZERO_API_KEY: 'cz_live_secret',
        CONTROLZERO_BASE_URL: 'http://127.0.0.1:1',
        CONTROLZERO_CACHE_DIR: 'cache',
        CONTROLZERO_POLICY_FILE: 'env.yaml',
      },
      ['env.yaml', 'controlzero.yaml'],
    );
    expect(code).toBe('ERR_CZ_POLICY_UNAVAILABLE');
    expect(message).toContain('The control plane cannot be reached');
    expect(message).not.toContain('cz_live_secret');
  });

  test('the file of the environment before the working folder', async () => {
    expect(await applied('{}', { CONTROLZERO_POLICY_FILE: 'env.yaml' }, ['env.yaml', 'controlzero.yaml'])).toEqual([
      'env.yaml',
      [],
    ]);
  });

  test('controlzero.yaml before .yml before .json', async () => {
    expect(await applied('{}', {}, ['controlzero.yaml', 'controlzero.yml', 'controlzero.json'])).toEqual([
      'controlzero.yaml',
      [],
    ]);
    expect(await applied('{}', {}, ['controlzero.yml', 'controlzero.json'])).toEqual(['controlzero.yml', []]);
    expect(await applied('{}', {}, ['controlzero.json'])).toEqual(['controlzero.json', []]);
  });
});

describe('a process that uses the package', () => {
  test('ends by itself with a client that was never closed', async () => {
    const cwd = temporaryFolder();
    writeFileSync(join(cwd, 'controlzero.json'), '{"rules":[]}');
    const output = await runProgram(
      `
      const { init } = await import(${JSON.stringify(SOURCE_URL)});
      const cz = await init({ refreshInterval: 1 });
      cz.onDecision((event) => console.log(event.decision.reasonCode));
      cz.evaluate({ action: 'a', resource: 'b' });`,
      { cwd },
    );
    expect(output).toBe('NO_RULE_MATCH');
  });

  test('gets no timer from a constructor', async () => {
    const output = await runProgram(
      `
      const { ControlZero } = await import(${JSON.stringify(SOURCE_URL)});
      new ControlZero({ policy: { rules: [] }, refreshInterval: 1 });
      console.log(JSON.stringify(process.getActiveResourcesInfo().filter((name) => name === 'Timeout')));`,
      { cwd: temporaryFolder() },
    );
    expect(output).toBe('[]');
  });
});

test('the constructor refuses options of the wrong kind', () => {
  expect(() => new ControlZero({ policyfile: 'x' } as never)).toThrow(ConfigurationError);
});
