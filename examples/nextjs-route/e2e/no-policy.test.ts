import { expect, test, vi } from 'vitest';

import { STRICT } from './policies.ts';
import { chatBody, headersOf } from './support/requests.ts';
import { openStage } from './support/stage.ts';

test('without a policy every call is answered with 503, and a policy that appears later is obeyed without a restart', async () => {
  await using stage = await openStage('start');
  const ask = async (model: string): Promise<Response> =>
    fetch(`${stage.app.url}/api/chat`, { method: 'POST', headers: await headersOf('ben'), body: chatBody(model) });

  const refused = await ask('gpt-3.5-turbo');
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({ code: 'ERR_CZ_POLICY_UNAVAILABLE' });
  expect(stage.models()).toEqual([]);

  stage.writePolicy(STRICT);
  await vi.waitFor(async () => expect((await ask('gpt-3.5-turbo')).status).toBe(200), {
    timeout: 20_000,
    interval: 500,
  });
  expect((await ask('gpt-4')).status).toBe(403);
});
