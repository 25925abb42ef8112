import { describe, expect, test } from 'vitest';

import { Emitter } from '../../src/events/emitter.ts';

function createEmitter(): { emitter: Emitter<number>; errors: unknown[] } {
  const errors: unknown[] = [];
  return { errors, emitter: new Emitter<number>((error) => errors.push(error)) };
}

describe('Emitter', () => {
  test('delivers in order, after the code that emitted has gone on', async () => {
    const { emitter } = createEmitter();
    const seen: number[] = [];
    emitter.on((event) => seen.push(event));
    emitter.emit(1);
    emitter.emit(2);
    await Promise.resolve();
    expect(seen).toEqual([]);
    expect(emitter.queued).toBe(2);
    await emitter.flush();
    expect(seen).toEqual([1, 2]);
    expect(emitter.queued).toBe(0);
  });

  test('keeps nothing while nobody listens', async () => {
    const { emitter } = createEmitter();
    emitter.emit(1);
    expect(emitter.queued).toBe(0);
    await emitter.flush();
  });

  test('drops and counts what does not fit into the queue', async () => {
    const { emitter } = createEmitter();
    let seen = 0;
    emitter.on(() => (seen += 1));
    for (let index = 0; index < 10_050; index += 1) emitter.emit(index);
    expect([emitter.queued, emitter.dropped]).toEqual([10_000, 50]);
    await emitter.flush();
    expect(seen).toBe(10_000);
  });

  test('flush waits for events that listeners emit', async () => {
    const { emitter } = createEmitter();
    const seen: number[] = [];
    emitter.on((event) => {
      seen.push(event);
      if (event < 3) emitter.emit(event + 1);
    });
    emitter.emit(1);
    await emitter.flush();
    expect(seen).toEqual([1, 2, 3]);
  });

  test('one listener that fails keeps no other from hearing', async () => {
    const { emitter, errors } = createEmitter();
    const seen: number[] = [];
    emitter.on(() => {
      throw new Error('thrown');
    });
    emitter.on(async () => Promise.reject(new Error('rejected')));
    emitter.on((event) => seen.push(event));
    emitter.emit(1);
    await emitter.flush();
    await new Promise((resolve) => setTimeout(resolve));
    expect(seen).toEqual([1]);
    expect(errors).toEqual([new Error('thrown'), new Error('rejected')]);
  });

  test('calls a listener that asks for it at once, before the others, and contains what it throws', async () => {
    const { emitter, errors } = createEmitter();
    const seen: string[] = [];
    emitter.on((event) => seen.push(`later ${event}`));
    const stop = emitter.on((event) => seen.push(`at once ${event}`), { immediate: true });
    emitter.on(
      () => {
        throw new Error('thrown');
      },
      { immediate: true },
    );
    emitter.emit(1);
    expect([...seen]).toEqual(['at once 1']);
    expect(errors).toEqual([new Error('thrown')]);
    await emitter.flush();
    stop();
    emitter.emit(2);
    await emitter.flush();
    expect(seen).toEqual(['at once 1', 'later 1', 'later 2']);
  });

  test('queues nothing for listeners that hear at once', () => {
    const { emitter } = createEmitter();
    emitter.on(() => undefined, { immediate: true });
    emitter.emit(1);
    expect([emitter.hasListeners, emitter.queued]).toEqual([true, 0]);
  });

  test('a function added twice hears twice, and each removal removes one', async () => {
    const { emitter } = createEmitter();
    let seen = 0;
    const listener = (): number => (seen += 1);
    const stop = emitter.on(listener);
    emitter.on(listener);
    stop();
    stop();
    emitter.emit(1);
    await emitter.flush();
    expect(seen).toBe(1);
  });
});
