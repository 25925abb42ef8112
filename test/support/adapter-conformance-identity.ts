import { describe, expect, test } from 'vitest';

import { PolicyDeniedError, runAs } from '../../src/index.ts';
import type { AdapterCall, AdapterCalls, AdapterStage, AdapterUnderTest } from './adapter-stage.ts';
import { openStage } from './adapter-stage.ts';
import { collect } from './collect.ts';
import { denialOf } from './denial-of.ts';
import { agentTiers } from './specification-policies.ts';

const PREMIUM = 'premium-support';
const BASIC = 'basic-support';
const premiumCall: AdapterCall = { model: 'gpt-4' };

async function agentsOf(stage: AdapterStage): Promise<(string | undefined)[]> {
  return (await stage.decisions()).map(({ agentId }) => agentId);
}

function describeTiers(adapter: AdapterUnderTest): void {
  test.each([
    { agentId: PREMIUM, model: 'gpt-4', requests: 1 },
    { agentId: PREMIUM, model: 'gpt-3.5-turbo', requests: 1 },
    { agentId: PREMIUM, model: 'gpt-4o', requests: 0 },
    { agentId: BASIC, model: 'gpt-4', requests: 0 },
    { agentId: BASIC, model: 'gpt-3.5-turbo', requests: 1 },
    { agentId: undefined, model: 'gpt-4', requests: 0 },
    { agentId: undefined, model: 'gpt-3.5-turbo', requests: 1 },
  ])('$agentId on $model makes $requests requests', async ({ agentId, model, requests }) => {
    await using stage = await openStage(adapter, { policy: agentTiers });
    const call = stage.governed(agentId === undefined ? {} : { agentId }).generate({ model });
    await (requests === 1 ? call : denialOf(call));
    expect(stage.provider.requests).toHaveLength(requests);
    expect(await agentsOf(stage)).toEqual([agentId]);
  });

  test('further attributes of the context count', async () => {
    const rule = { effect: 'allow', action: 'llm.generate', resource: '*', conditions: { region: 'eu' } } as const;
    await using stage = await openStage(adapter, { policy: { rules: [rule] } });
    await stage.governed({ context: { region: 'eu' } }).generate(premiumCall);
    await denialOf(stage.governed({ context: { region: 'us' } }).generate(premiumCall));
    await denialOf(stage.governed().generate(premiumCall));
    expect(stage.provider.requests).toHaveLength(1);
  });

  test('attributes that are only inherited do not count', async () => {
    await using stage = await openStage(adapter, { policy: agentTiers });
    const context = Object.create({ agent_id: PREMIUM }) as Record<string, unknown>;
    await denialOf(stage.governed({ context }).generate(premiumCall));
    expect(stage.provider.requests).toEqual([]);
  });
}

function describePrecedence(adapter: AdapterUnderTest): void {
  const isClaimHeard = adapter.capabilities.includes('call-metadata');

  test('an agent that was bound when wrapping cannot be replaced by runAs()', async () => {
    await using stage = await openStage(adapter, { policy: agentTiers });
    const calls = stage.governed({ agentId: BASIC });
    await denialOf(runAs(PREMIUM, () => calls.generate(premiumCall)));
    expect(stage.provider.requests).toEqual([]);
    expect(await agentsOf(stage)).toEqual([BASIC]);
  });

  test('an agent that was bound when wrapping cannot be replaced by what the call claims', async () => {
    await using stage = await openStage(adapter, { policy: agentTiers });
    await denialOf(stage.governed({ agentId: BASIC }).generate({ ...premiumCall, claimedAgentId: PREMIUM }));
    expect(stage.provider.requests).toEqual([]);
    expect(await agentsOf(stage)).toEqual([BASIC]);
  });

  test('an agent that was bound when wrapping beats the one of the client', async () => {
    await using stage = await openStage(adapter, { policy: agentTiers, agentId: BASIC });
    await stage.governed({ agentId: PREMIUM }).generate(premiumCall);
    expect(stage.provider.requests).toHaveLength(1);
    expect(await agentsOf(stage)).toEqual([PREMIUM]);
  });

  test('runAs() beats the agent of the client', async () => {
    await using stage = await openStage(adapter, { policy: agentTiers, agentId: BASIC });
    const calls = stage.governed();
    await denialOf(calls.generate(premiumCall));
    await runAs(PREMIUM, () => calls.generate(premiumCall));
    expect(stage.provider.requests).toHaveLength(1);
    expect(await agentsOf(stage)).toEqual([BASIC, PREMIUM]);
  });

  test.runIf(adapter.capabilities.includes('streaming'))('runAs() holds for a stream that is read inside', async () => {
    await using stage = await openStage(adapter, { policy: agentTiers });
    const calls = stage.governed();
    await runAs(PREMIUM, () => collect(calls.stream(premiumCall)));
    await denialOf(runAs(BASIC, () => collect(calls.stream(premiumCall))));
    expect(stage.provider.requests).toHaveLength(1);
    expect(await agentsOf(stage)).toEqual([PREMIUM, BASIC]);
  });

  test('runAs() cannot be replaced by what the call claims', async () => {
    await using stage = await openStage(adapter, { policy: agentTiers });
    const calls = stage.governed();
    await denialOf(runAs(BASIC, () => calls.generate({ ...premiumCall, claimedAgentId: PREMIUM })));
    expect(stage.provider.requests).toEqual([]);
    expect(await agentsOf(stage)).toEqual([BASIC]);
  });

  test('the agent of the client holds where nothing else names one', async () => {
    await using stage = await openStage(adapter, { policy: agentTiers, agentId: PREMIUM });
    await stage.governed().generate(premiumCall);
    expect(await agentsOf(stage)).toEqual([PREMIUM]);
  });

  test(`what the call claims ${isClaimHeard ? 'beats' : 'does not beat'} the agent of the client`, async () => {
    await using stage = await openStage(adapter, { policy: agentTiers, agentId: BASIC });
    const call = stage.governed().generate({ ...premiumCall, claimedAgentId: PREMIUM });
    await (isClaimHeard ? call : denialOf(call));
    expect(stage.provider.requests).toHaveLength(isClaimHeard ? 1 : 0);
    expect(await agentsOf(stage)).toEqual([isClaimHeard ? PREMIUM : BASIC]);
  });
}

