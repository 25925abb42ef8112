import type { BaseCallbackHandler } from '@langchain/core/callbacks/base';

import type { AISDK } from '../../test/support/ai-sdk-majors.ts';
import { load } from './peer.ts';
import { TraceSink } from './trace-sink.ts';
import type { Integration, OpenTracer, Tracer } from './tracer.ts';

interface Logger {
  flush(): Promise<void>;
}

interface Braintrust {
  readonly wrapOpenAI: <Client extends object>(client: Client) => Client;
  readonly wrapAISDK: (ai: AISDK['ai']) => AISDK['ai'];
  readonly braintrustAISDKTelemetry: () => Integration;
  readonly BraintrustLangChainCallbackHandler: new (options: { readonly logger: Logger }) => BaseCallbackHandler;
  readonly initLogger: (options: object) => Logger;
  readonly _internalGetGlobalState: () => { currentLogger: Logger | undefined };
}

const URL = 'http://braintrust.local';
const ANSWERS = {
  '/api/apikey/login': { org_info: [{ id: 'bench', name: 'bench', api_url: URL, proxy_url: URL }] },
  '/api/project/register': { project: { id: 'bench', name: 'bench' }, org: { id: 'bench' } },
  '/version': {},
};

async function open(isOn: boolean): Promise<OpenTracer> {
  const braintrust = await load<Braintrust>('braintrust');
  const { fetch, sent } = new TraceSink(ANSWERS);
  const logger = braintrust.initLogger({
    projectName: 'bench',
    apiKey: 'bench',
    appUrl: URL,
    fetch,
    setCurrent: false,
  });
  // One logger is the current one of the process: there is no other way to have calls with and without one in turns.
  const state = braintrust._internalGetGlobalState();
  const telemetry = { integrations: braintrust.braintrustAISDKTelemetry() };
  return {
    wrapOpenAI: braintrust.wrapOpenAI,
    // It opens a logger of its own where there is none: off is only who does not use it.
    ...(isOn && { handler: new braintrust.BraintrustLangChainCallbackHandler({ logger }) }),
    generateText: ({ major, sdk }) => {
      const { generateText } = major === 6 ? braintrust.wrapAISDK(sdk.ai) : sdk.ai;
      return async (call) => generateText(major === 6 ? call : { ...call, telemetry });
    },
    tracing: async (calls) => {
      if (!isOn) return calls();
      state.currentLogger = logger;
      try {
        return await calls();
      } finally {
        state.currentLogger = undefined;
        await logger.flush();
      }
    },
    sent,
  };
}

/** Braintrust without a logger, and with one that sends to a stub. */
export const braintrust: readonly Tracer[] = [
  { name: 'braintrust, off: no logger', isOn: false, open: async () => open(false) },
  { name: 'braintrust, on: sends to a stub', isOn: true, open: async () => open(true) },
];
