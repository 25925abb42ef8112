import { expect, test } from 'vitest';

import { raceForCache } from '../support/cache-race.ts';
import { isSoak } from '../support/soak.ts';

const [durationMs, kills] = isSoak ? [60_000, 100] : [3000, 8];

test(
  'many processes share a folder: no record is torn, none goes back, and a killed writer harms nobody',
  { timeout: 180_000 },
  async () => {
    const result = await raceForCache({ durationMs, writers: 4, readers: 3, kills });
    console.log(JSON.stringify(result));
    expect(result).toMatchObject({ torn: 0, regressions: 0, warnings: 0, kills });
    expect(result.reads).toBeGreaterThan(50);
    expect(result.whole).toBeGreaterThan(0);
    expect(result.whole).toBe(Math.min(result.records, 4));
  },
);
