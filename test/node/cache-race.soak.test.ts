import { expect, test } from 'vitest';

import { raceForCache } from '../support/cache-race.ts';
import { isSoak } from '../support/soak.ts';

const [reads, kills] = isSoak ? [5000, 100] : [300, 8];

test(
  'many processes share a folder: no record is torn, none goes back, and a killed writer harms nobody',
  { timeout: 600_000 },
  async () => {
    const result = await raceForCache({ reads, writers: 4, readers: 3, kills });
    console.log(JSON.stringify(result));
    expect(result).toMatchObject({ torn: 0, regressions: 0, warnings: 0, kills });
    expect(result.reads).toBe(3 * reads);
    expect(result.writes).toBeGreaterThan(0);
    expect(result.whole).toBeGreaterThan(0);
    expect(result.whole).toBe(Math.min(result.records, 4));
  },
);
