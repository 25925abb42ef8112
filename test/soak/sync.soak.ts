import { expect, test } from 'vitest';

import { soakRun } from '../support/soak-run.ts';

test(
  'two hundred clients live ten minutes with a control plane of which a third goes wrong',
  { timeout: 300_000 },
  async () => {
    const result = await soakRun({ clients: 200, minutes: 10, factor: 8, faults: 0.3 });
    console.log(JSON.stringify(result));
    expect(result).toMatchObject({ wrong: 0, regressions: 0, strays: 0, current: 200, timersLeft: 0, socketsLeft: 0 });
    expect(result.pullRatio).toBeLessThanOrEqual(1.3);
    expect(result.heapMegabytesPerMinute).toBeLessThan(1);
  },
);
