import type { ControlZero } from '@controlzero/sdk';
import { init } from '@controlzero/sdk';
import { controlZeroMiddleware, governChatModel, governEmbeddings } from '@controlzero/sdk/langchain';
import type { BaseCallbackHandler } from '@langchain/core/callbacks/base';
import { awaitAllCallbacks } from '@langchain/core/callbacks/promises';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { createAgent, createMiddleware } from 'langchain';

import { modelAllowlist } from '../test/support/specification-policies.ts';
import type { Bench, BenchCase, BenchGroup } from './bench-case.ts';
import { syncCase } from './bench-case.ts';
import { denied } from './denied.ts';
import { FetchStub } from './fetch-stub.ts';
import type { InstalledTracer } from './installed-peers.ts';
import { installedTracers } from './installed-peers.ts';
import { besides, tracedCase } from './traced-case.ts';

const LONG_PROMPT = 100_000;
const NOISE = 'raw again (noise of the method)';

interface Subject {
  readonly cz: ControlZero;
  readonly tracers: readonly InstalledTracer[];
}

type Traced = (handler: BaseCallbackHandler) => Promise<unknown>;

// Handlers are called in the background, which belongs to what they cost.
function settled({ name, run }: BenchCase): BenchCase {
  return {
    name,
    run: async (times) => {
      const last = await run(times);
      await awaitAllCallbacks();
      return last;
    },
  };
}

// One for each product that is on. What is off is no handler at all.
async function traced({ tracers }: Subject, stub: FetchStub, call: Traced): Promise<BenchCase[]> {
  const cases: BenchCase[] = [];
  for (const tracer of tracers) {
    const { name, isOn, handler } = tracer;
    if (!handler || !isOn) continue;
    const sending = await stub.caseOf({ name, requests: 1, call: async () => call(handler) });
    cases.push(await tracedCase(tracer, settled(sending)));
  }
  return cases;
}

async function chatModels(subject: Subject): Promise<BenchGroup> {
  const { cz, tracers } = subject;
  const stub = new FetchStub();
  const model = (id: string): ChatOpenAI =>
    new ChatOpenAI({ model: id, apiKey: 'local', configuration: { fetch: stub.fetch } });
  const raw = model('gpt-4');
  const governed = governChatModel(model('gpt-4'), cz, { agentId: 'support' });
  const refused = governChatModel(model('gpt-4-turbo'), cz, { agentId: 'support' });
  const ask = (chatModel: ChatOpenAI) => async (): Promise<unknown> => chatModel.invoke('Hello');
  return {
    title: `LangChain: ChatOpenAI.invoke()${besides(tracers)}`,
    cases: [
      await stub.caseOf({ name: 'raw', requests: 1, call: ask(raw) }),
      await stub.caseOf({ name: NOISE, requests: 1, call: ask(raw) }),
      await stub.caseOf({ name: 'governChatModel()', requests: 1, call: ask(governed) }),
      await stub.caseOf({ name: 'governChatModel(), denied', requests: 0, call: denied(ask(refused)) }),
      ...(await traced(subject, stub, async (handler) => raw.invoke('Hello', { callbacks: [handler] }))),
    ],
  };
}

// Nothing is to be read of a prompt, however long it is.
async function longPrompts(cz: ControlZero): Promise<BenchGroup> {
  const stub = new FetchStub();
  const raw = new ChatOpenAI({ model: 'gpt-4', apiKey: 'local', configuration: { fetch: stub.fetch } });
  const governed = governChatModel(raw, cz, { agentId: 'support' });
  const prompt = 'Hello. '.repeat(Math.ceil(LONG_PROMPT / 'Hello. '.length));
  const ask = (chatModel: ChatOpenAI) => async (): Promise<unknown> => chatModel.invoke(prompt);
  return {
    title: 'LangChain: ChatOpenAI.invoke(), a prompt of 100 kB',
    cases: [
      await stub.caseOf({ name: 'raw', requests: 1, call: ask(raw) }),
      await stub.caseOf({ name: NOISE, requests: 1, call: ask(raw) }),
      await stub.caseOf({ name: 'governChatModel()', requests: 1, call: ask(governed) }),
    ],
  };
}

