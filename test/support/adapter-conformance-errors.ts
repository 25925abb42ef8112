import { describe, expect, test } from 'vitest';

import type { PolicyDeniedError as Denial } from '../../src/index.ts';
import { ControlZeroError, PolicyDeniedError, PolicyUnavailableError, findPolicyDenied } from '../../src/index.ts';
import type { AdapterStage, AdapterUnderTest } from './adapter-stage.ts';
import { openStage } from './adapter-stage.ts';
import { collect } from './collect.ts';
import { denialOf } from './denial-of.ts';
import { rejectionOf } from './rejection-of.ts';
import { agentTiers, modelAllowlist } from './specification-policies.ts';

const AT_ONCE = { 'retry-after-ms': '1' };
const PROMPT = 'A prompt that no message may hold.';
const RULE_REASON = 'A reason for operators only.';

/** The ways in which an adapter's framework hands out a denial. */
function ways(adapter: AdapterUnderTest): readonly ('generate' | 'stream' | 'embed')[] {
  const can = new Set(adapter.capabilities);
  return [
    'generate',
    ...(can.has('streaming') ? ['stream' as const] : []),
    ...(can.has('embeddings') ? ['embed' as const] : []),
  ];
}

function deniedCall(stage: AdapterStage, way: 'generate' | 'stream' | 'embed'): Promise<Denial> {
  const calls = stage.governed({ agentId: 'basic-support' });
  const call = { model: 'gpt-4', prompt: PROMPT };
  if (way === 'stream') return denialOf(collect(calls.stream(call)));
  return denialOf(way === 'embed' ? calls.embed(call) : calls.generate(call));
}

function describeDenial(adapter: AdapterUnderTest): void {
  const each = test.each(ways(adapter).map((way) => ({ way })));

  each('of $way carries code, status, decision, request and alternatives', async ({ way }) => {
    await using stage = await openStage(adapter, { policy: agentTiers });
    const error = await deniedCall(stage, way);
    const action = way === 'embed' ? 'embedding.generate' : 'llm.generate';
    expect(error).toMatchObject({ name: 'PolicyDeniedError', code: 'ERR_CZ_POLICY_DENIED', status: 403 });
    expect(error.request).toEqual({ action, resource: 'model/gpt-4', agentId: 'basic-support' });
    expect(error.decision).toMatchObject({
      allowed: false,
      effect: 'deny',
      revision: stage.cz.status().policy?.revision,
    });
    expect(error.alternatives).toEqual(way === 'embed' ? [] : ['gpt-3.5-turbo']);
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ code: 'ERR_CZ_POLICY_DENIED', request: error.request });
  });

  each('of $way is recognized by class, by brand and inside other errors', async ({ way }) => {
    await using stage = await openStage(adapter, { policy: agentTiers });
    const error: unknown = await deniedCall(stage, way);
    expect(error).toBeInstanceOf(Error);
    expect(error).toBeInstanceOf(ControlZeroError);
    expect(error).not.toBeInstanceOf(PolicyUnavailableError);
    expect(PolicyDeniedError.isInstance(error)).toBe(true);
    expect(findPolicyDenied(new Error('Outer.', { cause: new Error('Middle.', { cause: error }) }))).toBe(error);
    expect(findPolicyDenied(new AggregateError([new Error('Another.'), error]))).toBe(error);
  });

  each('of $way has a stack and is a fresh object each time', async ({ way }) => {
    await using stage = await openStage(adapter, { policy: agentTiers });
    const [first, second] = [await deniedCall(stage, way), await deniedCall(stage, way)];
    expect(first).not.toBe(second);
    expect(first.stack).toContain(first.message);
    expect(Object.isExtensible(first)).toBe(true);
  });

  each('of $way is not tried again and makes one event', async ({ way }) => {
    await using stage = await openStage(adapter, { policy: agentTiers, maxRetries: 3 });
    await deniedCall(stage, way);
    expect(stage.provider.requests).toEqual([]);
    expect(await stage.decisions()).toHaveLength(1);
  });

  each('of $way leaves no unhandled rejection behind', async ({ way }) => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      await using stage = await openStage(adapter, { policy: agentTiers });
      await deniedCall(stage, way);
      await new Promise((resolve) => setTimeout(resolve, 5));
    } finally {
      process.off('unhandledRejection', note);
    }
    expect(unhandled).toEqual([]);
  });
}

