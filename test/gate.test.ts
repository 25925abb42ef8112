import { describe, expect, test } from 'vitest';

import type { GatedCall, GovernanceOptions } from '../src/index.ts';
import { ControlZero, Gate, PolicyDeniedError, PolicyUnavailableError } from '../src/index.ts';
import type { TestControlZero } from '../src/testing/index.ts';
import { createTestControlZero } from '../src/testing/index.ts';
import { denialOf } from './support/denial-of.ts';
import { agentTiers, modelAllowlist } from './support/specification-policies.ts';
import { whilePolluted } from './support/while-polluted.ts';

function gateOf({ cz }: TestControlZero, options: GovernanceOptions = {}): Gate {
  return new Gate({ owner: 'test()', cz, options });
}

const call = (model: string, more: Partial<GatedCall> = {}): GatedCall => ({
  action: 'llm.generate',
  named: { model },
  ...more,
});

describe('a gate', () => {
  test('takes the fallbacks of a call instead of its own', async () => {
    const client = await createTestControlZero(modelAllowlist);
    const gate = gateOf(client, { fallback: ['gpt-4'] });
    expect((await gate.enforce(call('o3'))).fallback).toBe('gpt-4');
    expect((await gate.enforce(call('o3', { fallback: ['o1', 'gpt-3.5-turbo'] }))).fallback).toBe('gpt-3.5-turbo');
    await denialOf(gate.enforce(call('o3', { fallback: [] })));
    await denialOf(gate.enforce(call('o3', { fallback: ['gpt-4'], isExchangeable: false })));
    await denialOf(gate.enforce(call('o3', { named: { fault: 'No model.' }, fallback: ['gpt-4'] })));
  });

  test('asks anew for another action, and where no other model may serve the call', async () => {
    const client = await createTestControlZero(modelAllowlist);
    const gate = gateOf(client, { fallback: ['gpt-4'] });
    for (let round = 0; round < 2; round += 1) {
      expect(await gate.enforce(call('o3'))).toMatchObject({ fallback: 'gpt-4' });
      await denialOf(gate.enforce(call('o3', { isExchangeable: false })));
      await denialOf(gate.enforce(call('gpt-4', { action: 'embedding.generate' })));
      expect(await gate.enforce(call('gpt-4'))).toMatchObject({ fallback: undefined });
    }
  });

  test('judges more models than it remembers, and longer ones', async () => {
    const client = await createTestControlZero(modelAllowlist);
    const gate = gateOf(client);
    for (let index = 0; index < 1100; index += 1)
      expect(() => gate.enforceNow(call(`o${index}`))).toThrow(PolicyDeniedError);
    expect(() => gate.enforceNow(call('o'.repeat(300)))).toThrow(PolicyDeniedError);
    expect(gate.enforceNow(call('gpt-4'))).toMatchObject({ decision: { allowed: true } });
  });

  test('says which fallback is likely, of those that the call has', async () => {
    const client = await createTestControlZero(modelAllowlist);
    const gate = gateOf(client, { fallback: ['gpt-4'] });
    expect(gate.likelyFallback(call('o3'))).toBe('gpt-4');
    expect(gate.likelyFallback(call('o3', { fallback: ['o1'] }))).toBeUndefined();
    expect(gate.likelyFallback(call('gpt-4'))).toBeUndefined();
    expect(gate.likelyFallback(call('o3', { isExchangeable: false }))).toBeUndefined();
    expect(gate.likelyFallback(call('o3', { named: { fault: 'No model.' } }))).toBeUndefined();
    expect(await client.decisions()).toEqual([]);
  });

  test('is asked before a call: records a denial, and leaves what passes to the call', async () => {
    const client = await createTestControlZero(modelAllowlist);
    const gate = gateOf(client);
    await gate.preflight(call('gpt-4'));
    await gate.preflight(call('o3', { fallback: ['gpt-4'] }));
    expect(await client.decisions()).toEqual([]);
    await denialOf(gate.preflight(call('o3')));
    await denialOf(gate.preflight(call('gpt-4', { named: { model: 'gpt-4', others: ['o3'] } })));
    await denialOf(gate.preflight(call('gpt-4', { named: { fault: 'No model.' } })));
    expect(await client.decisions()).toHaveLength(3);
  });

  test('is asked for nothing in shadow mode', async () => {
    const client = await createTestControlZero(modelAllowlist, { mode: 'shadow' });
    await gateOf(client).preflight(call('o3'));
    await gateOf(client).preflight(call('o3', { named: { fault: 'No model.' } }));
    expect(await client.decisions()).toEqual([]);
  });

  test('says who asks, in each event', async () => {
    const { cz, decisions } = await createTestControlZero(modelAllowlist);
    const named = new Gate({ owner: 'test()', adapter: 'mine', cz, options: {} });
    const { decision } = await named.enforce(call('gpt-4'));
    await named.enforce(call('gpt-4', { previous: decision }));
    await denialOf(named.enforce(call('o3', { previous: decision })));
    await denialOf(named.enforceTool('weather'));
    await gateOf({ cz } as TestControlZero).enforce(call('gpt-4'));
    expect((await decisions()).map(({ adapter }) => adapter)).toEqual(['mine', 'mine', 'mine', undefined]);
  });

  test('decides at once when a policy is active, as it does when it is awaited', async () => {
    const client = await createTestControlZero(modelAllowlist);
    const gate = gateOf(client, { fallback: ['gpt-4'] });
    for (const model of ['gpt-4', 'gpt-4-turbo'])
      expect(gate.enforceNow(call(model))).toEqual(await gate.enforce(call(model)));
    expect(gate.enforceNow(call('gpt-4', { named: { model: 'gpt-4', others: ['o3'] } }))?.fallback).toBe('gpt-4');
    expect(() => gate.enforceNow(call('o3', { fallback: [] }))).toThrow(PolicyDeniedError);
    expect(() => gate.enforceNow(call('o3', { named: { fault: 'No model.' } }))).toThrow(PolicyDeniedError);
    expect(await client.decisions()).toHaveLength(7);
  });

  test('decides nothing at once before a policy was looked for, and everything once the client is closed', async () => {
    const cz = new ControlZero({ policy: modelAllowlist });
    const gate = new Gate({ owner: 'test()', cz, options: {} });
    const events: unknown[] = [];
    cz.onDecision((event) => events.push(event));
    const named = { model: 'gpt-4', others: ['gpt-3.5-turbo'] };
    expect(gate.enforceNow(call('gpt-4', { named }))).toBeUndefined();
    await cz.flush();
    expect(events).toEqual([]);
    expect((await gate.enforce(call('gpt-4', { named }))).decision.allowed).toBe(true);
    expect(gate.enforceNow(call('gpt-4'))?.decision.allowed).toBe(true);
    await cz.close();
    expect(() => gate.enforceNow(call('gpt-4'))).toThrow(PolicyUnavailableError);
  });

  test('takes no option from the prototype of all objects', async () => {
    const client = await createTestControlZero(agentTiers);
    const polluted = { target: Object.prototype, key: 'agentId', property: { value: 'premium-1' } };
    await whilePolluted(polluted, async () => denialOf(gateOf(client, {}).enforce(call('gpt-4'))));
    expect((await client.decisions())[0]?.agentId).toBeUndefined();
  });
});
