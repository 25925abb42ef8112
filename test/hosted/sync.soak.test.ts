import { expect, test } from 'vitest';

import { soakRun } from '../support/soak-run.ts';
import { isSoak } from '../support/soak.ts';

const [clients, warmUpMinutes, minutes, factor] = isSoak ? [200, 15, 10, 8] : [20, 1, 3, 50];

test('clients live with a control plane of which a third goes wrong', { timeout: 400_000 }, async () => {
  const result = await soakRun({ clients, warmUpMinutes, minutes, factor, faults: 0.3 });
  console.log(JSON.stringify({ clients, minutes, ...result }));
  expect(result).toMatchObject({
    wrong: 0,
    regressions: 0,
    strays: 0,
    current: clients,
    timersLeft: 0,
    socketsLeft: 0,
  });
  expect(result.faults).toBeGreaterThan(clients);
  // With few clients and few minutes chance weighs more.
  expect(result.pullRatio).toBeLessThanOrEqual(isSoak ? 1.3 : 2);
  if (isSoak) expect(result.heapMegabytesPerMinute).toBeLessThan(1);
});
