import { describe, expect, test } from 'vitest';

import type { ControlZeroOptions, DecisionEvent, PolicySource } from '../../src/index.ts';
import { ControlZero, PolicyDeniedError, PolicyUnavailableError } from '../../src/index.ts';
import { startLocalProvider } from '../../src/testing/index.ts';
import type { AdapterUnderTest } from './adapter-stage.ts';
import { openStage } from './adapter-stage.ts';
import { denialOf } from './denial-of.ts';
import { rejectionOf } from './rejection-of.ts';
import { silentLogger } from './silent-logger.ts';
import { agentTiers, modelAllowlist } from './specification-policies.ts';

const unreadable: PolicySource = {
  kind: 'test',
  refreshIntervalMs: 0,
  read: async () => {
    throw new Error('The source is down.');
  },
};

/** A client without a policy, and what it decides. */
function withoutPolicy(options: ControlZeroOptions = {}): {
  readonly cz: ControlZero;
  readonly events: DecisionEvent[];
} {
  const cz = new ControlZero({ source: unreadable, logger: silentLogger, ...options });
  const events: DecisionEvent[] = [];
  cz.onDecision((event) => events.push(event));
  return { cz, events };
}

function describeUnavailable(adapter: AdapterUnderTest): void {
  test('no policy means no request, and an error that is not a denial', async () => {
    await using provider = await startLocalProvider();
    const { cz, events } = withoutPolicy();
    const calls = adapter.open({ baseURL: provider.baseURL, maxRetries: 3 }, { cz });
    const error = await rejectionOf(calls.generate({ model: 'gpt-4' }));
    expect(error).toBeInstanceOf(PolicyUnavailableError);
    expect(error).not.toBeInstanceOf(PolicyDeniedError);
    expect(error).toMatchObject({
      code: 'ERR_CZ_POLICY_UNAVAILABLE',
      status: 503,
      decision: { reasonCode: 'NO_POLICY' },
    });
    expect(provider.requests).toEqual([]);
    await cz.flush();
    expect(events).toHaveLength(1);
  });

  test('no policy and failOpen means that the call goes ahead, with a warning', async () => {
    await using provider = await startLocalProvider();
    const { cz, events } = withoutPolicy({ failOpen: true });
    await adapter.open({ baseURL: provider.baseURL, maxRetries: 0 }, { cz }).generate({ model: 'gpt-4' });
    expect(provider.requests).toHaveLength(1);
    await cz.flush();
    expect(events).toMatchObject([{ decision: { effect: 'warn', reasonCode: 'NO_POLICY' } }]);
  });

  test('failOpen does not open what a policy denies', async () => {
    await using stage = await openStage(adapter, { policy: modelAllowlist, failOpen: true });
    await denialOf(stage.governed().generate({ model: 'gpt-4o' }));
    expect(stage.provider.requests).toEqual([]);
  });

  test('a client that was never initialized reads its policy at the first call', async () => {
    await using provider = await startLocalProvider();
    const cz = new ControlZero({ policy: modelAllowlist });
    const calls = adapter.open({ baseURL: provider.baseURL, maxRetries: 0 }, { cz });
    await calls.generate({ model: 'gpt-4' });
    await denialOf(calls.generate({ model: 'gpt-4-turbo' }));
    expect(provider.requests).toHaveLength(1);
  });

  test('a closed client means no request', async () => {
    await using stage = await openStage(adapter, { policy: modelAllowlist });
    const calls = stage.governed();
    await calls.generate({ model: 'gpt-4' });
    await stage.cz.close();
    const error = await rejectionOf(calls.generate({ model: 'gpt-4' }));
    expect(error).toBeInstanceOf(PolicyUnavailableError);
    expect(error).toMatchObject({ decision: { reasonCode: 'CLIENT_CLOSED' } });
    expect(stage.provider.requests).toHaveLength(1);
  });
}

