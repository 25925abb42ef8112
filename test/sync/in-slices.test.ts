import { describe, expect, test } from 'vitest';

import { init } from '../../src/index.ts';
import type { Steps } from '../../src/policy/steps.ts';
import { inSlices } from '../../src/sync/in-slices.ts';

function busyFor(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

function* work(steps: number, stepMs: number): Steps<string> {
  for (let step = 0; step < steps; step += 1) {
    busyFor(stepMs);
    yield;
  }
  return 'done';
}

// How often the event loop came round while something was under way.
async function turnsDuring(promise: Promise<unknown>): Promise<number> {
  let turns = 0;
  let isUnderWay = true;
  const turn = (): void => {
    turns += 1;
    if (isUnderWay) setImmediate(turn);
  };
  setImmediate(turn);
  await promise;
  isUnderWay = false;
  return turns;
}

describe('work in slices', () => {
  test('lets everything else run in between', async () => {
    expect(await turnsDuring(inSlices(work(80, 1)))).toBeGreaterThanOrEqual(8);
  });

  test('comes to the same result, and to the same error', async () => {
    expect(await inSlices(work(20, 0))).toBe('done');
    // eslint-disable-next-line require-yield
    const failing = (function* fail(): Steps<never> {
      throw new Error('broken');
    })();
    await expect(inSlices(failing)).rejects.toThrow('broken');
  });

  test('small work does not pause at all', async () => {
    expect(await turnsDuring(inSlices(work(7, 1)))).toBeLessThanOrEqual(1);
  });
});

test('a policy of 100,000 rules is taken, and the event loop goes on meanwhile', { timeout: 60_000 }, async () => {
  const rules = Array.from({ length: 100_000 }, (_, index) => ({
    effect: 'allow' as const,
    action: 'llm.generate',
    resource: index % 4 === 0 ? `model/*-ft${index}` : `model/m${index}`,
  }));
  const opened = init({ policy: { rules } });
  expect(await turnsDuring(opened)).toBeGreaterThan(10);
  const cz = await opened;
  expect(cz.evaluate({ action: 'llm.generate', resource: 'model/m99999' })).toMatchObject({
    allowed: true,
    rule: 99_999,
  });
  expect(cz.evaluate({ action: 'llm.generate', resource: 'model/x-ft40000' })).toMatchObject({ rule: 40_000 });
  expect(cz.evaluate({ action: 'llm.generate', resource: 'model/x' }).allowed).toBe(false);
  await cz.close();
});
