import { expect, test } from 'vitest';

import { raceForCache } from '../support/cache-race.ts';

test(
  'many processes share a folder: no record is torn, none goes back, and a killed writer harms nobody',
  { timeout: 60_000 },
  async () => {
    const result = await raceForCache({ durationMs: 3000, writers: 4, readers: 3, kills: 8 });
    console.log(JSON.stringify(result));
    expect(result).toMatchObject({ torn: 0, regressions: 0, warnings: 0 });
    expect(result.kills).toBeGreaterThan(0);
    expect(result.reads).toBeGreaterThan(50);
    expect(result.whole).toBeGreaterThan(0);
    expect(result.whole).toBe(Math.min(result.records, 4));
  },
);
