import { init } from '@controlzero/sdk';
import type { ControlZero } from '@controlzero/sdk';
import { wrapOpenAI } from '@controlzero/sdk/openai';
import OpenAI from 'openai';

import { modelAllowlist } from '../test/support/specification-policies.ts';
import type { Bench, BenchGroup } from './bench-case.ts';
import { syncCase } from './bench-case.ts';
import { denied } from './denied.ts';
import { FetchStub } from './fetch-stub.ts';

const SENTENCE = 'He said "no",\nand she wrote: the quick brown fox jumps over the lazy dog.';
const TURNS = 20;

interface Subject {
  readonly stub: FetchStub;
  readonly raw: OpenAI;
  readonly cz: ControlZero;
  readonly governed: OpenAI;
}

type Ask = (client: OpenAI, model: string) => () => Promise<unknown>;

// A conversation of so many characters.
function asking(characters: number): Ask {
  const content = SENTENCE.repeat(Math.ceil(characters / TURNS / SENTENCE.length)).slice(0, characters / TURNS);
  const messages = Array.from({ length: TURNS }, () => ({ role: 'user' as const, content }));
  return (client, model) => async () => client.chat.completions.create({ model, messages });
}

const askBriefly: Ask = (client, model) => async () =>
  client.chat.completions.create({ model, messages: [{ role: 'user', content: 'Hello' }] });

async function calls({ stub, raw, governed }: Subject, title: string, ask: Ask): Promise<BenchGroup> {
  return {
    title: `OpenAI client: chat.completions.create()${title}`,
    cases: [
      await stub.caseOf({ name: 'raw', requests: 1, call: ask(raw, 'gpt-4') }),
      await stub.caseOf({ name: 'raw again (noise of the method)', requests: 1, call: ask(raw, 'gpt-4') }),
      await stub.caseOf({ name: 'wrapOpenAI()', requests: 1, call: ask(governed, 'gpt-4') }),
      await stub.caseOf({ name: 'wrapOpenAI(), denied', requests: 0, call: denied(ask(governed, 'gpt-4-turbo')) }),
    ],
  };
}

function wrapping({ raw, stub, cz }: Subject): BenchGroup {
  return {
    title: 'OpenAI client: a client for each agent',
    cases: [
      syncCase('new OpenAI()', () => new OpenAI({ apiKey: 'local', fetch: stub.fetch })),
      syncCase('withOptions()', () => raw.withOptions({})),
      syncCase('wrapOpenAI()', () => wrapOpenAI(raw, cz, { agentId: 'support' })),
    ],
  };
}

/** The client of the `openai` package, with and without `wrapOpenAI`. */
export const openAI: Bench = {
  name: 'openai',
  open: async () => {
    const stub = new FetchStub();
    const cz = await init({ policy: modelAllowlist });
    const raw = new OpenAI({ apiKey: 'local', fetch: stub.fetch });
    const subject = { stub, raw, cz, governed: wrapOpenAI(raw, cz, { agentId: 'support' }) };
    return [
      await calls(subject, '', askBriefly),
      await calls(subject, ', a body of 100 kB', asking(100_000)),
      await calls(subject, ', a body of 1 MB', asking(1_000_000)),
      wrapping(subject),
    ];
  },
};
