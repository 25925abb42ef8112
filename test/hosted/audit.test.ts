import { describe, expect, test } from 'vitest';

import type { PolicyRequest } from '../../src/index.ts';
import { ControlZero, init, modelRequest } from '../../src/index.ts';
import { sha256, utf8 } from '../../src/bundle/bytes.ts';
import { auditEntry } from '../../src/hosted/audit-entry.ts';
import { AuditSink } from '../../src/hosted/audit-sink.ts';
import { readEndpoint } from '../../src/hosted/endpoint.ts';
import { Exchange } from '../../src/hosted/exchange.ts';
import type { TestControlPlane } from '../../src/testing/index.ts';
import { startTestControlPlane } from '../../src/testing/index.ts';
import { toDecisionRecord } from '../../src/events/decision-record.ts';
import type { Clock } from '../../src/sync/clock.ts';
import { systemClock } from '../../src/sync/clock.ts';
import { VERSION } from '../../src/version.ts';
import { createDecision } from '../../src/policy/decision.ts';
import { eventOf } from '../support/records-stage.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { silentLogger } from '../support/silent-logger.ts';
import { modelAllowlist } from '../support/specification-policies.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const signal = new AbortController().signal;
const request = (model: string, agent?: string): PolicyRequest =>
  modelRequest({ action: 'llm.generate', model, context: agent === undefined ? undefined : { agent_id: agent } });

// Time passes a hundred times as fast.
const fast: Clock = { ...systemClock, after: (delayMs, run) => systemClock.after(delayMs / 100, run) };

function optionsFor(plane: TestControlPlane): ConstructorParameters<typeof ControlZero>[0] & object {
  const cacheDir = temporaryFolder();
  return { apiKey: plane.apiKey, baseUrl: plane.url, cacheDir, hints: false, logger: silentLogger };
}

async function open(plane: TestControlPlane, clock: Clock = systemClock): Promise<ControlZero> {
  return new ControlZero(optionsFor(plane), clock).initialize();
}