function boundTools(cz: ControlZero): BenchGroup {
  const raw = new ChatOpenAI({ model: 'gpt-4', apiKey: 'local' });
  const governed = governChatModel(raw, cz, { agentId: 'support' });
  return {
    title: 'LangChain: bindTools()',
    cases: [
      syncCase('raw', () => raw.bindTools([])),
      syncCase(NOISE, () => raw.bindTools([])),
      syncCase('governChatModel()', () => governed.bindTools([])),
    ],
  };
}

async function embeddings(cz: ControlZero): Promise<BenchGroup> {
  const stub = new FetchStub();
  const raw = new OpenAIEmbeddings({
    model: 'text-embedding-3-small',
    apiKey: 'local',
    configuration: { fetch: stub.fetch },
  });
  const governed = governEmbeddings(raw, cz, { agentId: 'support' });
  const embed = (object: OpenAIEmbeddings) => async (): Promise<unknown> => object.embedQuery('Hello');
  return {
    title: 'LangChain: OpenAIEmbeddings.embedQuery()',
    cases: [
      await stub.caseOf({ name: 'raw', requests: 1, call: embed(raw) }),
      await stub.caseOf({ name: NOISE, requests: 1, call: embed(raw) }),
      await stub.caseOf({ name: 'governEmbeddings()', requests: 1, call: embed(governed) }),
    ],
  };
}

async function agents(subject: Subject): Promise<BenchGroup> {
  const { cz, tracers } = subject;
  const stub = new FetchStub();
  const raw = new ChatOpenAI({ model: 'gpt-4', apiKey: 'local', configuration: { fetch: stub.fetch } });
  const empty = createMiddleware({ name: 'Empty', wrapModelCall: (request, handler) => handler(request) });
  const asked = { messages: [{ role: 'user', content: 'Hello' }] };
  const ask = (agent: Pick<ReturnType<typeof createAgent>, 'invoke'>) => async (): Promise<unknown> =>
    agent.invoke(asked);
  const governed = governChatModel(raw, cz, { agentId: 'support' });
  const middleware = [controlZeroMiddleware(cz, { agentId: 'support' })];
  const plain = createAgent({ model: raw, tools: [] });
  return {
    title: `LangChain: createAgent().invoke()${besides(tracers)}`,
    cases: [
      await stub.caseOf({ name: 'raw', requests: 1, call: ask(plain) }),
      await stub.caseOf({ name: NOISE, requests: 1, call: ask(plain) }),
      await stub.caseOf({
        name: 'a governed model',
        requests: 1,
        call: ask(createAgent({ model: governed, tools: [] })),
      }),
      await stub.caseOf({
        name: 'a middleware that does nothing',
        requests: 1,
        call: ask(createAgent({ model: raw, tools: [], middleware: [empty] })),
      }),
      await stub.caseOf({
        name: 'controlZeroMiddleware()',
        requests: 1,
        call: ask(createAgent({ model: raw, tools: [], middleware })),
      }),
      ...(await traced(subject, stub, async (handler) => plain.invoke(asked, { callbacks: [handler] }))),
    ],
  };
}

/** Models, embeddings and agents of LangChain, with and without governance. */
export const langChain: Bench = {
  name: 'langchain',
  open: async () => {
    const cz = await init({ policy: modelAllowlist });
    const subject = { cz, tracers: [] };
    return [
      await chatModels(subject),
      await longPrompts(cz),
      boundTools(cz),
      await embeddings(cz),
      await agents(subject),
    ];
  },
};

/** Models and agents beside tracing products, which slow down everything in their process a little. */
export const langChainTraced: Bench = {
  name: 'langchain-traced',
  mostRounds: 300,
  open: async () => {
    const tracers = await installedTracers();
    if (tracers.length === 0) return [];
    const subject = { cz: await init({ policy: modelAllowlist }), tracers };
    return [await chatModels(subject), await agents(subject)];
  },
};
