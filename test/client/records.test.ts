import { describe, expect, test } from 'vitest';

import type { ControlZeroOptions, DecisionRecord, PolicyRequest, RecordSink, WriteRecords } from '../../src/index.ts';
import {
  ConfigurationError,
  ControlZero,
  PolicyDeniedError,
  PolicyUnavailableError,
  init,
  modelRequest,
  runAs,
} from '../../src/index.ts';
import { inlineSource } from '../../src/sources/inline.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { memoryLogger } from '../support/memory-logger.ts';
import { agentTiers, modelAllowlist } from '../support/specification-policies.ts';
import { whilePolluted } from '../support/while-polluted.ts';

const request = (model: string, more: Partial<PolicyRequest> = {}): PolicyRequest => ({
  ...modelRequest({ action: 'llm.generate', model }),
  ...more,
});

interface Recording {
  readonly sink: RecordSink;
  readonly records: DecisionRecord[];
}

function recording(name = 'memory'): Recording {
  const records: DecisionRecord[] = [];
  return { records, sink: { name, write: (batch) => void records.push(...batch) } };
}

const refusing: RecordSink = { name: 'full', write: async () => new Promise(() => undefined), flushAt: 10_001 };

function fill(cz: ControlZero): void {
  while (cz.status().audit?.dropped === 0) cz.evaluate(request('gpt-4'));
}