function describeMessage(adapter: AdapterUnderTest): void {
  test('names action, model and agent, and neither the rule nor the prompt', async () => {
    const rule = { effect: 'deny', action: '*', resource: '*', id: 'rule-for-operators', reason: RULE_REASON } as const;
    await using stage = await openStage(adapter, { policy: { name: 'policy-for-operators', rules: [rule] } });
    const { message } = await deniedCall(stage, 'generate');
    for (const part of ['llm.generate', 'model/gpt-4', 'basic-support']) expect(message).toContain(part);
    for (const part of [PROMPT, RULE_REASON, 'for-operators']) expect(message).not.toContain(part);
  });

  test('is one printable line, whatever the names hold', async () => {
    await using stage = await openStage(adapter, { policy: agentTiers });
    const calls = stage.governed({ agentId: 'agent\r\n\u001b[31m\u0000\u202egnp' });
    const { message } = await denialOf(calls.generate({ model: 'gpt-4\n\u001b[2J\u0007' }));
    expect(message).toMatch(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u);
  });
}

interface ProviderFailureCase {
  readonly what: string;
  readonly status: number;
  readonly times: number;
  readonly maxRetries: number;
}

const FAILURES: readonly ProviderFailureCase[] = [
  { what: 'a wrong key', status: 401, times: 1, maxRetries: 2 },
  { what: 'a bad request', status: 400, times: 1, maxRetries: 2 },
  { what: "the provider's own 403", status: 403, times: 1, maxRetries: 2 },
  { what: 'a server that stays down', status: 500, times: 3, maxRetries: 2 },
];

function describeError(error: unknown): object {
  const { name, message, status } = error as Error & { readonly status?: unknown };
  return { name, message, status, type: (error as object).constructor.name };
}

function describeProviderErrors(adapter: AdapterUnderTest): void {
  const isRepeating = adapter.capabilities.includes('retries');
  const failures = FAILURES.filter(({ times }) => times === 1 || isRepeating);

  test.each(failures)('$what comes through as it does without governance', async ({ status, times, maxRetries }) => {
    await using stage = await openStage(adapter, { policy: modelAllowlist, maxRetries });
    const failure = { status, times, headers: AT_ONCE };
    stage.provider.failNext(failure);
    const governed = await rejectionOf(stage.governed().generate({ model: 'gpt-4' }));
    expect(stage.provider.requests).toHaveLength(times);
    expect(await stage.decisions()).toHaveLength(1);

    stage.provider.failNext(failure);
    const ungoverned = await rejectionOf(stage.ungoverned().generate({ model: 'gpt-4' }));
    expect(describeError(governed)).toEqual(describeError(ungoverned));
    expect(findPolicyDenied(governed)).toBeUndefined();
  });

  test.runIf(isRepeating)('a call that succeeds at the third attempt makes three requests and one event', async () => {
    await using stage = await openStage(adapter, { policy: modelAllowlist, maxRetries: 2 });
    stage.provider.failNext({ status: 500, times: 2, headers: AT_ONCE });
    await stage.governed().generate({ model: 'gpt-4' });
    expect(stage.provider.requests).toHaveLength(3);
    expect(await stage.decisions()).toMatchObject([{ resource: 'model/gpt-4', decision: { allowed: true } }]);
  });
}

/** What a caller gets when a call fails, by us or by the provider. */
export function describeErrors(adapter: AdapterUnderTest): void {
  describe('a denial', () => {
    describeDenial(adapter);
  });
  describe('the message of a denial', () => {
    describeMessage(adapter);
  });
  describe('an error of the provider', () => {
    describeProviderErrors(adapter);
  });
}
