import { describe, expect, test } from 'vitest';

import type { PolicyDocument } from '../src/index.ts';
import { PolicyInvalidError, getControlZero } from '../src/index.ts';
import { inlineSource } from '../src/sources/inline.ts';
import { memoryLogger } from './support/memory-logger.ts';
import { SOURCE_URL, runProgram } from './support/run-program.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const policy: PolicyDocument = { name: 'shared', rules: [] };

describe('getControlZero', () => {
  test('gives the same client for the same configuration', async () => {
    const [one, two] = await Promise.all([getControlZero({ policy }), getControlZero({ policy: { ...policy } })]);
    expect(one).toBe(two);
    expect(one?.status().state).toBe('local');
    await one?.close();
  });

  test('gives another client for another configuration', async () => {
    const logger = memoryLogger();
    const source = inlineSource(policy);
    const clients = await Promise.all([
      getControlZero({ policy }),
      getControlZero({ policy, agentId: 'a' }),
      getControlZero({ policy: { ...policy, name: 'other' } }),
      getControlZero({ policy, logger }),
      getControlZero({ source }),
      getControlZero({ source: inlineSource(policy) }),
      getControlZero({ policy, traceContext: () => undefined }),
      getControlZero({ policy, traceContext: () => undefined }),
      getControlZero({ policy, records: () => undefined }),
      getControlZero({ policy, records: [() => undefined] }),
      getControlZero({ policy, recordContext: ['tier'] }),
    ]);
    expect(new Set(clients).size).toBe(11);
    expect(await getControlZero({ policy, logger })).toBe(clients[3]);
    expect(await getControlZero({ source })).toBe(clients[4]);
    await Promise.all(clients.map(async (cz) => cz.close()));
  });

  test('gives the same client to every copy of the package in the process', async () => {
    const output = await runProgram(
      `
      // Node takes a file by another path for another module, and with it everything that it imports.
      const { cpSync } = await import('node:fs');
      cpSync(new URL('.', ${JSON.stringify(SOURCE_URL)}), 'copy', { recursive: true });
      const one = await import(${JSON.stringify(SOURCE_URL)});
      const two = await import(process.cwd() + '/copy/index.ts');
      const options = { policy: { rules: [] } };
      const clients = [await one.getControlZero(options), await two.getControlZero(options)];
      console.log(JSON.stringify([one.ControlZero === two.ControlZero, clients[0] === clients[1]]));
      await clients[0].close();`,
      { cwd: temporaryFolder() },
    );
    expect(JSON.parse(output)).toEqual([false, true]);
  });

  test('replaces a client that was closed', async () => {
    const one = await getControlZero({ policy });
    await one.close();
    const two = await getControlZero({ policy });
    expect(two).not.toBe(one);
    expect(two.status().state).toBe('local');
    await two.close();
  });

  test('rejects while the policy is not to be had, each time', async () => {
    const broken: PolicyDocument = { rules: [{}] };
    await expect(getControlZero({ policy: broken })).rejects.toThrow(PolicyInvalidError);
    await expect(getControlZero({ policy: broken })).rejects.toThrow(PolicyInvalidError);
  });
});
