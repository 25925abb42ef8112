import { AsyncLocalStorage } from 'node:async_hooks';

import { describe, expect, test } from 'vitest';

import type { DecisionEvent, PolicyRequest } from '../../src/index.ts';
import { ControlZero, modelRequest } from '../../src/index.ts';
import { createTestControlZero } from '../../src/testing/index.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { memoryLogger } from '../support/memory-logger.ts';
import { modelAllowlist } from '../support/specification-policies.ts';

const request = (model: string): PolicyRequest => modelRequest({ action: 'llm.generate', model });
const TRACE = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };

describe('a decision event', () => {
  test('has an id of its own', async () => {
    const { cz, decisions } = await createTestControlZero(modelAllowlist);
    for (let count = 0; count < 200; count += 1) cz.evaluate(request('gpt-4'));
    const ids = (await decisions()).map(({ id }) => id);
    expect(new Set(ids).size).toBe(200);
    expect(ids.filter((id) => !/^[\da-f]{32}$/u.test(id))).toEqual([]);
  });

  test('says how long deciding took, from the first look at the request', async () => {
    let elapsed = 1000;
    const cz = new ControlZero({ policy: modelAllowlist }, { ...createFakeClock(), elapsed: () => elapsed });
    await cz.initialize();
    const events: DecisionEvent[] = [];
    cz.onDecision((event) => events.push(event), { immediate: true });
    const slow: PolicyRequest = {
      action: 'llm.generate',
      get resource() {
        elapsed += 7;
        return 'model/o3';
      },
    };
    await cz.enforceFirst([slow, request('gpt-4')]);
    cz.evaluate(request('gpt-4'));
    expect(events.map(({ resource, latencyMs }) => [resource, latencyMs])).toEqual([
      ['model/gpt-4', 7],
      ['model/gpt-4', 0],
    ]);
    await cz.close();
  });

  test('carries the trace that is active, for later and immediate listeners alike', async () => {
    const traces = [TRACE, undefined, { traceId: 5 }, TRACE];
    const traceContext = (): never => traces.shift() as never;
    const { cz, decisions } = await createTestControlZero(modelAllowlist, { traceContext });
    for (let count = 0; count < 4; count += 1) cz.evaluate(request('gpt-4'));
    expect((await decisions()).map(({ trace }) => trace)).toEqual([TRACE, undefined, undefined, TRACE]);
  });

  test('survives a trace that cannot be had, which is reported once', async () => {
    const logger = memoryLogger();
    const traceContext = (): never => {
      throw new Error('no tracer');
    };
    const { cz, decisions } = await createTestControlZero(modelAllowlist, { traceContext, logger });
    expect(cz.evaluate(request('gpt-4')).allowed).toBe(true);
    expect(cz.evaluate(request('gpt-4')).allowed).toBe(true);
    expect(await decisions()).toHaveLength(2);
    expect(logger.lines).toEqual(['error: traceContext() failed: no tracer']);
  });

  test('asks for no trace while nobody listens', async () => {
    let asked = 0;
    const cz = new ControlZero({ policy: modelAllowlist, traceContext: () => void (asked += 1) });
    await cz.initialize();
    await cz.enforce(request('gpt-4'));
    expect(asked).toBe(0);
    await cz.close();
  });
});

describe('an immediate listener', () => {
  test('hears in the async context of the caller, before the call goes on', async () => {
    const { cz } = await createTestControlZero(modelAllowlist);
    const context = new AsyncLocalStorage<string>();
    const seen: string[] = [];
    cz.onDecision(({ decision }) => seen.push(`${context.getStore()} ${decision.effect}`), { immediate: true });
    await context.run('one', async () => {
      await cz.enforce(request('gpt-4'));
      seen.push('sent');
    });
    await context.run('two', async () => cz.enforce(request('o3')).catch(() => seen.push('denied')));
    expect(seen).toEqual(['one allow', 'sent', 'two deny', 'denied']);
  });

  test('breaks no decision, and is removed by what came back', async () => {
    const logger = memoryLogger();
    const { cz } = await createTestControlZero(modelAllowlist, { logger });
    const stop = cz.onDecision(
      () => {
        throw new Error('thrown');
      },
      { immediate: true },
    );
    expect((await cz.enforce(request('gpt-4'))).allowed).toBe(true);
    stop();
    await cz.enforce(request('gpt-4'));
    expect(logger.lines).toEqual(['error: A listener failed: thrown']);
  });
});
