import { afterEach, describe, expect, test, vi } from 'vitest';

import { DecisionLog } from '../../src/records/decision-log.ts';
import { createFakeClock, settle } from '../support/fake-clock.ts';
import { memoryLogger } from '../support/memory-logger.ts';
import { eventOf, recordsStage, statusError } from '../support/records-stage.ts';

const MINUTE = 60_000;

describe('batches', () => {
  test('a record waits a second for others', async () => {
    const stage = recordsStage();
    stage.add(3);
    await stage.clock.advance(999);
    expect(stage.batches).toEqual([]);
    expect(stage.sink()).toMatchObject({ emitted: 3, queued: 3, lastFlushAt: null });
    await stage.clock.advance(1);
    expect(stage.batches).toEqual([['1', '2', '3']]);
    expect(stage.sink()).toMatchObject({ delivered: 3, queued: 0, lastFlushAt: stage.clock.now() });
    expect(stage.clock.timers).toBe(0);
  });

  test('fifty records do not wait, and a sink may say otherwise', async () => {
    const stage = recordsStage();
    stage.add(50);
    await stage.clock.advance(1);
    expect(stage.sink().delivered).toBe(50);
    const slow = recordsStage(undefined, { flushAt: 100, flushIntervalMs: MINUTE });
    slow.add(99);
    await slow.clock.advance(MINUTE - 1);
    expect(slow.sink().queued).toBe(99);
    slow.add(1);
    await slow.clock.advance(1);
    expect(slow.sink().delivered).toBe(100);
  });

  test('hold at most 500 records', async () => {
    const stage = recordsStage();
    stage.add(1200);
    await stage.clock.advance(1000);
    expect(stage.batches.map(({ length }) => length)).toEqual([500, 500, 200]);
    expect(stage.batches.flat()).toEqual(Array.from({ length: 1200 }, (_, index) => String(index + 1)));
  });

  test('hold at most about 1 MiB', async () => {
    const stage = recordsStage();
    const resource = `model/${'x'.repeat(1000)}`;
    for (let id = 0; id < 500; id += 1) stage.log.add(eventOf(id, { resource }), { note: 'y'.repeat(1000) });
    await stage.clock.advance(1000);
    expect(stage.batches.length).toBeGreaterThan(1);
    expect(Math.max(...stage.batches.map(({ length }) => length))).toBeLessThan(300);
    expect(stage.sink().delivered).toBe(500);
  });

  test('one is written at a time', async () => {
    let open = 0;
    const release: (() => void)[] = [];
    const stage = recordsStage(async () => {
      open += 1;
      await new Promise<void>((resolve) => release.push(resolve));
      open -= 1;
    });
    stage.add(600);
    await stage.clock.advance(5000);
    stage.add(100);
    void stage.log.flush();
    await stage.clock.advance(5000);
    expect([open, stage.batches.length]).toEqual([1, 1]);
    while (release.length > 0) {
      release.pop()?.();
      await settle();
    }
    expect(stage.sink()).toMatchObject({ delivered: 700, queued: 0 });
  });

  test('flush waits for nothing, and covers what was recorded before', async () => {
    const stage = recordsStage();
    stage.add(2);
    await stage.log.flush();
    expect(stage.sink().delivered).toBe(2);
    await stage.log.flush();
    expect(stage.batches).toHaveLength(1);
  });
});

describe('the queue', () => {
  test('takes 10,000 records, and drops and counts the newest after them', async () => {
    const stage = recordsStage(() => {
      throw new Error('down');
    });
    stage.add(10_050);
    expect(stage.sink()).toMatchObject({ emitted: 10_050, queued: 10_000, dropped: 50, droppedBy: { queueFull: 50 } });
    await stage.clock.advance(MINUTE);
    expect(stage.batches[0]?.[0]).toBe('1');
    expect(stage.logger.lines.filter((line) => line.includes('Too many decision records wait for test'))).toHaveLength(
      1,
    );
  });

  test('takes about 16 MiB', () => {
    const stage = recordsStage();
    const note = 'z'.repeat(1024);
    const context = Object.fromEntries(Array.from({ length: 20 }, (_, key) => [`key-${key}`, note]));
    for (let id = 0; id < 1000; id += 1) stage.log.add(eventOf(id), context);
    const { queued, dropped } = stage.sink();
    expect(queued).toBeGreaterThan(300);
    expect(queued).toBeLessThan(800);
    expect(queued + dropped).toBe(1000);
  });

  test('drops what is not delivered when it is closed, and all that comes later', async () => {
    const stage = recordsStage(() => {
      throw new Error('down');
    });
    stage.add(3);
    await stage.log.flushLast();
    stage.log.close();
    stage.add(2);
    expect(stage.sink()).toMatchObject({ emitted: 5, queued: 0, dropped: 5, droppedBy: { closed: 5 } });
    expect(stage.clock.timers).toBe(0);
    await stage.log.flushLast();
    expect(stage.batches).toHaveLength(1);
  });

  test('a write that is cut off by closing counts as dropped, once', async () => {
    let signal: AbortSignal | undefined;
    const stage = recordsStage(async (_, given) => {
      signal = given;
      await new Promise(() => undefined);
    });
    stage.add(3);
    void stage.log.flush();
    await settle();
    stage.log.close();
    await settle();
    expect(signal?.aborted).toBe(true);
    expect(stage.sink()).toMatchObject({ queued: 0, delivered: 0, dropped: 3 });
  });
});