function describeShadow(adapter: AdapterUnderTest): void {
  test('lets a denied call through unchanged and reports it once', async () => {
    await using stage = await openStage(adapter, { policy: modelAllowlist, mode: 'shadow' });
    await stage.governed().generate({ model: 'gpt-4-turbo' });
    expect(stage.provider.modelRequests.map(({ model }) => model)).toEqual(['gpt-4-turbo']);
    expect(await stage.decisions()).toMatchObject([
      { resource: 'model/gpt-4-turbo', mode: 'shadow', enforced: false, decision: { allowed: false, rule: 2 } },
    ]);
  });

  test('reports an allowed call as enforced', async () => {
    await using stage = await openStage(adapter, { policy: modelAllowlist, mode: 'shadow' });
    await stage.governed().generate({ model: 'gpt-4' });
    expect(await stage.decisions()).toMatchObject([{ mode: 'shadow', enforced: true, decision: { allowed: true } }]);
  });

  test('lets a call through that cannot be judged', async () => {
    await using stage = await openStage(adapter, { policy: modelAllowlist, mode: 'shadow' });
    await stage.governed().generate({ model: 'gpt 4' });
    expect(stage.provider.requests).toHaveLength(1);
    expect(await stage.decisions()).toMatchObject([{ enforced: false, decision: { reasonCode: 'INVALID_REQUEST' } }]);
  });
}

function describeFallback(adapter: AdapterUnderTest): void {
  test('serves a denied call by the first fallback that is allowed', async () => {
    await using stage = await openStage(adapter, { policy: modelAllowlist });
    const calls = stage.governed({ fallback: ['gpt-4o', 'gpt-3.5-turbo', 'gpt-4'] });
    await calls.generate({ model: 'gpt-4-turbo' });
    expect(stage.provider.modelRequests.map(({ model }) => model)).toEqual(['gpt-3.5-turbo']);
    expect(await stage.decisions()).toMatchObject([
      {
        resource: 'model/gpt-3.5-turbo',
        decision: { allowed: true, rule: 1 },
        fallback: { requested: 'model/gpt-4-turbo', denied: { allowed: false, rule: 2 } },
      },
    ]);
  });

  test('leaves an allowed call alone', async () => {
    await using stage = await openStage(adapter, { policy: modelAllowlist });
    await stage.governed({ fallback: ['gpt-3.5-turbo'] }).generate({ model: 'gpt-4' });
    expect(stage.provider.modelRequests.map(({ model }) => model)).toEqual(['gpt-4']);
    const [event] = await stage.decisions();
    expect(event).not.toHaveProperty('fallback');
  });

  test('throws the denial of what was asked for when no fallback is allowed', async () => {
    await using stage = await openStage(adapter, { policy: modelAllowlist });
    const error = await denialOf(stage.governed({ fallback: ['gpt-4o', 'o3'] }).generate({ model: 'gpt-4-turbo' }));
    expect(error.request.resource).toBe('model/gpt-4-turbo');
    expect(stage.provider.requests).toEqual([]);
    expect(await stage.decisions()).toHaveLength(1);
  });

  test('picks for the agent of the call', async () => {
    await using stage = await openStage(adapter, { policy: agentTiers });
    const fallback = ['gpt-4', 'gpt-3.5-turbo'];
    await stage.governed({ fallback, agentId: 'premium-support' }).generate({ model: 'gpt-4o' });
    await stage.governed({ fallback, agentId: 'basic-support' }).generate({ model: 'gpt-4o' });
    expect(stage.provider.modelRequests.map(({ model }) => model)).toEqual(['gpt-4', 'gpt-3.5-turbo']);
  });

  test('does nothing in shadow mode', async () => {
    await using stage = await openStage(adapter, { policy: modelAllowlist, mode: 'shadow' });
    await stage.governed({ fallback: ['gpt-4'] }).generate({ model: 'gpt-4-turbo' });
    expect(stage.provider.modelRequests.map(({ model }) => model)).toEqual(['gpt-4-turbo']);
  });
}

/** What happens without a policy, in shadow mode, and with fallbacks. */
export function describePostures(adapter: AdapterUnderTest): void {
  describe('without a usable policy', () => {
    describeUnavailable(adapter);
  });
  describe('in shadow mode', () => {
    describeShadow(adapter);
  });
  describe.runIf(adapter.capabilities.includes('fallback'))('with fallbacks', () => {
    describeFallback(adapter);
  });
}
