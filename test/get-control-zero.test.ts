import { describe, expect, test } from 'vitest';

import type { PolicyDocument } from '../src/index.ts';
import { PolicyInvalidError, getControlZero } from '../src/index.ts';
import { inlineSource } from '../src/sources/inline.ts';
import { memoryLogger } from './support/memory-logger.ts';

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
    ]);
    expect(new Set(clients).size).toBe(6);
    expect(await getControlZero({ policy, logger })).toBe(clients[3]);
    expect(await getControlZero({ source })).toBe(clients[4]);
    await Promise.all(clients.map(async (cz) => cz.close()));
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
