import { expect, test } from 'vitest';

import type { PolicyDocument } from '../../src/index.ts';
import { ControlZero } from '../../src/index.ts';
import type { TestControlPlane } from '../../src/testing/index.ts';
import { startTestControlPlane } from '../../src/testing/index.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const CLIENTS = 100;
const ROUNDS = 5;

const allow = (model: string): PolicyDocument => ({
  rules: [{ effect: 'allow', action: 'llm.generate', resource: `model/${model}` }],
});

async function untilOpen(plane: TestControlPlane): Promise<void> {
  while (plane.openStreams < CLIENTS) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Publishes, and gives the milliseconds until each client decided by it. */
async function publishTo(clients: readonly ControlZero[], plane: TestControlPlane, model: string): Promise<number[]> {
  const request = { action: 'llm.generate', resource: `model/${model}` };
  const times: number[] = [];
  const all = clients.map(
    async (cz) =>
      new Promise<void>((resolve) => {
        const off = cz.onPolicy(() => {
          if (!cz.evaluate(request).allowed) return;
          times.push(performance.now() - start);
          off();
          resolve();
        });
      }),
  );
  const start = performance.now();
  await plane.publish(allow(model));
  await Promise.all(all);
  return times;
}

test('a publication is enforced by every one of a hundred connected clients at once', { timeout: 60_000 }, async () => {
  await using plane = await startTestControlPlane({ policy: allow('v0') });
  const cacheDir = temporaryFolder();
  const clients = Array.from(
    { length: CLIENTS },
    () => new ControlZero({ apiKey: plane.apiKey, baseUrl: plane.url, cacheDir, refreshInterval: 3600 }),
  );
  await Promise.all(clients.map(async (cz) => cz.initialize()));
  await untilOpen(plane);
  const times: number[] = [];
  const pulls = plane.count('pull');
  for (let round = 1; round <= ROUNDS; round += 1) times.push(...(await publishTo(clients, plane, `v${round}`)));
  expect(plane.count('pull') - pulls).toBe(CLIENTS * ROUNDS);
  const sorted = times.toSorted((left, right) => left - right);
  const at = (share: number): number => Math.round(sorted[Math.floor(sorted.length * share)] ?? 0);
  console.log(JSON.stringify({ clients: CLIENTS, rounds: ROUNDS, p50: at(0.5), p99: at(0.99), max: at(0.9999) }));
  expect(times).toHaveLength(CLIENTS * ROUNDS);
  await Promise.all(clients.map(async (cz) => cz.close()));
  while (plane.openStreams > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(plane.openStreams).toBe(0);
});