describe('a client with a sink', () => {
  test('records each decision once, with everything that is known about it and no prompt', async () => {
    const { sink, records } = recording();
    const traceContext = (): { traceId: string; spanId: string } => ({
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
    });
    const cz = await init({ policy: modelAllowlist, records: sink, traceContext });
    const events: string[] = [];
    cz.onDecision(({ id }) => events.push(id));
    const context = { agent_id: 'support', prompt: 'a secret plan', tier: 'gold' };
    await cz.enforceFirst([request('gpt-4', { context })], { adapter: 'mine' });
    await rejectionOf(cz.enforceFirst([request('gpt-4-turbo')]));
    await cz.enforceFirst([request('gpt-4-turbo'), request('gpt-4')]);
    cz.preview(request('gpt-4'));
    cz.explain(request('gpt-4'));
    await cz.flush();
    const common = {
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/u) as string,
      id: expect.stringMatching(/^[\da-f]{32}$/u) as string,
      action: 'llm.generate',
      reasonCode: 'RULE_MATCH',
      policy: 'openai-model-governance',
      revision: cz.status().policy?.revision,
      latencyMs: expect.any(Number) as number,
      mode: 'enforce',
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
    };
    expect(records).toEqual([
      { ...common, resource: 'model/gpt-4', agent: 'support', effect: 'allow', rule: 0, adapter: 'mine' },
      { ...common, resource: 'model/gpt-4-turbo', effect: 'deny', rule: 2 },
      { ...common, resource: 'model/gpt-4', effect: 'allow', rule: 0, fallbackFor: 'model/gpt-4-turbo' },
    ]);
    expect(records.map(({ id }) => id)).toEqual(events);
    expect(JSON.stringify(records)).not.toMatch(/secret plan|gold/u);
    expect(cz.status().audit).toMatchObject({ required: false, emitted: 3, delivered: 3, dropped: 0, queued: 0 });
    await cz.close();
  });

  test('puts nothing into a record that somebody put on all objects', async () => {
    const { sink, records } = recording();
    const cz = await init({ policy: modelAllowlist, records: sink });
    for (const key of ['agentId', 'adapter', 'fallback', 'trace', 'stale', 'agent']) {
      await whilePolluted({ target: Object.prototype, key, property: { value: 'x', writable: false } }, async () => {
        await cz.enforce(request('gpt-4'));
        await cz.flush();
      });
    }
    expect(cz.status().audit).toMatchObject({ delivered: 6, lastError: null });
    expect(new Set(records.map((record) => Object.keys(record).join(' '))).size).toBe(1);
    await cz.close();
  });

  test('records shadow decisions as such', async () => {
    const { sink, records } = recording();
    const cz = await init({ policy: modelAllowlist, records: sink, mode: 'shadow' });
    await cz.enforce(request('o3'));
    await cz.close();
    expect(records).toMatchObject([{ mode: 'shadow', effect: 'deny' }]);
  });

  test('records the attributes it was asked to, by whichever way they came, and no longer ones', async () => {
    const { sink, records } = recording();
    const recordContext = ['tier', 'beta', 'region', 'long', 'object', 'broken'];
    const cz = await init({ policy: agentTiers, records: sink, recordContext });
    const context = {
      agent_id: 'basic-1',
      tier: 'gold',
      beta: true,
      other: 'x',
      long: 'l'.repeat(1025),
      object: {} as never,
      get broken(): string {
        throw new Error('broken');
      },
    };
    await runAs({ agent_id: 'x', region: 'eu' }, async () => cz.check(request('gpt-4', { context })));
    await cz.check(request('gpt-4'));
    await cz.check({ ...request('gpt-4'), context: 5 as never });
    await cz.close();
    expect(records[0]?.context).toEqual({ tier: 'gold', beta: true, region: 'eu' });
    expect(records.slice(1).map((record) => 'context' in record)).toEqual([false, false]);
  });

  test('takes functions and several sinks, and counts for each', async () => {
    const one = recording('one');
    const collected: string[] = [];
    const collect: WriteRecords = (batch) => void collected.push(...batch.map(({ id }) => id));
    const cz = await init({ policy: modelAllowlist, records: [one.sink, collect, () => undefined] });
    cz.evaluate(request('gpt-4'));
    await cz.flush();
    expect(cz.status().audit).toMatchObject({
      emitted: 3,
      delivered: 3,
      sinks: [{ name: 'one' }, { name: 'collect' }, { name: 'function' }],
    });
    expect(collected).toEqual(one.records.map(({ id }) => id));
    await cz.close();
  });

  test('loses nothing that is decided before it can be recorded', async () => {
    const { sink, records } = recording();
    const cz = new ControlZero({ policy: modelAllowlist, records: sink });
    for (let count = 0; count < 10_002; count += 1) cz.evaluate(request('gpt-4'));
    expect(cz.status().audit).toMatchObject({ emitted: 10_002, queued: 10_000, dropped: 2, sinks: [] });
    await cz.initialize();
    cz.evaluate(request('gpt-4'));
    await cz.close();
    expect(records).toHaveLength(10_001);
    expect(records[0]).toMatchObject({ effect: 'deny', reasonCode: 'NO_POLICY' });
    expect(cz.status().audit).toMatchObject({ emitted: 10_003, delivered: 10_001, dropped: 2, queued: 0 });
  });

  test('flushes what was decided without initialize()', async () => {
    const { sink, records } = recording();
    const cz = new ControlZero({ policy: modelAllowlist, records: sink });
    cz.evaluate(request('gpt-4'));
    await cz.flush();
    expect(records).toHaveLength(1);
    await cz.close();
  });

  test('delivers on close(), and counts what is decided later as dropped', async () => {
    const { sink, records } = recording();
    const cz = await init({ policy: modelAllowlist, records: sink });
    cz.evaluate(request('gpt-4'));
    await cz.close();
    cz.evaluate(request('gpt-4'));
    await cz.close();
    expect(records).toHaveLength(1);
    expect(cz.status().audit).toMatchObject({ emitted: 2, delivered: 1, dropped: 1, queued: 0 });
  });

  test('close() and flush() wait for no sink that hangs', async () => {
    const cz = await init({ policy: modelAllowlist, records: refusing });
    cz.evaluate(request('gpt-4'));
    await cz.flush({ timeoutMs: 20 });
    expect(cz.status().audit).toMatchObject({ queued: 1 });
    await expect(cz.flush({ signal: AbortSignal.timeout(20) })).rejects.toThrow(/timeout/u);
    await cz.close();
    expect(cz.status().audit).toMatchObject({ emitted: 1, delivered: 0, dropped: 1, queued: 0 });
  });

  test('keeps secrets out of names, attributes and errors', async () => {
    const apiKey = `cz_test_${'c'.repeat(64)}`;
    const { sink, records } = recording();
    const logger = memoryLogger();
    const leaking: RecordSink = {
      name: 'leaking',
      write: () => {
        throw new Error(`bad key ${apiKey}`);
      },
    };
    const options = { policy: modelAllowlist, apiKey, records: [sink, leaking], recordContext: ['note'], logger };
    const cz = await init(options);
    cz.evaluate(request(apiKey, { context: { agent_id: apiKey, note: `key ${apiKey}` } }));
    await cz.flush();
    expect(records).toHaveLength(1);
    expect(JSON.stringify([records, cz.status(), logger.lines])).not.toContain(apiKey);
    expect(cz.status().audit?.lastError?.message).toContain('bad key');
    await cz.close();
  });

  test('records nothing and loads nothing without one', async () => {
    const cz = await init({ policy: modelAllowlist });
    cz.evaluate(request('gpt-4'));
    expect(cz.status().audit).toBeNull();
    await cz.close();
    expect(cz.status().audit).toBeNull();
  });

  test('takes the sink that a source of a policy brings, unless logDecisions is false', async () => {
    const { sink, records } = recording();
    const source = { ...inlineSource(modelAllowlist), openRecords: async () => sink };
    const cz = await init({ source });
    cz.evaluate(request('gpt-4'));
    await cz.close();
    expect(records).toHaveLength(1);
    const silent = await init({ source, logDecisions: false });
    silent.evaluate(request('gpt-4'));
    await silent.close();
    expect([records.length, silent.status().audit]).toEqual([1, null]);
  });

  test.each([
    [{ records: 5 }, /takes a function, an object with a name and write\(\), or a list of these/u],
    [{ records: [{ write: () => undefined }] }, /"records"/u],
    [{ recordContext: 'tier' }, /"recordContext" takes a list of names/u],
    [{ audit: 'always' }, /"audit" takes 'best-effort' or 'required'/u],
  ])('refuses %j', (options, message) => {
    expect(() => new ControlZero(options as ControlZeroOptions)).toThrow(message);
  });
});

