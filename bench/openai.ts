import { currentIdentity, init, runAs } from '@controlzero/sdk';
import type { ControlZero } from '@controlzero/sdk';
import { wrapOpenAI } from '@controlzero/sdk/openai';
import OpenAI from 'openai';

import { modelAllowlist } from '../test/support/specification-policies.ts';
import type { Bench, BenchCase, BenchGroup } from './bench-case.ts';
import { syncCase } from './bench-case.ts';
import { denied } from './denied.ts';
import { FetchStub } from './fetch-stub.ts';
import type { InstalledTracer } from './installed-peers.ts';
import { installedTracers } from './installed-peers.ts';
import { besides, tracedCase } from './traced-case.ts';

const SENTENCE = 'He said "no",\nand she wrote: the quick brown fox jumps over the lazy dog.';
const TURNS = 20;

// Calls before anything is measured: what is not compiled yet costs several times as much.
const WARM_CALLS = 3000;
const WARM_LARGE_CALLS = 100;
// Tracers that are on take ten times as long.
const WARM_TRACED_SHARE = 0.1;

interface Subject {
  readonly stub: FetchStub;
  readonly raw: OpenAI;
  readonly cz: ControlZero;
  readonly governed: OpenAI;
  readonly tracers: readonly InstalledTracer[];
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

interface Calls {
  readonly title: string;
  readonly ask: Ask;
  readonly warmCalls: number;
  /** How many calls at least share the sending of what was traced. */
  readonly leastCalls?: number;
}

async function warmed(benchCase: BenchCase, times: number): Promise<BenchCase> {
  await benchCase.run(times);
  return benchCase;
}

async function calls(subject: Subject, { title, ask, warmCalls, ...batches }: Calls): Promise<BenchGroup> {
  const { stub, raw, governed, tracers } = subject;
  const sending = async (name: string, client: OpenAI): Promise<BenchCase> =>
    stub.caseOf({ name, requests: 1, call: ask(client, 'gpt-4') });
  const sent = async (name: string, client: OpenAI): Promise<BenchCase> =>
    warmed(await sending(name, client), warmCalls);
  const refused = { name: 'wrapOpenAI(), denied', requests: 0, call: denied(ask(governed, 'gpt-4-turbo')) };
  const cases: [BenchCase, ...BenchCase[]] = [
    await sent('raw', raw),
    await sent('raw again (noise of the method)', raw),
    await sent('wrapOpenAI()', governed),
    await warmed(await stub.caseOf(refused), warmCalls),
  ];
  for (const tracer of tracers) {
    const client = tracer.wrapOpenAI(new OpenAI({ apiKey: 'local', fetch: stub.fetch }));
    const traced = { ...(await sending(tracer.name, client)), ...batches };
    cases.push(await warmed(await tracedCase(tracer, traced), warmCalls * WARM_TRACED_SHARE));
  }
  return { title: `OpenAI client: chat.completions.create()${title}${besides(tracers)}`, cases };
}

// An agent for each call, or one that comes with its request.
async function perAgent({ raw, stub, cz }: Subject): Promise<BenchGroup[]> {
  const made = (): OpenAI => new OpenAI({ apiKey: 'local', fetch: stub.fetch });
  const wrapped = (): OpenAI => wrapOpenAI(raw, cz, { agentId: 'support' });
  const shared = wrapOpenAI(raw, cz);
  const sent = async (name: string, call: () => Promise<unknown>): Promise<BenchCase> =>
    warmed(await stub.caseOf({ name, requests: 1, call }), WARM_CALLS);
  return [
    {
      title: 'OpenAI client: naming an agent',
      cases: [
        syncCase('new OpenAI()', made),
        syncCase('withOptions()', () => raw.withOptions({})),
        syncCase('wrapOpenAI()', wrapped),
        syncCase('runAs() on a client that is shared', () => runAs('support', currentIdentity)),
      ],
    },
    {
      title: 'OpenAI client: a call for an agent that comes with the request',
      cases: [
        await sent('a raw client that is shared', askBriefly(raw, 'gpt-4')),
        await sent('new OpenAI()', async () => askBriefly(made(), 'gpt-4')()),
        await sent('wrapOpenAI()', async () => askBriefly(wrapped(), 'gpt-4')()),
        await sent('runAs() on a client that is shared', async () => runAs('support', askBriefly(shared, 'gpt-4'))),
      ],
    },
  ];
}

async function open(tracers: readonly InstalledTracer[]): Promise<Subject> {
  const stub = new FetchStub();
  const cz = await init({ policy: modelAllowlist });
  const raw = new OpenAI({ apiKey: 'local', fetch: stub.fetch });
  return { stub, raw, cz, governed: wrapOpenAI(raw, cz, { agentId: 'support' }), tracers };
}

async function ofEverySize(subject: Subject): Promise<BenchGroup[]> {
  const large = { warmCalls: WARM_LARGE_CALLS, leastCalls: 1 };
  return [
    await calls(subject, { title: '', ask: askBriefly, warmCalls: WARM_CALLS }),
    await calls(subject, { title: ', a body of 100 kB', ask: asking(100_000), ...large }),
    await calls(subject, { title: ', a body of 1 MB', ask: asking(1_000_000), ...large }),
  ];
}

/** The client of the `openai` package, with and without `wrapOpenAI`. */
export const openAI: Bench = {
  name: 'openai',
  open: async () => {
    const subject = await open([]);
    return [...(await ofEverySize(subject)), ...(await perAgent(subject))];
  },
};

/** The same beside tracing products, which slow down everything in their process a little. */
export const openAITraced: Bench = {
  name: 'openai-traced',
  mostRounds: 300,
  open: async () => {
    const tracers = await installedTracers();
    return tracers.length === 0 ? [] : ofEverySize(await open(tracers));
  },
};
