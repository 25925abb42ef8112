import { expect, test } from 'vitest';

import type { PolicyDocument } from '../../src/index.ts';
import { ControlZero } from '../../src/index.ts';
import type { TestControlPlane } from '../../src/testing/index.ts';
import { startTestControlPlane } from '../../src/testing/index.ts';
import { createScaledClock } from '../support/scaled-clock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const CLIENTS = 100;
const ROUNDS = 5;
// Seconds of the clients in a real one.
const SLOW = 0.2;

const allow = (model: string): PolicyDocument => ({
  rules: [{ effect: 'allow', action: 'llm.generate', resource: `model/${model}` }],
});

async function untilOpen(plane: TestControlPlane): Promise<void> {
  while (plane.openStreams < CLIENTS) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Publishes, and waits until each client decides by it. */
async function publishTo(clients: readonly ControlZero[], plane: TestControlPlane, model: string): Promise<void> {
  const request = { action: 'llm.generate', resource: `model/${model}` };
  const all = clients.map(
    async (cz) =>
      new Promise<void>((resolve) => {
        const off = cz.onPolicy(() => {
          if (!cz.evaluate(request).allowed) return;
          off();
          resolve();
        });
      }),
  );
  await plane.publish(allow(model));
  await Promise.all(all);
}

test(
  'a publication is enforced by every one of a hundred connected clients at once',
  { timeout: 120_000 },
  async () => {
    await using plane = await startTestControlPlane({ policy: allow('v0') });
    const cacheDir = temporaryFolder();
    // A hundred clients share one thread with their server: the limits of one request are not for that.
    const clock = createScaledClock(SLOW);
    const options = { apiKey: plane.apiKey, baseUrl: plane.url, cacheDir, refreshInterval: 3600 };
    const clients = Array.from({ length: CLIENTS }, () => new ControlZero(options, clock));
    await Promise.all(clients.map(async (cz) => cz.initialize({ timeoutMs: 100_000 })));
    await untilOpen(plane);
    const pulls = plane.count('pull');
    for (let round = 1; round <= ROUNDS; round += 1) await publishTo(clients, plane, `v${round}`);
    expect(plane.count('pull') - pulls).toBe(CLIENTS * ROUNDS);
    await Promise.all(clients.map(async (cz) => cz.close()));
    while (plane.openStreams > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(plane.openStreams).toBe(0);
  },
);