describe('audit: required', () => {
  test('denies what no sink takes, as could-not-decide, and allows again once there is room', async () => {
    let release = (): void => undefined;
    const slow: RecordSink = {
      name: 'slow',
      flushAt: 10_001,
      write: async () => new Promise<void>((resolve) => (release = resolve)),
    };
    const cz = await init({ policy: modelAllowlist, records: slow, audit: 'required', logger: memoryLogger() });
    const effects: string[] = [];
    cz.onDecision(
      ({ decision, fallback, enforced }) => effects.push(`${decision.reasonCode} ${enforced} ${fallback?.requested}`),
      { immediate: true },
    );
    expect((await cz.enforce(request('gpt-4'))).allowed).toBe(true);
    fill(cz);
    const error = await rejectionOf(cz.enforceFirst([request('gpt-4-turbo'), request('gpt-4')]));
    expect(error).toBeInstanceOf(PolicyUnavailableError);
    expect(error).toMatchObject({
      code: 'ERR_CZ_POLICY_UNAVAILABLE',
      status: 503,
      decision: { allowed: false, reasonCode: 'AUDIT_UNAVAILABLE' },
      request: { resource: 'model/gpt-4-turbo' },
    });
    expect(cz.evaluate(request('gpt-4'))).toMatchObject({ allowed: false, reasonCode: 'AUDIT_UNAVAILABLE' });
    // What is denied anyway keeps its own reason.
    expect(await rejectionOf(cz.enforce(request('o3')))).toBeInstanceOf(PolicyDeniedError);
    await new Promise((resolve) => setTimeout(resolve, 5));
    void cz.flush();
    while (cz.status().audit?.delivered === 0) {
      release();
      await new Promise((resolve) => setTimeout(resolve));
    }
    expect((await cz.enforce(request('gpt-4'))).allowed).toBe(true);
    expect(effects.filter((each) => each.startsWith('AUDIT'))).toEqual(
      Array.from({ length: 3 }, () => 'AUDIT_UNAVAILABLE true undefined'),
    );
    const { emitted, delivered, dropped, queued } = cz.status().audit ?? {};
    expect(emitted).toBe((delivered ?? 0) + (dropped ?? 0) + (queued ?? 0));
    release();
    await cz.close();
  });

  test('one sink that takes it is enough', async () => {
    const { sink, records } = recording();
    const cz = await init({ policy: modelAllowlist, records: [refusing, sink], audit: 'required' });
    for (let count = 0; count < 10_100; count += 1) {
      if (count % 1000 === 0) await cz.flush({ timeoutMs: 5 });
      expect(cz.evaluate(request('gpt-4')).allowed).toBe(true);
    }
    expect(cz.status().audit?.sinks[0]?.dropped).toBe(100);
    await cz.close();
    expect(records).toHaveLength(10_100);
  });

  test('in shadow mode lets the call go on, and says so', async () => {
    const options = { policy: modelAllowlist, records: refusing, audit: 'required', mode: 'shadow' } as const;
    const cz = await init({ ...options, logger: memoryLogger() });
    fill(cz);
    expect(await cz.enforce(request('gpt-4'))).toMatchObject({ allowed: false, reasonCode: 'AUDIT_UNAVAILABLE' });
    await cz.close();
  });

  test('without a place for records rejects initialize(), and denies every call, failOpen or not', async () => {
    const cz = new ControlZero({ policy: modelAllowlist, audit: 'required', failOpen: true, logger: memoryLogger() });
    await expect(cz.initialize()).rejects.toThrow(ConfigurationError);
    await expect(cz.initialize()).rejects.toThrow(/audit is "required" .+ recordFile\(\)/u);
    const error = await rejectionOf(cz.enforce(request('gpt-4')));
    expect(error).toBeInstanceOf(PolicyUnavailableError);
    expect(error).toMatchObject({
      decision: { reasonCode: 'AUDIT_UNAVAILABLE' },
      cause: expect.any(ConfigurationError),
    });
    await cz.close();
  });

  test('with logDecisions: false and no sink is a mistake that is told at once', () => {
    const options = { audit: 'required', logDecisions: false } as const;
    expect(() => new ControlZero(options)).toThrow(ConfigurationError);
    expect(() => new ControlZero({ ...options, records: () => undefined })).not.toThrow();
  });
});
