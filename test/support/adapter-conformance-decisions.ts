import { describe, expect, test } from 'vitest';

import type { Policy } from '../../src/index.ts';
import type { AdapterUnderTest } from './adapter-stage.ts';
import { openStage } from './adapter-stage.ts';
import { collect } from './collect.ts';
import { denialOf } from './denial-of.ts';
import { silentLogger } from './silent-logger.ts';
import { modelAllowlist } from './specification-policies.ts';

const allowAll: Policy = { rules: [{ effect: 'allow', action: '*', resource: '*' }] };

const UNJUDGEABLE = [
  { what: 'a space', model: 'gpt 4' },
  { what: 'a line break', model: 'gpt-4\n' },
  { what: 'a control character', model: 'gpt\u0007-4' },
  { what: 'a zero-width space', model: 'gpt\u200b-4' },
  { what: 'half a surrogate pair', model: 'gpt-\ud800' },
  { what: 'more than 1,024 characters', model: 'g'.repeat(1025) },
];

const UNNAMED = [
  { what: 'missing', model: undefined },
  { what: 'null', model: null },
  { what: 'empty', model: '' },
  { what: 'a number', model: 4 },
  { what: 'a list', model: ['gpt-4'] },
  { what: 'an object with a toString()', model: { id: 'gpt-4', toString: () => 'gpt-4' } },
];

const PREFIXED = [
  {
    what: 'is stopped by a rule that denies the bare name',
    rules: [
      { effect: 'deny', resource: 'model/gpt-4-turbo*' },
      { effect: 'allow', resource: 'model/*' },
    ],
    isAllowed: false,
  },
  {
    what: 'is let through by an earlier rule that allows the full name',
    rules: [
      { effect: 'allow', resource: 'model/openai/*' },
      { effect: 'deny', resource: 'model/*' },
    ],
    isAllowed: true,
  },
  {
    what: 'is not let through by a rule that allows the bare name',
    rules: [{ effect: 'allow', resource: 'model/gpt-4-turbo' }],
    isAllowed: false,
  },
] as const;

function describeText(adapter: AdapterUnderTest): void {
  const can = new Set(adapter.capabilities);

  test('an allowed call makes one request', async () => {
    await using stage = await openStage(adapter, { policy: modelAllowlist });
    await stage.governed().generate({ model: 'gpt-4' });
    expect(stage.provider.requests).toHaveLength(1);
    expect(stage.provider.modelRequests).toMatchObject([{ model: 'gpt-4' }]);
  });

  test('an allowed call gives what the framework gives without governance, for the same request', async () => {
    await using stage = await openStage(adapter, { policy: modelAllowlist });
    await using other = await openStage(adapter, { policy: modelAllowlist });
    const call = { model: 'gpt-4', prompt: 'Grüße, 世界 👋 "quoted" \\ \u2028' };
    expect(await stage.governed().generate(call)).toEqual(await other.ungoverned().generate(call));
    expect(stage.provider.requests[0]?.body).toBe(other.provider.requests[0]?.body);
    expect(stage.provider.requests[0]?.path).toBe(other.provider.requests[0]?.path);
  });

  test('every decision says which adapter asked, and how long it took', async () => {
    await using stage = await openStage(adapter, { policy: modelAllowlist });
    await stage.governed().generate({ model: 'gpt-4' });
    await denialOf(stage.governed().generate({ model: 'gpt-4o' }));
    const asked = { adapter: adapter.name, latencyMs: expect.any(Number) as unknown };
    expect(await stage.decisions()).toEqual([expect.objectContaining(asked), expect.objectContaining(asked)]);
  });

  test('a call that a rule denies makes no request', async () => {
    await using stage = await openStage(adapter, { policy: modelAllowlist });
    const { decision } = await denialOf(stage.governed().generate({ model: 'gpt-4-turbo-2024-04-09' }));
    expect(decision).toMatchObject({ reasonCode: 'RULE_MATCH', policy: 'openai-model-governance', rule: 2 });
    expect(stage.provider.requests).toEqual([]);
  });

  test('a call that no rule matches makes no request', async () => {
    await using stage = await openStage(adapter, { policy: modelAllowlist });
    const { decision } = await denialOf(stage.governed().generate({ model: 'gpt-4o' }));
    expect(decision).toMatchObject({ reasonCode: 'NO_RULE_MATCH', rule: null });
    expect(stage.provider.requests).toEqual([]);
  });

  test('a name in another case is another name', async () => {
    await using stage = await openStage(adapter, { policy: modelAllowlist });
    await denialOf(stage.governed().generate({ model: 'GPT-4' }));
    expect(stage.provider.requests).toEqual([]);
  });

  test.runIf(can.has('streaming'))('an allowed stream yields what it yields without governance', async () => {
    await using stage = await openStage(adapter, { policy: modelAllowlist });
    await using other = await openStage(adapter, { policy: modelAllowlist });
    const chunks = await collect(stage.governed().stream({ model: 'gpt-4' }));
    expect(chunks.length).toBeGreaterThan(1);
    expect(chunks).toEqual(await collect(other.ungoverned().stream({ model: 'gpt-4' })));
    expect(stage.provider.requests).toHaveLength(1);
  });

  test.runIf(can.has('streaming'))('a denied stream fails before anything arrives and makes no request', async () => {
    await using stage = await openStage(adapter, { policy: modelAllowlist });
    const seen: unknown[] = [];
    const consume = async (): Promise<void> => {
      for await (const chunk of stage.governed().stream({ model: 'gpt-4-turbo' })) seen.push(chunk);
    };
    await denialOf(consume());
    expect(seen).toEqual([]);
    expect(stage.provider.requests).toEqual([]);
  });
}

