import { init, modelRequest } from '@controlzero/sdk';

import { modelAllowlist } from '../test/support/specification-policies.ts';
import type { Bench } from './bench-case.ts';
import { asyncCase, syncCase } from './bench-case.ts';
import { denied } from './denied.ts';

/** What one decision costs without a framework around it, the request built anew each time. */
export const decision: Bench = {
  name: 'decision',
  open: async () => {
    const cz = await init({ policy: modelAllowlist });
    const request = (model: string): ReturnType<typeof modelRequest> => modelRequest({ action: 'llm.generate', model });
    return [
      {
        title: 'One decision without a framework, 4 rules',
        cases: [
          asyncCase('a bare function call, awaited', async () => 'answer'),
          syncCase('cz.evaluate()', () => cz.evaluate(request('gpt-4'))),
          asyncCase('cz.enforce()', async () => cz.enforce(request('gpt-4'))),
          asyncCase(
            'cz.enforce(), denied',
            denied(async () => cz.enforce(request('gpt-4-turbo'))),
          ),
        ],
      },
    ];
  },
};
