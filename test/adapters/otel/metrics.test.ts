import { metrics } from '@opentelemetry/api';
import { afterEach, describe, expect, test, vi } from 'vitest';

import { instrumentControlZero } from '../../../adapters/otel/index.ts';
import { drivers } from '../../../examples/governance-demo/drivers.ts';
import type { ControlZeroOptions, PolicyDocument } from '../../../src/index.ts';
import { ControlZero, init } from '../../../src/index.ts';
import type { TestControlPlane } from '../../../src/testing/index.ts';
import { createTestControlZero, startLocalProvider, startTestControlPlane } from '../../../src/testing/index.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { silentLogger } from '../../support/silent-logger.ts';
import type { MetricPoint, TelemetryStage } from '../../support/telemetry-stage.ts';
import { telemetryStage } from '../../support/telemetry-stage.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const policy: PolicyDocument = {
  rules: [
    { effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' },
    { effect: 'warn', action: 'llm.generate', resource: 'model/gpt-3.5-turbo' },
  ],
};
const ask = (model: string, agent = 'support'): Parameters<ControlZero['evaluate']>[0] => ({
  action: 'llm.generate',
  resource: `model/${model}`,
  context: { agent_id: agent },
});

async function valuesOf(telemetry: TelemetryStage, metric: string): Promise<readonly number[]> {
  return (await telemetry.points(metric)).map(({ value }) => value);
}

// One line for each number: its attributes without the namespace, and the number.
function lines(points: readonly MetricPoint[]): string[] {
  return points
    .map(({ attributes, value }) => {
      const named = Object.entries(attributes).map(
        ([name, one]) => `${name.replace('controlzero.', '')}=${String(one)}`,
      );
      return [...named.toSorted(), `: ${value}`].join(' ');
    })
    .toSorted();
}

describe.each(drivers.map((driver) => [driver.name, driver] as const))(
  'metrics of calls through %s',
  (name, driver) => {
    test('count each decision once, and denials by model and agent', async () => {
      const telemetry = telemetryStage();
      await using provider = await startLocalProvider();
      const { cz } = await createTestControlZero(policy);
      instrumentControlZero(cz);
      const target = { apiKey: 'local', baseURL: provider.baseURL };
      const send = async (model: string, agentId?: string, fallback?: string[]): Promise<unknown> =>
        driver
          .send({ cz, target, model, ...(agentId && { agentId }), ...(fallback && { fallback }) })
          .catch(() => undefined);
      await send('gpt-4');
      await send('gpt-4', 'a');
      await send('gpt-3.5-turbo', 'a');
      await send('gpt-4-turbo', 'a');
      await send('gpt-4-turbo', 'a');
      await send('gpt-4-turbo', 'b');
      await send('o1');
      await send('o1', 'a', ['gpt-4']);
      const tail = 'decision.reason_code';
      expect(lines(await telemetry.points('controlzero.decisions'))).toEqual([
        `action=llm.generate adapter=${name} decision.effect=allow decision.enforced=true decision.fallback=false ${tail}=RULE_MATCH : 2`,
        `action=llm.generate adapter=${name} decision.effect=allow decision.enforced=true decision.fallback=true ${tail}=RULE_MATCH : 1`,
        `action=llm.generate adapter=${name} decision.effect=deny decision.enforced=true decision.fallback=false ${tail}=NO_RULE_MATCH : 4`,
        `action=llm.generate adapter=${name} decision.effect=warn decision.enforced=true decision.fallback=false ${tail}=RULE_MATCH : 1`,
      ]);
      const denied = `action=llm.generate adapter=${name} decision.enforced=true ${tail}=NO_RULE_MATCH`;
      expect(lines(await telemetry.points('controlzero.denials'))).toEqual([
        `${denied} gen_ai.agent.id=a gen_ai.request.model=gpt-4-turbo : 2`,
        `${denied} gen_ai.agent.id=b gen_ai.request.model=gpt-4-turbo : 1`,
        `${denied} gen_ai.request.model=o1 : 1`,
      ]);
      expect(provider.modelRequests.map(({ model }) => model)).toEqual(['gpt-4', 'gpt-4', 'gpt-3.5-turbo', 'gpt-4']);
      await cz.close();
    });
  },
);