function idsOf(plane: TestControlPlane): string[] {
  return plane.audit.map((entry) => (entry as { readonly id: string }).id);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('records of a hosted policy', () => {
  test('go to the control plane that it comes from, in its own words', async () => {
    await using plane = await startTestControlPlane({ policy: modelAllowlist, projectId: 'proj_a' });
    const cz = await open(plane);
    await cz.enforceFirst([request('gpt-4', 'support')], { adapter: 'openai' });
    await rejectionOf(cz.enforceFirst([request('o3')]));
    await cz.flush();
    expect(plane.audit).toMatchObject([
      {
        id: expect.stringMatching(/^[\da-f]{32}$/u) as string,
        tool_name: 'llm',
        method_name: 'generate',
        decision: 'allow',
        policy_id: 'openai-model-governance',
        rule_id: 'rule-0',
        reason_code: 'RULE_MATCH',
        mode: 'hosted',
        ts: expect.stringMatching(/Z$/u) as string,
        client_name: 'node-sdk',
        controlzero_sdk_version: `node@${VERSION}`,
        policy_source: 'hosted',
        project_id: 'proj_a',
        model_id: 'gpt-4',
        agent_id: 'support',
        adapter: 'openai',
        enforcement: 'enforce',
        user: '',
        user_email: '',
      },
      { decision: 'deny', reason_code: 'NO_RULE_MATCH', rule_id: '', model_id: 'o3' },
    ]);
    expect(cz.status().audit).toMatchObject({ delivered: 2, queued: 0, sinks: [{ name: 'control-plane' }] });
    await cz.close();
  });

  test('go nowhere with logDecisions: false, or when a local policy applies', async () => {
    await using plane = await startTestControlPlane({ policy: modelAllowlist });
    const silent = await init({ ...optionsFor(plane), logDecisions: false });
    const local = await init({ ...optionsFor(plane), policy: modelAllowlist });
    for (const cz of [silent, local]) {
      cz.evaluate(request('gpt-4'));
      expect(cz.status().audit).toBeNull();
      await cz.close();
    }
    expect(plane.count('audit')).toBe(0);
  });

  test('wait for thirty seconds or fifty decisions', async () => {
    await using plane = await startTestControlPlane({ policy: modelAllowlist });
    const cz = await open(plane);
    for (let count = 0; count < 49; count += 1) cz.evaluate(request('gpt-4'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(plane.count('audit')).toBe(0);
    cz.evaluate(request('gpt-4'));
    await until(() => plane.audit.length === 50);
    expect(plane.count('audit')).toBe(1);
    await cz.close();
  });

  test('that were made before there was a policy go there as well', async () => {
    await using plane = await startTestControlPlane({ policy: modelAllowlist });
    const cz = new ControlZero(optionsFor(plane));
    cz.evaluate(request('gpt-4'));
    await cz.initialize();
    await cz.flush();
    expect(plane.audit).toMatchObject([{ reason_code: 'NO_POLICY', decision: 'deny' }]);
    await cz.close();
  });

  test('keep their ids when an answer is lost, so that none is kept twice', async () => {
    await using plane = await startTestControlPlane({ policy: modelAllowlist });
    const cz = await open(plane, fast);
    plane.inject({ kind: 'reset' }, { route: 'audit', times: 2 });
    for (let count = 0; count < 60; count += 1) cz.evaluate(request('gpt-4'));
    await until(() => cz.status().audit?.delivered === 60);
    expect(plane.count('audit')).toBeGreaterThan(2);
    expect(plane.audit).toHaveLength(60);
    await cz.close();
  });

  test('are split when they are too many for the control plane', async () => {
    await using plane = await startTestControlPlane({ policy: modelAllowlist });
    const cz = await open(plane);
    plane.inject({ kind: 'status', status: 413 }, { route: 'audit', times: 3 });
    for (let count = 0; count < 400; count += 1) cz.evaluate(request('gpt-4'));
    await cz.flush();
    const sizes = plane.requests
      .filter(({ route }) => route === 'audit')
      .map(({ json }) => (json as { readonly entries: readonly unknown[] }).entries.length);
    expect(sizes.slice(0, 4)).toEqual([400, 200, 100, 50]);
    expect(cz.status().audit).toMatchObject({ delivered: 400, dropped: 0 });
    expect(new Set(idsOf(plane)).size).toBe(400);
    await cz.close();
  });

  test('wait as long as the control plane says', async () => {
    await using plane = await startTestControlPlane({ policy: modelAllowlist });
    const cz = await open(plane);
    plane.inject({ kind: 'status', status: 429, retryAfter: 120 }, { route: 'audit', times: 1 });
    cz.evaluate(request('gpt-4'));
    await cz.flush();
    await cz.flush();
    expect(plane.count('audit')).toBe(1);
    const [sink] = cz.status().audit?.sinks ?? [];
    expect(sink).toMatchObject({ queued: 1, lastError: { httpStatus: 429 } });
    expect((sink?.retryAt ?? 0) - Date.now()).toBeGreaterThan(100_000);
    await cz.close();
    expect(plane.audit).toHaveLength(1);
  });

  test('are kept while the key is refused, and delivered once it is accepted again', async () => {
    await using plane = await startTestControlPlane({ policy: modelAllowlist });
    const cz = await open(plane, fast);
    const takeBack = plane.inject({ kind: 'status', status: 401 }, { route: 'audit', times: Infinity });
    for (let count = 0; count < 60; count += 1) cz.evaluate(request('gpt-4'));
    await until(() => plane.count('audit') > 0 && cz.status().audit?.lastError !== null);
    const [sink] = cz.status().audit?.sinks ?? [];
    expect(sink).toMatchObject({ queued: 60, dropped: 0, lastError: { httpStatus: 401 } });
    expect((sink?.retryAt ?? 0) - Date.now()).toBeGreaterThan(140_000);
    takeBack();
    await until(() => cz.status().audit?.delivered === 60);
    await cz.close();
  });

  test('go one batch at a time where answers are slow', async () => {
    await using plane = await startTestControlPlane({ policy: modelAllowlist });
    const cz = await open(plane);
    plane.inject({ kind: 'trickle', intervalMs: 5 }, { route: 'audit', times: Infinity });
    for (let count = 0; count < 1500; count += 1) cz.evaluate(request('gpt-4'));
    await cz.flush({ timeoutMs: 20_000 });
    expect(plane.count('audit')).toBe(3);
    expect(plane.audit).toHaveLength(1500);
    await cz.close();
  });

  test('required ones go on from a stored policy while the control plane is gone, until the queue is full', async () => {
    const plane = await startTestControlPlane({ policy: modelAllowlist });
    const options = { ...optionsFor(plane), audit: 'required' } as const;
    const first = await init(options);
    await first.close();
    await plane.close();
    const cz = await init(options);
    expect((await cz.enforce(request('gpt-4'))).allowed).toBe(true);
    for (let count = 0; count < 10_000; count += 1) cz.evaluate(request('gpt-4'));
    await expect(cz.enforce(request('gpt-4'))).rejects.toMatchObject({ decision: { reasonCode: 'AUDIT_UNAVAILABLE' } });
    await cz.close();
  });
});

describe('the sink of a control plane', () => {
  const sinkOf = (plane: { readonly url: string; readonly apiKey: string }): AuditSink =>
    new AuditSink({
      exchange: new Exchange({ endpoint: readEndpoint(plane.url, plane.apiKey), clock: systemClock }),
      projectId: async () => 'p',
    });

  test('says how many records the control plane threw away, unless they may be known from before', async () => {
    await using plane = await startTestControlPlane({});
    const sink = sinkOf(plane);
    const broken = { ...toDecisionRecord(eventOf(1)), id: 5 as never };
    const records = [broken, toDecisionRecord(eventOf(2))];
    expect(await sink.write(records, { signal })).toEqual({ refused: 1 });
    plane.inject({ kind: 'reset' }, { route: 'audit' });
    await rejectionOf(sink.write(records, { signal }));
    expect(await sink.write(records, { signal })).toEqual({ refused: 0 });
    expect(await sink.write(records, { signal })).toEqual({ refused: 1 });
  });

  test('takes any success for one, whatever its body', async () => {
    await using plane = await startTestControlPlane({});
    plane.inject({ kind: 'empty' }, { route: 'audit' });
    expect(await sinkOf(plane).write([toDecisionRecord(eventOf(1))], { signal })).toEqual({ refused: 0 });
  });

  test('sends no more than 1 MiB, and says so as the control plane would', async () => {
    await using plane = await startTestControlPlane({});
    const context = { note: '\u0000'.repeat(1000) };
    const records = Array.from({ length: 400 }, (_, id) => toDecisionRecord(eventOf(id), context));
    expect(await rejectionOf(sinkOf(plane).write(records, { signal }))).toMatchObject({ httpStatus: 413 });
    expect(plane.count('audit')).toBe(0);
    await sinkOf(plane).write(records.slice(0, 100), { signal });
    expect(plane.audit).toHaveLength(100);
  });
});

describe('an audit entry', () => {
  const origin = { projectId: 'p', hostname: 'h' };

  test('holds the hash of no arguments', async () => {
    const { args_hash: hash } = auditEntry(toDecisionRecord(eventOf(1)), origin);
    expect(hash).toBe(`sha256:${await sha256(utf8('{}'))}`);
  });

  test('has the fields that the protocol asks for, and sends none without a value', () => {
    const event = eventOf(1, {
      action: 'ping',
      resource: 'tool/a',
      mode: 'shadow',
      enforced: false,
      trace: { traceId: 't', spanId: 's' },
      fallback: {
        requested: 'model/x',
        denied: createDecision({ effect: 'deny', reasonCode: 'RULE_MATCH', reason: '' }),
      },
    });
    const entry = JSON.parse(JSON.stringify(auditEntry(toDecisionRecord(event, { tier: 'gold' }), origin))) as object;
    expect(entry).toMatchObject({
      tool_name: 'ping',
      enforcement: 'shadow',
      fallback_for: 'model/x',
      trace_id: 't',
      span_id: 's',
      context: { tier: 'gold' },
    });
    expect(Object.keys(entry)).not.toContain('model_id');
    expect(Object.keys(entry)).not.toContain('method_name');
    expect(Object.keys(entry)).not.toContain('agent_id');
  });
});
