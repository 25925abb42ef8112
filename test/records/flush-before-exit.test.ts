import { afterEach, describe, expect, test, vi } from 'vitest';

import { settle } from '../support/fake-clock.ts';
import type { RecordsStage } from '../support/records-stage.ts';
import { recordsStage, statusError } from '../support/records-stage.ts';

type Ending = 'beforeExit' | 'exit';

// What the package does when the process ends, without ending it.
function end(event: Ending, before: readonly unknown[]): void {
  const own = process.listeners(event as 'exit').filter((listener) => !before.includes(listener));
  expect(own).toHaveLength(1);
  for (const listener of own) listener(0);
}

function waiting(event: Ending, ...stage: Parameters<typeof recordsStage>): RecordsStage & { end(): void } {
  const before = process.listeners(event as 'exit');
  const made = recordsStage(...stage);
  made.add(3);
  return { ...made, end: () => end(event, before) };
}

describe('before the process ends', () => {
  afterEach(() => vi.useRealTimers());

  test('what waits is written, and nobody listens any more', async () => {
    const before = process.listenerCount('beforeExit') + process.listenerCount('exit');
    const stage = waiting('beforeExit');
    stage.end();
    await settle();
    expect(stage.sink().delivered).toBe(3);
    expect(process.listenerCount('beforeExit') + process.listenerCount('exit')).toBe(before);
  });

  test('a sink that hangs is given up after two seconds, and not asked again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const signals: AbortSignal[] = [];
    const stage = waiting('beforeExit', async (_, signal) => {
      signals.push(signal);
      await new Promise(() => undefined);
    });
    stage.end();
    await settle();
    await vi.advanceTimersByTimeAsync(1999);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    await vi.advanceTimersByTimeAsync(1);
    await settle();
    stage.end();
    await settle();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(stage.sink()).toMatchObject({ queued: 3, lastError: { message: 'The records were not taken in time.' } });
    stage.log.close();
  });

  test('at its very end a sink writes at once, if it can', () => {
    const written: string[] = [];
    const able = waiting('exit', undefined, {
      writeSync: (records) => void written.push(...records.map(({ id }) => id)),
    });
    able.end();
    expect(written).toEqual(['1', '2', '3']);
    expect(able.sink()).toMatchObject({ delivered: 3, queued: 0 });
    const unable = waiting('exit');
    unable.end();
    expect(unable.sink()).toMatchObject({ delivered: 0, queued: 3 });
    unable.log.close();
    const failing = waiting('exit', undefined, {
      writeSync: () => {
        throw statusError(507);
      },
    });
    failing.end();
    expect(failing.sink()).toMatchObject({ queued: 3, lastError: { httpStatus: 507 } });
    failing.log.close();
  });

  test('a runtime without a process is left alone', () => {
    const { process: kept } = globalThis;
    vi.stubGlobal('process', undefined);
    const stage = recordsStage();
    stage.add(1);
    stage.log.close();
    vi.stubGlobal('process', kept);
    vi.unstubAllGlobals();
    expect(stage.sink().dropped).toBe(1);
  });
});