interface MixedCall {
  readonly agentId: string;
  readonly model: string;
  readonly prompt: string;
  readonly isAllowed: boolean;
}

const MODELS = ['gpt-4', 'gpt-3.5-turbo', 'gpt-4o'];

function mixedCalls(count: number): MixedCall[] {
  return Array.from({ length: count }, (_, index) => {
    const agentId = index % 2 === 0 ? `premium-${index}` : `basic-${index}`;
    const model = MODELS[index % MODELS.length] ?? '';
    const isAllowed = model === 'gpt-3.5-turbo' || (model === 'gpt-4' && index % 2 === 0);
    return { agentId, model, prompt: `Call ${index} of ${agentId}.`, isAllowed };
  });
}

/** Half of the calls bind their agent when wrapping, the other half share one client and name it by runAs(). */
function send(stage: AdapterStage, shared: AdapterCalls, { agentId, model, prompt }: MixedCall): Promise<unknown> {
  const isBound = Number(agentId.split('-')[1]) % 4 < 2;
  if (isBound) return stage.governed({ agentId }).generate({ model, prompt });
  return runAs(agentId, () => shared.generate({ model, prompt }));
}

function describeConcurrency(adapter: AdapterUnderTest): void {
  test('of 50 calls at a time each is judged for its own agent', async () => {
    await using stage = await openStage(adapter, { policy: agentTiers });
    const shared = stage.governed();
    const calls = mixedCalls(50);
    const results = await Promise.allSettled(calls.map((call) => send(stage, shared, call)));

    const { requests } = stage.provider;
    const served = calls.map(({ prompt }) => requests.filter(({ body }) => body.includes(prompt)).length);
    expect(served).toEqual(calls.map(({ isAllowed }) => (isAllowed ? 1 : 0)));
    expect(requests).toHaveLength(calls.filter(({ isAllowed }) => isAllowed).length);

    const denials = results.map((result) => (result.status === 'rejected' ? (result.reason as unknown) : undefined));
    expect(denials.map((denial) => denial instanceof PolicyDeniedError)).toEqual(
      calls.map(({ isAllowed }) => !isAllowed),
    );
    const events = await stage.decisions();
    expect(events.map(({ agentId, decision }) => `${agentId} ${decision.allowed}`).toSorted()).toEqual(
      calls.map(({ agentId, isAllowed }) => `${agentId} ${isAllowed}`).toSorted(),
    );
  });
}

/** Whose call it is, and who has the last word about that. */
export function describeIdentity(adapter: AdapterUnderTest): void {
  describe('tells agents apart', () => {
    describeTiers(adapter);
  });
  describe('takes the strongest name of the agent', () => {
    describePrecedence(adapter);
  });
  describe('keeps concurrent calls apart', () => {
    describeConcurrency(adapter);
  });
}
