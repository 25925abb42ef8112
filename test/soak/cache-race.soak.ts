import { expect, test } from 'vitest';

import { raceForCache } from '../support/cache-race.ts';

test('a minute of races for one cache, and a hundred killed writers', { timeout: 180_000 }, async () => {
  const result = await raceForCache({ durationMs: 60_000, writers: 4, readers: 3, kills: 100 });
  console.log(JSON.stringify(result));
  expect(result).toMatchObject({ torn: 0, regressions: 0, warnings: 0, kills: 100 });
  expect(result.whole).toBeGreaterThan(0);
  expect(result.whole).toBe(Math.min(result.records, 4));
});
