import { expect, test } from 'vitest';

import { bundleOf, firstUse, keyOf, verify } from '../support/bundle-stage.ts';

const document = {
  rules: [
    {
      id: 'a',
      effect: 'allow',
      action: 'llm.generate',
      resource: 'model/gpt-4',
      conditions: { agent_id: 'premium-*' },
    },
  ],
} as const;

test('a bundle comes back as the policy it was made of', async () => {
  const key = await keyOf(1);
  const verified = await verify(await bundleOf(document, key), firstUse(key));
  expect(verified).toMatchObject({
    notes: [],
    metadata: { integrity: 'versioned', epoch: 1, version: 1 },
    trust: { kind: 'first-use', keys: [{ publicKey: key.publicKey, epoch: 1 }] },
  });
  expect((await verified.readDocument()).policies).toMatchObject([
    { name: 'policy-0', rules: [{ id: 'a', resources: ['model/gpt-4'] }] },
  ]);
});
