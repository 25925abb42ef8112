import type { ControlZero } from '@controlzero/sdk';
import { init } from '@controlzero/sdk';
import { controlZeroMiddleware, governEmbeddingModel, governModel } from '@controlzero/sdk/ai-sdk';
import type { LanguageModel } from 'ai';

import type { AISDKMajor } from '../test/support/ai-sdk-majors.ts';
import { aiSDKMajors } from '../test/support/ai-sdk-majors.ts';
import { modelAllowlist } from '../test/support/specification-policies.ts';
import type { Bench, BenchCase, BenchGroup } from './bench-case.ts';
import { denied } from './denied.ts';
import { FetchStub } from './fetch-stub.ts';
import type { InstalledTracer } from './installed-peers.ts';
import { installedTracers } from './installed-peers.ts';
import { besides, tracedCase } from './traced-case.ts';

type Model = Exclude<LanguageModel, string>;

const NOISE = 'raw again (noise of the method)';
const MODEL = 'gpt-4';
const EMBEDDING = 'text-embedding-3-small';
const LONG = 'The quick brown fox jumps over the lazy dog. '.repeat(2223);

interface Subject {
  readonly cz: ControlZero;
  readonly tracers: readonly InstalledTracer[];
}

async function generating(major: AISDKMajor, { cz, tracers }: Subject): Promise<BenchGroup> {
  const { name, sdk } = major;
  const stub = new FetchStub();
  const openai = sdk.createOpenAI({ apiKey: 'local', fetch: stub.fetch });
  const raw = openai.chat(MODEL);
  const governed = governModel(raw, cz, { agentId: 'support' });
  const wrapped = sdk.ai.wrapLanguageModel({ model: raw, middleware: [] });
  const middleware = controlZeroMiddleware(cz, { agentId: 'support' });
  const judged = sdk.ai.wrapLanguageModel({ model: raw, middleware });
  const refused = governModel(openai.chat('gpt-4-turbo'), cz, { agentId: 'support' });
  const ask = (model: Model) => async (): Promise<unknown> => sdk.ai.generateText({ model, prompt: 'Hello' });
  const traced: BenchCase[] = [];
  for (const tracer of tracers) {
    const generateText = tracer.generateText(major);
    const call = async (): Promise<unknown> => generateText({ model: raw, prompt: 'Hello' });
    traced.push(await tracedCase(tracer, await stub.caseOf({ name: tracer.name, requests: 1, call })));
  }
  return {
    title: `${name}: generateText()${besides(tracers)}`,
    cases: [
      await stub.caseOf({ name: 'raw', requests: 1, call: ask(raw) }),
      await stub.caseOf({ name: NOISE, requests: 1, call: ask(raw) }),
      await stub.caseOf({ name: 'wrapLanguageModel(), no middleware', requests: 1, call: ask(wrapped) }),
      await stub.caseOf({ name: 'governModel()', requests: 1, call: ask(governed) }),
      await stub.caseOf({ name: 'controlZeroMiddleware()', requests: 1, call: ask(judged) }),
      await stub.caseOf({ name: 'governModel(), denied', requests: 0, call: denied(ask(refused)) }),
      ...traced,
    ],
  };
}

// What grows with the prompt, and what is paid when every request has a governed model of its own.
async function asking({ name, sdk }: AISDKMajor, cz: ControlZero): Promise<BenchGroup[]> {
  const stub = new FetchStub();
  const raw = sdk.createOpenAI({ apiKey: 'local', fetch: stub.fetch }).chat(MODEL);
  const govern = (): Model => governModel(raw, cz, { agentId: 'support' });
  const governed = govern();
  const ask = async (model: Model, prompt: string): Promise<unknown> => sdk.ai.generateText({ model, prompt });
  const compared = async (title: string, prompt: string, made: () => Model): Promise<BenchGroup> => ({
    title: `${name}: ${title}`,
    cases: [
      await stub.caseOf({ name: 'raw', requests: 1, call: async () => ask(raw, prompt) }),
      await stub.caseOf({ name: NOISE, requests: 1, call: async () => ask(raw, prompt) }),
      await stub.caseOf({ name: 'governModel()', requests: 1, call: async () => ask(made(), prompt) }),
    ],
  });
  return [
    await compared('generateText(), a prompt of 100 kB', LONG, () => governed),
    await compared('generateText(), a governed model for each request', 'Hello', govern),
  ];
}

async function embedding({ name, sdk }: AISDKMajor, cz: ControlZero): Promise<BenchGroup> {
  const stub = new FetchStub();
  const raw = sdk.createOpenAI({ apiKey: 'local', fetch: stub.fetch }).embedding(EMBEDDING);
  const governed = governEmbeddingModel(raw, cz, { agentId: 'support' });
  const ask = (model: typeof raw) => async (): Promise<unknown> => sdk.ai.embed({ model, value: 'Hello' });
  return {
    title: `${name}: embed()`,
    cases: [
      await stub.caseOf({ name: 'raw', requests: 1, call: ask(raw) }),
      await stub.caseOf({ name: NOISE, requests: 1, call: ask(raw) }),
      await stub.caseOf({ name: 'governEmbeddingModel()', requests: 1, call: ask(governed) }),
    ],
  };
}

/** Models of the Vercel AI SDK of both major versions, with and without governance. */
export const aiSDK: Bench = {
  name: 'ai-sdk',
  open: async () => {
    const cz = await init({ policy: modelAllowlist });
    const groups: BenchGroup[] = [];
    for (const major of aiSDKMajors) {
      groups.push(await generating(major, { cz, tracers: [] }));
      groups.push(...(await asking(major, cz)), await embedding(major, cz));
    }
    return groups;
  },
};

/** Language models beside tracing products, which slow down everything in their process a little. */
export const aiSDKTraced: Bench = {
  name: 'ai-sdk-traced',
  mostRounds: 300,
  open: async () => {
    const cz = await init({ policy: modelAllowlist });
    const tracers = await installedTracers();
    const groups: BenchGroup[] = [];
    for (const major of tracers.length === 0 ? [] : aiSDKMajors) groups.push(await generating(major, { cz, tracers }));
    return groups;
  },
};