describe('metrics of decisions', () => {
  test('time them in seconds, in buckets that tell microseconds apart', async () => {
    const telemetry = telemetryStage();
    const { cz } = await createTestControlZero(policy);
    instrumentControlZero(cz);
    let totalMs = 0;
    cz.onDecision(({ latencyMs }) => (totalMs += latencyMs), { immediate: true });
    for (let count = 0; count < 20; count += 1) cz.evaluate(ask('gpt-4'));
    const [point] = await telemetry.histograms('controlzero.decision.duration');
    expect(point?.value).toMatchObject({ count: 20 });
    expect(point?.value.sum).toBeCloseTo(totalMs / 1000, 9);
    expect(point?.value.buckets.boundaries.slice(0, 3)).toEqual([0.000_001, 0.000_002, 0.000_005]);
    expect(point?.value.buckets.boundaries.at(-1)).toBe(1);
  });

  test('say of denials in shadow mode that they were not enforced', async () => {
    const telemetry = telemetryStage();
    const { cz } = await createTestControlZero(policy, { mode: 'shadow' });
    instrumentControlZero(cz);
    await cz.enforce(ask('o1'));
    expect((await telemetry.points('controlzero.denials'))[0]?.attributes).toMatchObject({
      'controlzero.decision.enforced': false,
    });
  });

  test('name tools that were denied, and nothing for other resources', async () => {
    const telemetry = telemetryStage();
    const { cz } = await createTestControlZero(policy);
    instrumentControlZero(cz);
    cz.evaluate({ action: 'tool.call', resource: 'tool/refund' });
    cz.evaluate({ action: 'report.read', resource: 'report/1' });
    const points = await telemetry.points('controlzero.denials');
    expect(points.map(({ attributes }) => attributes['gen_ai.tool.name'])).toEqual(['refund', undefined]);
    expect(points.map(({ attributes }) => attributes['gen_ai.request.model'])).toEqual([undefined, undefined]);
  });

  test('tell a limited number of agents, models and actions apart', async () => {
    const telemetry = telemetryStage();
    const { cz } = await createTestControlZero({ rules: [] });
    instrumentControlZero(cz, { agentLimit: 2, modelLimit: 3 });
    for (let count = 0; count < 500; count += 1) {
      cz.evaluate(ask(`model-${count % 7}`, `agent-${count % 5}`));
      cz.evaluate({ action: `action-${count}`, resource: 'report/1' });
    }
    const points = await telemetry.points('controlzero.denials');
    const values = (name: string): unknown[] => [...new Set(points.map(({ attributes }) => attributes[name]))];
    expect(values('gen_ai.agent.id')).toEqual(['agent-0', undefined, 'agent-1', '_OTHER']);
    expect(values('gen_ai.request.model')).toEqual(['model-0', undefined, 'model-1', 'model-2', '_OTHER']);
    expect(values('controlzero.action')).toHaveLength(101);
    expect(points.reduce((sum, { value }) => sum + value, 0)).toBe(1000);
  });

  test('leave agents and models out where the limit is 0', async () => {
    const telemetry = telemetryStage();
    const { cz } = await createTestControlZero({ rules: [] });
    instrumentControlZero(cz, { agentLimit: 0, modelLimit: 0 });
    cz.evaluate(ask('o1', 'a'));
    cz.evaluate(ask('o2', 'b'));
    expect(lines(await telemetry.points('controlzero.denials'))).toEqual([
      'action=llm.generate decision.enforced=true decision.reason_code=NO_RULE_MATCH : 2',
    ]);
  });

  test('have units of UCUM and a description', async () => {
    const telemetry = telemetryStage();
    const { cz } = await createTestControlZero(policy);
    instrumentControlZero(cz);
    cz.evaluate(ask('o1'));
    const found = await telemetry.metrics();
    expect(found.map(({ name, unit }) => `${name} ${unit}`).toSorted()).toEqual([
      'controlzero.clients {client}',
      'controlzero.decision.duration s',
      'controlzero.decisions {decision}',
      'controlzero.denials {denial}',
      'controlzero.events.dropped {event}',
      'controlzero.policy.age s',
    ]);
    expect(found.filter(({ description }) => !/^[A-Z].+\.$/u.test(description))).toEqual([]);
  });
});

