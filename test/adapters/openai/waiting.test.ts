import { expect, test } from 'vitest';

import { Waiting } from '../../../adapters/openai/waiting.ts';

test('what waits is taken once, in any order', () => {
  const waiting = new Waiting<number>();
  const keys = [{}, {}, {}] as const;
  for (const [index, key] of keys.entries()) waiting.put(key, index);
  expect([keys[1], keys[2], keys[0]].map((key) => waiting.take(key))).toEqual([1, 2, 0]);
  expect(keys.map((key) => waiting.take(key))).toEqual([undefined, undefined, undefined]);
});

test('the last value that was put for an object is taken first', () => {
  const waiting = new Waiting<string>();
  const key = {};
  waiting.put(key, 'first');
  waiting.put(key, 'second');
  expect(waiting.take(key)).toBe('second');
});
