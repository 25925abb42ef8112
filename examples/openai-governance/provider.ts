import { startLocalProvider } from '@controlzero/sdk/testing';
import type { ClientOptions } from 'openai';

/** Where the calls of the demo go, and how many have got there. */
export interface Provider {
  readonly name: string;
  readonly options: ClientOptions;
  requests(): number;
  close(): Promise<void>;
}

/** The local server by default; the real API when `OPENAI_API_KEY` is set. */
export async function chooseProvider(): Promise<Provider> {
  return process.env['OPENAI_API_KEY'] === undefined ? localProvider() : realProvider();
}

async function localProvider(): Promise<Provider> {
  const server = await startLocalProvider();
  return {
    name: `a local OpenAI-compatible server (${server.url}); set OPENAI_API_KEY to use the real API`,
    options: { apiKey: 'local', baseURL: server.baseURL },
    requests: () => server.modelRequests.length,
    close: async () => server.close(),
  };
}

function realProvider(): Provider {
  let requests = 0;
  const countingFetch: typeof fetch = async (input, init) => {
    requests += 1;
    return fetch(input, init);
  };
  return {
    name: 'the OpenAI API',
    options: { fetch: countingFetch },
    requests: () => requests,
    close: async () => undefined,
  };
}
