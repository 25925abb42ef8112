import { LangChainTracer } from '@langchain/core/tracers/tracer_langchain';

import type { AISDK } from '../../test/support/ai-sdk-majors.ts';
import { load } from './peer.ts';
import { TraceSink } from './trace-sink.ts';
import type { Integration, OpenTracer, Tracer } from './tracer.ts';

type Client = NonNullable<NonNullable<ConstructorParameters<typeof LangChainTracer>[0]>['client']>;

interface Settings {
  readonly client: Client;
  readonly tracingEnabled: boolean;
}

interface LangSmith {
  readonly Client: new (options: object) => Client & {
    flush(): Promise<void>;
    awaitPendingTraceBatches(): Promise<void>;
  };
}

interface ForOpenAI {
  readonly wrapOpenAI: <Wrapped extends object>(client: Wrapped, settings: Settings) => Wrapped;
}

interface ForAISDK {
  readonly wrapAISDK: (ai: AISDK['ai'], settings: Settings) => AISDK['ai'];
  readonly LangSmithTelemetry: (settings: Settings) => Integration;
}

const ANSWERS = {
  '/info': { version: '0.10.0', batch_ingest_config: { use_multipart_endpoint: true, size_limit: 100 } },
};

async function open(isOn: boolean): Promise<OpenTracer> {
  const { Client } = await load<LangSmith>('langsmith');
  const { wrapOpenAI } = await load<ForOpenAI>('langsmith/wrappers/openai');
  const { wrapAISDK, LangSmithTelemetry } = await load<ForAISDK>('langsmith/experimental/vercel');
  const { fetch, sent } = new TraceSink(ANSWERS);
  const client = new Client({ apiUrl: 'http://langsmith.local', apiKey: 'bench', fetchImplementation: fetch });
  const settings = { client, tracingEnabled: isOn };
  const telemetry = { integrations: LangSmithTelemetry(settings) };
  return {
    wrapOpenAI: (wrapped) => wrapOpenAI(wrapped, settings),
    // LangChain adds this one by itself where the environment says so, and none where it does not.
    ...(isOn && { handler: new LangChainTracer({ client }) }),
    generateText: ({ major, sdk }) => {
      const { generateText } = major === 6 ? wrapAISDK(sdk.ai, settings) : sdk.ai;
      return async (call) => generateText(major === 6 ? call : { ...call, telemetry });
    },
    tracing: async (calls) => {
      const last = await calls();
      if (isOn) {
        await client.flush();
        await client.awaitPendingTraceBatches();
      }
      return last;
    },
    sent,
  };
}

/** LangSmith with tracing off, and with a client that sends to a stub. */
export const langSmith: readonly Tracer[] = [
  { name: 'langsmith, off: tracing disabled', isOn: false, open: async () => open(false) },
  { name: 'langsmith, on: sends to a stub', isOn: true, open: async () => open(true) },
];