describe('the age of the policy', () => {
  afterEach(() => void vi.useRealTimers());

  test('grows until its source is read again', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2027, 0, 1) });
    const telemetry = telemetryStage();
    const { cz } = await createTestControlZero(policy);
    instrumentControlZero(cz);
    expect(await telemetry.points('controlzero.policy.age')).toEqual([
      { attributes: { 'controlzero.policy.kind': 'test' }, value: 0 },
    ]);
    vi.setSystemTime(Date.UTC(2027, 0, 1, 0, 5));
    expect(await valuesOf(telemetry, 'controlzero.policy.age')).toEqual([300]);
    await cz.refresh();
    expect(await valuesOf(telemetry, 'controlzero.policy.age')).toEqual([0]);
    // A clock that was set back makes nothing younger than new.
    vi.setSystemTime(Date.UTC(2026, 0, 1));
    expect(await valuesOf(telemetry, 'controlzero.policy.age')).toEqual([0]);
  });

  test('of several clients is the longest', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2027, 0, 1) });
    const telemetry = telemetryStage();
    const older = await createTestControlZero(policy);
    instrumentControlZero(older.cz);
    vi.setSystemTime(Date.UTC(2027, 0, 1, 0, 1));
    const newer = await createTestControlZero(policy);
    instrumentControlZero(newer.cz);
    expect(await valuesOf(telemetry, 'controlzero.policy.age')).toEqual([60]);
    await older.cz.close();
    expect(await valuesOf(telemetry, 'controlzero.policy.age')).toEqual([0]);
  });

  test('is not told of a policy that was given in code, nor without one', async () => {
    const telemetry = telemetryStage();
    instrumentControlZero(await init({ policy }));
    instrumentControlZero(new ControlZero());
    expect(await telemetry.points('controlzero.policy.age')).toEqual([]);
    expect(lines(await telemetry.points('controlzero.clients'))).toEqual([
      'sync.state=idle : 1',
      'sync.state=local : 1',
    ]);
  });
});

describe('a control plane', () => {
  let plane: TestControlPlane;
  const clients: ControlZero[] = [];

  function client(cacheDir: string, options: ControlZeroOptions = {}): ControlZero {
    const { apiKey, url: baseUrl } = plane;
    const cz = new ControlZero({ apiKey, baseUrl, cacheDir, logger: silentLogger, hints: false, ...options });
    clients.push(cz);
    instrumentControlZero(cz);
    return cz;
  }

  afterEach(async () => {
    await Promise.all(clients.splice(0).map(async (cz) => cz.close()));
    await plane.close();
    vi.useRealTimers();
  });

  test('that fails is counted by the kind of failure', async () => {
    const telemetry = telemetryStage();
    plane = await startTestControlPlane({ policy });
    for (const kind of ['reset', 'flipped-bit'] as const) {
      const takeBack = plane.inject({ kind }, { route: 'pull' });
      await rejectionOf(client(temporaryFolder()).initialize());
      takeBack();
    }
    for (let count = 0; count < 2; count += 1) {
      const takeBack = plane.inject({ kind: 'status', status: 503 }, { route: 'pull' });
      await rejectionOf(client(temporaryFolder()).initialize());
      takeBack();
    }
    await rejectionOf(client(temporaryFolder(), { apiKey: `cz_test_${'0'.repeat(64)}` }).initialize());
    expect(lines(await telemetry.points('controlzero.sync.failures'))).toEqual([
      'error.type=auth : 1',
      'error.type=http : 2',
      'error.type=network : 1',
      'error.type=signature : 1',
    ]);
    expect(lines(await telemetry.points('controlzero.clients'))).toEqual(['sync.state=interrupted : 5']);
  });

  test('that is gone at a restart leaves a policy as old as the bundle on disk', async () => {
    const telemetry = telemetryStage();
    plane = await startTestControlPlane({ policy });
    const cacheDir = temporaryFolder();
    const before = client(cacheDir);
    await before.initialize();
    const issuedAt = before.status().policy?.issuedAt ?? 0;
    await before.close();
    await plane.close();
    vi.useFakeTimers({ toFake: ['Date'], now: issuedAt + 90_000 });
    const after = client(cacheDir);
    await after.initialize();
    expect(after.status().lastSuccessAt).toBeNull();
    expect(await telemetry.points('controlzero.policy.age')).toEqual([
      { attributes: { 'controlzero.policy.kind': 'hosted' }, value: 90 },
    ]);
  });
});

