import type { TracerProvider } from '@opentelemetry/api';
import * as api from '@opentelemetry/api';
import * as tracing from '@opentelemetry/sdk-trace';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { describe, expect, test } from 'vitest';

import { activeTraceContext, instrumentControlZero } from '../../../adapters/otel/index.ts';
import type { ControlZeroOptions, PolicySource } from '../../../src/index.ts';
import { ControlZero, Gate, init } from '../../../src/index.ts';
import { inlineSource } from '../../../src/sources/inline.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { SECRET, leakStage } from '../../support/leak-stage.ts';
import { memoryLogger } from '../../support/memory-logger.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { isOldest, telemetryStage } from '../../support/telemetry-stage.ts';

const { SpanStatusCode, context, trace } = api;

const GPT_4 = { action: 'llm.generate', resource: 'model/gpt-4', context: { agent_id: 'support' } };
const TURBO = { ...GPT_4, resource: 'model/gpt-4-turbo' };

async function client(options: ControlZeroOptions = {}): Promise<ControlZero> {
  return init({
    policy: {
      rules: [
        { effect: 'allow', action: '*', resource: 'model/gpt-4' },
        { effect: 'allow', action: 'tool.call', resource: 'tool/search' },
      ],
    },
    ...options,
  });
}

const namesOf = (spans: readonly ReadableSpan[]): string[] => spans.map(({ name }) => name);
const eventsOf = (span: ReadableSpan | undefined): (string | undefined)[] =>
  span?.events.map(({ attributes }) => String(attributes?.['controlzero.resource'])) ?? [];

function parentOf(span: ReadableSpan | undefined): string | undefined {
  // The field had another name in older versions.
  const { parentSpanContext, parentSpanId } = span as ReadableSpan & { readonly parentSpanId?: string };
  return parentSpanContext?.spanId ?? parentSpanId;
}

test('these tests run on the API that they are for', () => {
  // Logs came with 1.10.
  expect('logs' in api).toBe(!isOldest);
});

