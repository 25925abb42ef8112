import { describe, expect, test } from 'vitest';

import type { PolicyInvalidError } from '../../src/index.ts';
import { init } from '../../src/index.ts';
import { inlineSource } from '../../src/sources/inline.ts';
import { describeSourceConformance } from '../support/source-conformance.ts';

describeSourceConformance('inline', { create: async (document) => inlineSource(document) });

describe('inline', () => {
  test('does not see what happens to the object afterwards', async () => {
    const policy = { rules: [{ effect: 'allow' as const, action: 'a', resource: 'b' }] };
    const cz = await init({ policy });
    policy.rules.push({ effect: 'allow', action: 'c', resource: 'd' });
    await cz.refresh();
    expect(cz.evaluate({ action: 'c', resource: 'd' }).allowed).toBe(false);
    await cz.close();
  });

  test('hands a document that is no plain data to the parser, which names every fault', async () => {
    const policy = {
      rules: [],
      get name() {
        return 'x';
      },
      description: () => 'x',
    };
    await expect(init({ policy: policy as never })).rejects.toSatisfy(
      (error: PolicyInvalidError) => error.problems.length === 2,
    );
  });
});
