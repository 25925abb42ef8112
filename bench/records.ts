import { init, modelRequest } from '@controlzero/sdk';

import { modelAllowlist } from '../test/support/specification-policies.ts';
import type { Bench } from './bench-case.ts';
import { asyncCase } from './bench-case.ts';

const BATCH = 500;

/** What recording a decision costs, everything included but the sink itself. */
export const records: Bench = {
  name: 'records',
  open: async () => {
    const plain = await init({ policy: modelAllowlist });
    const recorded = await init({ policy: modelAllowlist, records: () => undefined });
    const request = modelRequest({ action: 'llm.generate', model: 'gpt-4' });
    let decisions = 0;
    return [
      {
        title: 'A decision that is recorded',
        cases: [
          asyncCase('cz.enforce()', async () => plain.enforce(request)),
          asyncCase('cz.enforce(), recorded', async () => {
            await recorded.enforce(request);
            decisions += 1;
            if (decisions % BATCH === 0) await recorded.flush();
          }),
        ],
      },
    ];
  },
};