describe('failures', () => {
  test('the same records come again, later and later, and lastError is gone once they are taken', async () => {
    let isDown = true;
    const stage = recordsStage(() => {
      if (isDown) throw new Error('down');
    });
    stage.add(2);
    await stage.clock.advance(1000);
    expect(stage.sink()).toMatchObject({ queued: 2, lastError: { message: 'down' } });
    expect(stage.sink().retryAt).toBeGreaterThan(stage.clock.now());
    await stage.clock.advance(10 * MINUTE);
    expect(stage.batches.length).toBeGreaterThan(5);
    expect(stage.batches.length).toBeLessThan(30);
    expect(new Set(stage.batches.map(String))).toEqual(new Set(['1,2']));
    isDown = false;
    await stage.clock.advance(2 * MINUTE);
    expect(stage.sink()).toMatchObject({ delivered: 2, queued: 0, lastError: null, retryAt: null });
    expect(stage.logger.lines).toEqual(['error: Decision records cannot be delivered to test: down']);
  });

  test('a flush spares a sink that has to be spared; the last one does not', async () => {
    const stage = recordsStage(async () => Promise.reject(new Error('down')));
    stage.add(1);
    await stage.log.flush();
    await stage.log.flush();
    expect(stage.batches).toHaveLength(1);
    await stage.log.flushLast();
    expect(stage.batches).toHaveLength(2);
  });

  test('many records in back-off cause no attempts', async () => {
    const stage = recordsStage(() => {
      throw statusError(503, { retryAfterMs: 5 * MINUTE });
    });
    stage.add(50);
    await stage.clock.advance(1);
    for (let count = 0; count < 100; count += 1) {
      stage.add(50);
      await stage.clock.advance(1000);
    }
    expect(stage.batches).toHaveLength(1);
    await stage.clock.advance(10 * MINUTE);
    expect(stage.batches.length).toBeGreaterThan(1);
  });

  test.each([401, 403, 404])('after %i a sink is asked rarely, and nothing is thrown away', async (status) => {
    const stage = recordsStage(() => {
      throw statusError(status);
    });
    stage.add(10);
    await stage.clock.advance(60 * MINUTE);
    expect(stage.batches.length).toBeLessThan(30);
    expect(stage.batches.length).toBeGreaterThan(10);
    expect(stage.sink()).toMatchObject({ queued: 10, dropped: 0, lastError: { httpStatus: status } });
  });

  test('a write that takes too long is ended, and its records come again', async () => {
    const signals: AbortSignal[] = [];
    const stage = recordsStage(async (_, signal) => {
      signals.push(signal);
      if (signals.length === 1) await new Promise(() => undefined);
    });
    stage.add(1);
    await stage.clock.advance(3 * MINUTE);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(stage.batches).toEqual([['1'], ['1']]);
    expect(stage.sink().delivered).toBe(1);
  });

  test('a sink that throws no Error and a logger that throws end nothing', async () => {
    const clock = createFakeClock();
    const error = (): never => {
      throw new Error('no disk for logs');
    };
    let attempts = 0;
    const write = (): void => {
      attempts += 1;
      if (attempts === 1) throw null;
    };
    const log = new DecisionLog({ sinks: [write], expectsSink: false, clock, logger: { ...memoryLogger(), error } });
    log.add(eventOf(1), undefined);
    await clock.advance(MINUTE);
    expect(log.status.sinks[0]).toMatchObject({ name: 'write', delivered: 1 });
  });
});

