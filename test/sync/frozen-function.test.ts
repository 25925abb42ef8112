import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { expect, onTestFinished, test } from 'vitest';

import { startLocalProvider, startTestControlPlane } from '../../src/testing/index.ts';
import type { FrozenAnswer } from '../support/frozen-function.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const PROGRAM = fileURLToPath(new URL('../support/frozen-function.ts', import.meta.url));
const OLD = { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] } as const;
const NEW = { rules: [{ effect: 'deny', action: 'llm.generate', resource: 'model/gpt-4' }] } as const;
// More than two intervals, so that a refresh is overdue.
const FROZEN_MS = 180_000;

// One function as its platform treats it: awake for a request and for what it was asked to wait for.
class FrozenFunction {
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  async message(): Promise<unknown> {
    const [message] = await once(this.#child, 'message');
    return message;
  }

  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  /** A request that comes after so many milliseconds. It wakes the function up. */
  async request(frozenMs: number): Promise<FrozenAnswer> {
    this.#child.send(frozenMs);
    this.#child.kill('SIGCONT');
    return (await this.message()) as FrozenAnswer;
  }
}

test.skipIf(process.platform === 'win32')(
  'a function that was frozen answers at once by the policy it has, and fetches the new one with that request',
  async () => {
    const plane = await startTestControlPlane({ policy: OLD });
    const provider = await startLocalProvider();
    const child = fork(PROGRAM, [provider.baseURL], {
      cwd: temporaryFolder(),
      execArgv: [],
      env: {
        PATH: process.env['PATH'],
        VERCEL: '1',
        CONTROLZERO_API_KEY: plane.apiKey,
        CONTROLZERO_BASE_URL: plane.url,
        CONTROLZERO_CACHE_DIR: temporaryFolder(),
        // Records are handed to the platform too, and only the refresh is counted here.
        CONTROLZERO_LOG_DECISIONS: 'false',
      },
    });
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await Promise.all([plane.close(), provider.close()]);
    });
    const frozen = new FrozenFunction(child);
    expect(await frozen.message()).toBe('ready');
    const first = await frozen.request(0);
    expect(first.outcome).toBe('served');
    expect(await frozen.message()).toBe('idle');

    frozen.freeze();
    await plane.publish(NEW);
    const second = await frozen.request(FROZEN_MS);
    expect(second).toMatchObject({ outcome: 'served', revision: first.revision });
    expect(second.waitedFor).toBeGreaterThan(0);
    expect(first.waitedFor).toBe(0);
    expect(await frozen.message()).toBe('idle');
    frozen.freeze();
    const third = await frozen.request(0);
    expect(third.outcome).toBe('denied');
    expect(third.revision).not.toBe(first.revision);
    expect(provider.requests).toHaveLength(2);
  },
);
