import { init } from '@controlzero/sdk';
import { wrapOpenAI } from '@controlzero/sdk/openai';
import OpenAI from 'openai';

import { modelAllowlist } from '../test/support/specification-policies.ts';
import type { Bench } from './bench-case.ts';
import { denied } from './denied.ts';
import { FetchStub } from './fetch-stub.ts';

const messages = [{ role: 'user' as const, content: 'Hello' }];

/** The client of the `openai` package, with and without `wrapOpenAI`. */
export const openAI: Bench = {
  name: 'openai',
  open: async () => {
    const stub = new FetchStub();
    const cz = await init({ policy: modelAllowlist });
    const raw = new OpenAI({ apiKey: 'local', fetch: stub.fetch });
    const governed = wrapOpenAI(raw, cz, { agentId: 'support' });
    const ask = (client: OpenAI, model: string) => async (): Promise<unknown> =>
      client.chat.completions.create({ model, messages });
    return [
      {
        title: 'OpenAI client: chat.completions.create()',
        cases: [
          await stub.caseOf({ name: 'raw', requests: 1, call: ask(raw, 'gpt-4') }),
          await stub.caseOf({ name: 'raw again (noise of the method)', requests: 1, call: ask(raw, 'gpt-4') }),
          await stub.caseOf({ name: 'wrapOpenAI()', requests: 1, call: ask(governed, 'gpt-4') }),
          await stub.caseOf({ name: 'wrapOpenAI(), denied', requests: 0, call: denied(ask(governed, 'gpt-4-turbo')) }),
        ],
      },
    ];
  },
};