describe('refusals', () => {
  test('413 splits batches until they are taken, without losing or repeating any', async () => {
    const taken: string[] = [];
    const stage = recordsStage((records) => {
      if (records.length > 60) throw statusError(413);
      taken.push(...records.map(({ id }) => id));
    });
    stage.add(1000);
    await stage.clock.advance(2 * MINUTE);
    expect(taken).toEqual(Array.from({ length: 1000 }, (_, index) => String(index + 1)));
    expect(stage.sink()).toMatchObject({ delivered: 1000, dropped: 0 });
  });

  test.each([400, 413, 422])('after %i one record that is refused alone is dropped, and no other', async (status) => {
    const stage = recordsStage((records) => {
      if (records.some(({ id }) => id === '77')) throw statusError(status);
    });
    stage.add(300);
    await stage.clock.advance(2 * MINUTE);
    expect(stage.sink()).toMatchObject({ delivered: 299, dropped: 1, droppedBy: { refused: 1 }, queued: 0 });
  });

  test('a sink that refuses everything is left alone instead of being fed all records', async () => {
    const stage = recordsStage(() => {
      throw statusError(400);
    });
    stage.add(1000);
    await stage.clock.advance(30 * MINUTE);
    expect(stage.sink().dropped).toBeLessThan(20);
    expect(stage.sink().queued).toBeGreaterThan(980);
  });

  test('records that the other side threw away count as dropped', async () => {
    const stage = recordsStage(async ({ length }) => ({ refused: length === 3 ? 1 : 99 }));
    stage.add(3);
    await stage.log.flush();
    expect(stage.sink()).toMatchObject({ delivered: 2, dropped: 1, droppedBy: { refused: 1 } });
    stage.add(2);
    await stage.log.flush();
    expect(stage.sink()).toMatchObject({ delivered: 2, dropped: 3 });
  });
});

describe('several sinks', () => {
  test('a dead one stops no other, and the totals are sums', async () => {
    const clock = createFakeClock();
    const seen: string[] = [];
    const log = new DecisionLog({
      sinks: [
        { name: 'dead', write: async () => new Promise(() => undefined) },
        { name: 'alive', write: (records) => void seen.push(...records.map(({ id }) => id)) },
      ],
      expectsSink: true,
      clock,
      logger: memoryLogger(),
    });
    for (let id = 0; id < 100; id += 1) expect(log.add(eventOf(id), undefined)).toBe(true);
    await clock.advance(5000);
    expect(seen).toHaveLength(100);
    expect(log.status).toMatchObject({
      emitted: 300,
      delivered: 100,
      queued: 200,
      dropped: 0,
      lastError: null,
      sinks: [
        { name: 'dead', queued: 100 },
        { name: 'alive', delivered: 100 },
        { name: 'control-plane', queued: 100 },
      ],
    });
    log.attach({ name: 'x', write: () => undefined });
    await clock.advance(5000);
    expect(log.status.sinks[2]).toMatchObject({ name: 'control-plane', delivered: 100 });
    log.close();
  });

  test('the newest error is the one of all', async () => {
    const clock = createFakeClock();
    const failing = (name: string, flushIntervalMs: number): object => ({
      name,
      flushIntervalMs,
      write: () => {
        throw new Error(name);
      },
    });
    const sinks = [failing('late', 9000), failing('early', 10)] as never[];
    const log = new DecisionLog({ sinks, expectsSink: false, clock, logger: memoryLogger() });
    log.add(eventOf(1), undefined);
    await clock.advance(9001);
    await log.flushLast();
    expect(log.status.lastError?.message).toMatch(/late|early/u);
    log.close();
  });
});

describe('a process that is frozen between requests', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    Reflect.deleteProperty(globalThis, Symbol.for('@vercel/request-context'));
  });

  test('is kept up by the platform until what a request recorded is written', async () => {
    vi.stubEnv('VERCEL', '1');
    const work: Promise<unknown>[] = [];
    const get = (): object => ({ waitUntil: (promise: Promise<unknown>) => work.push(promise) });
    Reflect.set(globalThis, Symbol.for('@vercel/request-context'), { get });
    const stage = recordsStage();
    stage.add(3);
    expect(work).toHaveLength(1);
    await work[0];
    expect(stage.sink().delivered).toBe(3);
  });
});
