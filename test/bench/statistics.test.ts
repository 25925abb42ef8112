import { describe, expect, test } from 'vitest';

import { costOf, percentile, ratioOf } from '../../bench/statistics.ts';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

test.each<readonly [count: number, share: number, expected: number]>([
  [100, 0.5, 50],
  [100, 0.99, 99],
  [100, 1, 100],
  [100, 0, 1],
  [1, 0.1, 1],
  [3, 0.5, 2],
])('of 1 to %i, a share of %f lies up to %i', (count, share, expected) => {
  expect(percentile(upTo(count), share)).toBe(expected);
});

test('the cost is the mean of the fastest fifth, in whatever order it was measured', () => {
  expect(costOf(upTo(10).toReversed())).toEqual({ fastest: 1.5, p50: 5, p90: 9, p99: 10 });
  expect(costOf([7])).toEqual({ fastest: 7, p50: 7, p90: 7, p99: 7 });
});

describe('a ratio', () => {
  test('compares what was measured in the same round', () => {
    // The machine became three times as slow; the case costs twice as much in every round.
    const baseline = [1, 1, 3, 3];
    expect(ratioOf([2, 2, 6, 6], baseline)).toEqual({ fastest: 2, p10: 2, p50: 2, p90: 2 });
  });

  test('is one for a case and itself', () => {
    expect(ratioOf(upTo(10), upTo(10))).toEqual({ fastest: 1, p10: 1, p50: 1, p90: 1 });
  });
});