describe('the counters of clients', () => {
  test('count a failure each time, also the same one', async () => {
    const telemetry = telemetryStage();
    const source = {
      kind: 'mine',
      refreshIntervalMs: 0,
      read: async () => Promise.reject(new Error('The disk is on fire.')),
    };
    const cz = new ControlZero({ source, logger: silentLogger });
    instrumentControlZero(cz);
    await rejectionOf(cz.initialize());
    await rejectionOf(cz.refresh());
    await rejectionOf(cz.refresh());
    expect(lines(await telemetry.points('controlzero.sync.failures'))).toEqual(['error.type=unreadable : 3']);
    expect(cz.status().failures).toEqual({ unreadable: 3 });
  });

  test('do not go back when a client ends, and nothing is observed of it any more', async () => {
    const telemetry = telemetryStage();
    const read = async (): Promise<never> => Promise.reject(new Error('No.'));
    const open = async (): Promise<readonly [ControlZero, () => void]> => {
      const cz = new ControlZero({ source: { kind: 'mine', refreshIntervalMs: 0, read }, logger: silentLogger });
      const stop = instrumentControlZero(cz);
      await rejectionOf(cz.initialize());
      return [cz, stop];
    };
    const [first, stopFirst] = await open();
    const [second] = await open();
    expect(await valuesOf(telemetry, 'controlzero.sync.failures')).toEqual([2]);
    stopFirst();
    await rejectionOf(first.refresh());
    expect(await valuesOf(telemetry, 'controlzero.sync.failures')).toEqual([2]);
    expect(await valuesOf(telemetry, 'controlzero.clients')).toEqual([1]);
    await second.close();
    expect(await valuesOf(telemetry, 'controlzero.sync.failures')).toEqual([2]);
    expect(await valuesOf(telemetry, 'controlzero.clients')).toEqual([0]);
    const [, stopThird] = await open();
    expect(await valuesOf(telemetry, 'controlzero.sync.failures')).toEqual([3]);
    expect(lines(await telemetry.points('controlzero.clients'))).toEqual(['sync.state=interrupted : 1']);
    stopThird();
    expect(await valuesOf(telemetry, 'controlzero.sync.failures')).toEqual([3]);
    expect(await valuesOf(telemetry, 'controlzero.clients')).toEqual([0]);
  });

  test('move a client from one state to the next', async () => {
    const telemetry = telemetryStage();
    const cz = new ControlZero({ policy });
    instrumentControlZero(cz);
    expect(lines(await telemetry.points('controlzero.clients'))).toEqual(['sync.state=idle : 1']);
    await cz.initialize();
    expect(lines(await telemetry.points('controlzero.clients'))).toEqual([
      'sync.state=idle : 0',
      'sync.state=local : 1',
    ]);
  });

  test('follow the client when the process gets another SDK', async () => {
    const first = telemetryStage();
    const second = telemetryStage({ isGlobal: false });
    const { cz } = await createTestControlZero(policy);
    instrumentControlZero(cz);
    expect(await valuesOf(first, 'controlzero.clients')).toEqual([1]);
    metrics.disable();
    metrics.setGlobalMeterProvider(second.meterProvider);
    cz.evaluate(ask('gpt-4'));
    expect(await valuesOf(first, 'controlzero.clients')).toEqual([0]);
    expect(await valuesOf(second, 'controlzero.clients')).toEqual([1]);
    expect(await valuesOf(second, 'controlzero.decisions')).toEqual([1]);
  });

  test('tell the records that wait for each sink, and those that were dropped', async () => {
    const telemetry = telemetryStage();
    const stages = [await createTestControlZero(policy), await createTestControlZero(policy)];
    const sink = (name: string, queued: number, dropped: number): object => ({ name, queued, dropped });
    const delivered = [[sink('file', 2, 1), sink('control plane', 0, 0)], [sink('file', 3, 4)]];
    for (const [index, { cz }] of stages.entries()) {
      const status = cz.status.bind(cz);
      const audit: unknown = { sinks: delivered[index] };
      vi.spyOn(cz, 'status').mockImplementation(() => Object.assign(status(), { audit }));
      instrumentControlZero(cz);
    }
    expect(lines(await telemetry.points('controlzero.records.queued'))).toEqual([
      'record.sink=control plane : 0',
      'record.sink=file : 5',
    ]);
    await stages[0]?.cz.close();
    expect(lines(await telemetry.points('controlzero.records.queued'))).toEqual([
      'record.sink=control plane : 0',
      'record.sink=file : 3',
    ]);
    expect(lines(await telemetry.points('controlzero.records.dropped'))).toEqual([
      'record.sink=control plane : 0',
      'record.sink=file : 5',
    ]);
  });

  test('count decision events that were dropped', async () => {
    const telemetry = telemetryStage();
    const { cz } = await createTestControlZero(policy);
    instrumentControlZero(cz);
    for (let count = 0; count < 10_003; count += 1) cz.evaluate(ask('gpt-4'));
    expect(await telemetry.points('controlzero.events.dropped')).toEqual([{ attributes: {}, value: 3 }]);
    // What is counted with each decision waits in no queue.
    expect(await valuesOf(telemetry, 'controlzero.decisions')).toEqual([10_003]);
    await cz.flush();
  });
});
