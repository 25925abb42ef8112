import { expect, test } from 'vitest';

import { soakRun } from '../support/soak-run.ts';

test('clients live with a control plane of which a third goes wrong', { timeout: 60_000 }, async () => {
  const result = await soakRun({ clients: 20, minutes: 4, factor: 50, faults: 0.3 });
  console.log(JSON.stringify(result));
  expect(result).toMatchObject({ wrong: 0, regressions: 0, strays: 0, current: 20, timersLeft: 0, socketsLeft: 0 });
  expect(result.faults).toBeGreaterThan(20);
  expect(result.pullRatio).toBeLessThanOrEqual(1.5);
});