function describeEmbeddings(adapter: AdapterUnderTest): void {
  test('an allowed model makes one request and gives what it gives without governance', async () => {
    await using stage = await openStage(adapter, { policy: modelAllowlist });
    const call = { model: 'text-embedding-3-small' };
    const embedded = await stage.governed().embed(call);
    expect(stage.provider.requests).toHaveLength(1);
    expect(embedded).toEqual(await stage.ungoverned().embed(call));
  });

  test('a model that may only generate text is denied and makes no request', async () => {
    await using stage = await openStage(adapter, { policy: modelAllowlist });
    const { request } = await denialOf(stage.governed().embed({ model: 'gpt-4' }));
    expect(request).toEqual({ action: 'embedding.generate', resource: 'model/gpt-4' });
    expect(stage.provider.requests).toEqual([]);
  });

  test('a model that may only embed does not generate text', async () => {
    await using stage = await openStage(adapter, { policy: modelAllowlist });
    const { request } = await denialOf(stage.governed().generate({ model: 'text-embedding-3-small' }));
    expect(request.action).toBe('llm.generate');
    expect(stage.provider.requests).toEqual([]);
  });
}

function describeNames(adapter: AdapterUnderTest): void {
  test.each(UNJUDGEABLE)('a name with $what is denied although everything is allowed', async ({ model }) => {
    await using stage = await openStage(adapter, { policy: allowAll });
    const { decision } = await denialOf(stage.governed().generate({ model }));
    expect(decision.reasonCode).toBe('INVALID_REQUEST');
    expect(stage.provider.requests).toEqual([]);
  });

  const isOptional = adapter.capabilities.includes('unnamed-model');
  test.runIf(isOptional).each(UNNAMED)(
    'a name that is $what is denied although everything is allowed',
    async ({ model }) => {
      await using stage = await openStage(adapter, { policy: allowAll });
      const { decision, request } = await denialOf(stage.governed().generate({ model }));
      expect(decision).toMatchObject({ allowed: false, reasonCode: 'INVALID_REQUEST' });
      expect(request.action).toBe('llm.generate');
      expect(stage.provider.requests).toEqual([]);
    },
  );

  test.each(PREFIXED)('a name with the prefix of a provider $what', async ({ rules, isAllowed }) => {
    const policy = { rules: rules.map((rule) => ({ ...rule, action: 'llm.generate' })) };
    await using stage = await openStage(adapter, { policy });
    const call = stage.governed().generate({ model: 'openai/gpt-4-turbo' });
    await (isAllowed ? call : denialOf(call));
    expect(stage.provider.modelRequests.map(({ model }) => model)).toEqual(isAllowed ? ['openai/gpt-4-turbo'] : []);
  });
}

function describePolicyChanges(adapter: AdapterUnderTest): void {
  test('a model that was taken away is denied at the next call', async () => {
    await using stage = await openStage(adapter, { policy: modelAllowlist });
    const calls = stage.governed();
    await calls.generate({ model: 'gpt-4' });
    await stage.setPolicy({ rules: [] });
    await denialOf(calls.generate({ model: 'gpt-4' }));
    expect(stage.provider.requests).toHaveLength(1);
  });

  test('a model that was added is allowed at the next call', async () => {
    await using stage = await openStage(adapter, { policy: modelAllowlist });
    const calls = stage.governed();
    await denialOf(calls.generate({ model: 'gpt-4o' }));
    await stage.setPolicy(allowAll);
    await calls.generate({ model: 'gpt-4o' });
    expect(stage.provider.modelRequests.map(({ model }) => model)).toEqual(['gpt-4o']);
  });

  test('a document that is refused leaves the last good policy in place', async () => {
    await using stage = await openStage(adapter, { policy: modelAllowlist, logger: silentLogger });
    await stage.setPolicy({ rules: [{ effect: 'maybe' }] } as never).catch(() => undefined);
    await stage.governed().generate({ model: 'gpt-4' });
    await denialOf(stage.governed().generate({ model: 'gpt-4-turbo' }));
    expect(stage.provider.requests).toHaveLength(1);
  });
}

/** What is allowed, what is denied, and what reaches the provider. */
export function describeDecisions(adapter: AdapterUnderTest): void {
  describe('decides about text', () => {
    describeText(adapter);
  });
  describe.runIf(adapter.capabilities.includes('embeddings'))('decides about embeddings', () => {
    describeEmbeddings(adapter);
  });
  describe('decides about names', () => {
    describeNames(adapter);
  });
  describe('follows changes of the policy', () => {
    describePolicyChanges(adapter);
  });
}