describe('spans of their own', () => {
  test('for denials: a child of the active span, which gets the other decisions', async () => {
    const telemetry = telemetryStage();
    const cz = await client();
    instrumentControlZero(cz, { spans: 'denials' });
    await telemetry.inSpan('request', async () => [cz.evaluate(GPT_4), cz.evaluate(TURBO)]);
    const [decision, request] = telemetry.spans();
    expect(namesOf(telemetry.spans())).toEqual(['controlzero.decision', 'request']);
    expect(parentOf(decision)).toBe(request?.spanContext().spanId);
    expect(decision?.attributes).toMatchObject({
      'controlzero.resource': 'model/gpt-4-turbo',
      'controlzero.denied': true,
    });
    // The policy answered: that is no failure of the decision.
    expect(decision?.status.code).toBe(SpanStatusCode.UNSET);
    expect(decision?.attributes).not.toHaveProperty('error.type');
    expect(eventsOf(request)).toEqual(['model/gpt-4']);
    expect(request?.attributes).toEqual({});
  });

  test('for all decisions, with and without an active span', async () => {
    const telemetry = telemetryStage();
    const cz = await client();
    instrumentControlZero(cz, { spans: 'all' });
    cz.evaluate(GPT_4);
    await telemetry.inSpan('request', async () => cz.evaluate(GPT_4));
    const [root, child, request] = telemetry.spans();
    expect(namesOf(telemetry.spans())).toEqual(['controlzero.decision', 'controlzero.decision', 'request']);
    expect(parentOf(root)).toBeUndefined();
    expect(parentOf(child)).toBe(request?.spanContext().spanId);
    expect(child?.attributes).not.toHaveProperty('controlzero.denied');
    expect(request?.events).toEqual([]);
  });

  test('last as long as the decision took', async () => {
    const telemetry = telemetryStage();
    const cz = await client();
    instrumentControlZero(cz, { spans: 'all' });
    let event = { at: 0, latencyMs: 0 };
    cz.onDecision((made) => (event = made), { immediate: true });
    cz.evaluate(GPT_4);
    const [seconds = 0, nanoseconds = 0] = telemetry.spans()[0]?.duration ?? [];
    expect(event.latencyMs).toBeGreaterThan(0);
    expect(seconds * 1e3 + nanoseconds / 1e6).toBeCloseTo(event.latencyMs, 2);
    const [startSeconds = 0, startNanoseconds = 0] = telemetry.spans()[0]?.startTime ?? [];
    expect(startSeconds * 1e3 + startNanoseconds / 1e6).toBe(event.at);
  });

  test('a denial because nothing could decide is an error', async () => {
    const telemetry = telemetryStage();
    const cz = new ControlZero();
    instrumentControlZero(cz);
    cz.evaluate(GPT_4);
    expect(telemetry.spans()[0]?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'NO_POLICY' });
    expect(telemetry.spans()[0]?.attributes).toMatchObject({ 'error.type': 'NO_POLICY', 'controlzero.denied': true });
    await cz.close();
    cz.evaluate(GPT_4);
    expect(telemetry.spans()[1]?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'CLIENT_CLOSED' });
  });

  test('a denial because the decision cannot be recorded is an error', () => {
    const telemetry = telemetryStage();
    const cz = new ControlZero({ audit: 'required', failOpen: true });
    instrumentControlZero(cz);
    expect(cz.evaluate(GPT_4).reasonCode).toBe('AUDIT_UNAVAILABLE');
    expect(telemetry.spans()[0]?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'AUDIT_UNAVAILABLE' });
    expect(telemetry.spans()[0]?.attributes).toMatchObject({ 'error.type': 'AUDIT_UNAVAILABLE' });
  });

  test('a denial after the active span has ended is its child, and not lost', async () => {
    const telemetry = telemetryStage();
    const cz = await client();
    instrumentControlZero(cz);
    let later = async (): Promise<unknown> => Promise.resolve();
    await telemetry.inSpan('request', async () => {
      const active = context.active();
      later = async () => context.with(active, async () => [cz.evaluate(GPT_4), cz.evaluate(TURBO)]);
    });
    await later();
    const [request, denial] = telemetry.spans();
    expect(namesOf(telemetry.spans())).toEqual(['request', 'controlzero.decision']);
    expect(parentOf(denial)).toBe(request?.spanContext().spanId);
    expect(request?.events).toEqual([]);
  });

  test('none in a trace that is not sampled', async () => {
    const telemetry = telemetryStage({ sampler: new tracing.AlwaysOffSampler() });
    const cz = await client();
    instrumentControlZero(cz, { spans: 'all' });
    await telemetry.inSpan('request', async () => [cz.evaluate(GPT_4), cz.evaluate(TURBO)]);
    expect(telemetry.spans()).toEqual([]);
    expect(await telemetry.points('controlzero.denials')).toHaveLength(1);
  });
});

describe('what an event says', () => {
  test('of a tool', async () => {
    const telemetry = telemetryStage();
    const cz = await client();
    instrumentControlZero(cz);
    const gate = new Gate({ owner: 'test', cz, options: {} });
    await telemetry.inSpan('request', async () => gate.enforceTool('search'));
    const attributes = telemetry.spans()[0]?.events[0]?.attributes;
    expect(attributes).toMatchObject({ 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search' });
    expect(attributes).not.toHaveProperty('gen_ai.request.model');
    expect(attributes).not.toHaveProperty('controlzero.adapter');
    // A rule without an id is named by its place.
    expect(attributes).toMatchObject({ 'controlzero.policy.rule': '1' });
  });

  test('of an action that the GenAI conventions do not know, and a default that decided', async () => {
    const telemetry = telemetryStage();
    const cz = await client();
    instrumentControlZero(cz);
    await telemetry.inSpan('request', async () => cz.evaluate({ action: 'toString', resource: 'report/1' }));
    const attributes = telemetry.spans()[0]?.events[0]?.attributes ?? {};
    expect(Object.keys(attributes).filter((name) => name.startsWith('gen_ai.'))).toEqual([]);
    expect(attributes).toMatchObject({
      'controlzero.action': 'toString',
      'controlzero.resource': 'report/1',
      'controlzero.decision.reason_code': 'NO_RULE_MATCH',
    });
    expect(attributes).not.toHaveProperty('controlzero.policy.rule');
  });

  test('of a policy that could not be refreshed for long', async () => {
    const telemetry = telemetryStage();
    const clock = createFakeClock();
    const good = inlineSource({ rules: [{ effect: 'allow', action: '*', resource: 'model/gpt-4' }] });
    let read = good.read;
    const source: PolicySource = { kind: 'mine', refreshIntervalMs: 60_000, read: async (options) => read(options) };
    const cz = new ControlZero({ source, logger: memoryLogger() }, clock);
    await cz.initialize();
    instrumentControlZero(cz);
    read = async () => Promise.reject(new Error('Nobody is there.'));
    await telemetry.inSpan('at once', async () => cz.evaluate(GPT_4));
    await clock.advance(11 * 60_000);
    await telemetry.inSpan('later', async () => cz.evaluate(GPT_4));
    const stale = telemetry.spans().map(({ events }) => events[0]?.attributes?.['controlzero.decision.stale']);
    expect(stale).toEqual([undefined, true]);
    await cz.close();
  });

  test('holds no secret, wherever somebody put it', async () => {
    const telemetry = telemetryStage();
    const { cz, canaries, attempt } = await leakStage();
    instrumentControlZero(cz);
    await cz.initialize();
    const context = { agent_id: SECRET };
    const secret = { action: 'llm.generate', resource: `model/${SECRET}`, context };
    await telemetry.inSpan('request', async () => {
      await attempt(() => cz.getSecret('openai'));
      await attempt(async () => cz.enforce(secret));
      await attempt(async () => cz.enforceFirst([secret, GPT_4]));
      await attempt(async () => cz.enforce({ action: `tool.${SECRET}`, resource: `tool/${SECRET}` }));
    });
    await attempt(async () => cz.enforce(secret));
    expect(telemetry.spans().map((span) => [span.name, span.events.length])).toEqual([
      ['request', 4],
      ['controlzero.decision', 0],
    ]);
    const told = JSON.stringify([
      ...telemetry.spans().map(({ name, attributes, events, status }) => ({ name, attributes, events, status })),
      await telemetry.points('controlzero.decisions'),
      await telemetry.points('controlzero.denials'),
    ]);
    expect(told).toContain('model/[secret openai]');
    for (const { value } of canaries) expect(told).not.toContain(JSON.stringify(value).slice(1, -1));
  });

  test('of a fallback for a call that no rule matched', async () => {
    const telemetry = telemetryStage();
    const cz = await client();
    instrumentControlZero(cz);
    await telemetry.inSpan('request', async () => cz.enforceFirst([TURBO, GPT_4]));
    const attributes = telemetry.spans()[0]?.events[0]?.attributes;
    expect(attributes).toMatchObject({ 'controlzero.fallback.requested': 'model/gpt-4-turbo' });
    expect(attributes).not.toHaveProperty('controlzero.fallback.denied_by');
  });
});

describe('providers', () => {
  test('that are given win over the global ones', async () => {
    const other = telemetryStage();
    const telemetry = telemetryStage({ isGlobal: false });
    const cz = await client();
    const { tracerProvider, meterProvider } = telemetry;
    instrumentControlZero(cz, { tracerProvider, meterProvider });
    cz.evaluate(TURBO);
    expect(namesOf(telemetry.spans())).toEqual(['controlzero.decision']);
    expect(await telemetry.points('controlzero.denials')).toHaveLength(1);
    expect(other.spans()).toEqual([]);
    expect(await other.metrics()).toEqual([]);
  });

  test('may be registered after the client was instrumented', async () => {
    const cz = await client();
    instrumentControlZero(cz);
    cz.evaluate(TURBO);
    const telemetry = telemetryStage();
    cz.evaluate(TURBO);
    expect(namesOf(telemetry.spans())).toEqual(['controlzero.decision']);
    expect((await telemetry.points('controlzero.denials')).map(({ value }) => value)).toEqual([1]);
  });

  test('are left alone where traces or metrics are not wanted', async () => {
    const telemetry = telemetryStage();
    const cz = await client();
    const stop = instrumentControlZero(cz, { traces: false });
    cz.evaluate(TURBO);
    expect(telemetry.spans()).toEqual([]);
    expect(await telemetry.points('controlzero.denials')).toHaveLength(1);
    stop();
    instrumentControlZero(cz, { metrics: false });
    cz.evaluate(TURBO);
    expect(telemetry.spans()).toHaveLength(1);
    expect((await telemetry.points('controlzero.denials')).map(({ value }) => value)).toEqual([1]);
  });

  test('that fail break no call and no other, and are reported', async () => {
    const telemetry = telemetryStage();
    const logger = memoryLogger();
    const cz = await client({ logger });
    const broken = {
      getTracer: () => ({
        startSpan: () => {
          throw new Error('No spans today.');
        },
      }),
    };
    instrumentControlZero(cz, { tracerProvider: broken as unknown as TracerProvider });
    const error = await rejectionOf(cz.enforce(TURBO));
    expect(error).toMatchObject({ code: 'ERR_CZ_POLICY_DENIED' });
    expect(logger.lines).toEqual(['error: A listener failed: No spans today.']);
    expect(await telemetry.points('controlzero.denials')).toHaveLength(1);
  });
});

describe('without an SDK', () => {
  test('calls are decided as ever, and nothing is active', async () => {
    const cz = await client({ traceContext: activeTraceContext });
    const stop = instrumentControlZero(cz);
    expect(activeTraceContext()).toBeUndefined();
    expect(cz.evaluate(GPT_4).allowed).toBe(true);
    await rejectionOf(cz.enforce(TURBO));
    stop();
  });

  test('a span without a valid context is no trace', () => {
    telemetryStage();
    const none = trace.wrapSpanContext({ traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 });
    context.with(trace.setSpan(context.active(), none), () => expect(activeTraceContext()).toBeUndefined());
  });
});

describe('the end', () => {
  test('comes with the function that was given, once', async () => {
    const telemetry = telemetryStage();
    const cz = await client();
    const stop = instrumentControlZero(cz);
    stop();
    stop();
    cz.evaluate(TURBO);
    expect(telemetry.spans()).toEqual([]);
    expect(await telemetry.points('controlzero.decisions')).toEqual([]);
    expect(await telemetry.points('controlzero.clients')).toEqual([]);
  });

  test('of a client that was instrumented twice comes with both, and until then it is told once', async () => {
    const telemetry = telemetryStage();
    const cz = await client();
    const first = instrumentControlZero(cz);
    const second = instrumentControlZero(cz, { spans: 'all' });
    cz.evaluate(GPT_4);
    cz.evaluate(TURBO);
    expect(telemetry.spans()).toHaveLength(1);
    expect((await telemetry.points('controlzero.decisions')).map(({ value }) => value)).toEqual([1, 1]);
    first();
    first();
    cz.evaluate(TURBO);
    expect(telemetry.spans()).toHaveLength(2);
    second();
    cz.evaluate(TURBO);
    expect(telemetry.spans()).toHaveLength(2);
    instrumentControlZero(cz);
    cz.evaluate(TURBO);
    expect(telemetry.spans()).toHaveLength(3);
  });
});

describe('instrumentControlZero() refuses', () => {
  const cz = new ControlZero();

  test.each([
    [undefined, {}, 'instrumentControlZero() takes a ControlZero: await init() gives one.'],
    [{}, {}, 'instrumentControlZero() takes a ControlZero: await init() gives one.'],
    [cz, null, 'instrumentControlZero() takes an object as options.'],
    [cz, 'all', 'instrumentControlZero() takes an object as options.'],
    [cz, { span: 'all' }, 'has no option "span". Options are tracerProvider, '],
    [cz, { toString: 1 }, 'has no option "toString"'],
    [cz, { spans: 'none' }, "takes 'denials' or 'all' as spans."],
    [cz, { traces: 1 }, 'takes true or false as traces.'],
    [cz, { agentLimit: -1 }, 'takes a whole number from 0 on as agentLimit.'],
    [cz, { modelLimit: 1.5 }, 'takes a whole number from 0 on as modelLimit.'],
    [cz, { tracerProvider: {} }, 'takes an object with getTracer() as tracerProvider.'],
    [cz, { meterProvider: 1 }, 'takes an object with getMeter() as meterProvider.'],
  ])('%o with %o', (client_, options, message) => {
    const call = (): unknown => instrumentControlZero(client_ as ControlZero, options as object);
    expect(call).toThrow(TypeError);
    expect(call).toThrow(message);
  });

  test('nothing that is left undefined', () => {
    const options = { spans: undefined } as object;
    expect(() => instrumentControlZero(cz, options)()).not.toThrow();
  });
});
