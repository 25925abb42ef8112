import { startLocalProvider } from '@controlzero/sdk/testing';
import type { LocalProvider, LocalProviderOptions } from '@controlzero/sdk/testing';

/** What a client of OpenAI needs to reach a provider. */
export interface ProviderTarget {
  readonly apiKey: string;
  /** Undefined: that of the OpenAI API. */
  readonly baseURL?: string;
  readonly fetch?: typeof fetch;
}

/** Where the calls of an example go, and how many have got there. */
export interface Provider {
  readonly name: string;
  readonly target: ProviderTarget;
  requests(): number;
  close(): Promise<void>;
}

/** The local server by default; the real API when `OPENAI_API_KEY` is set. */
export async function chooseProvider(options: LocalProviderOptions = {}): Promise<Provider> {
  const apiKey = process.env['OPENAI_API_KEY'];
  return apiKey === undefined ? localProvider(await startLocalProvider(options)) : realProvider(apiKey);
}

function localProvider(server: LocalProvider): Provider {
  return {
    name: `a local OpenAI-compatible server (${server.url}); set OPENAI_API_KEY to use the real API`,
    target: { apiKey: 'local', baseURL: server.baseURL },
    requests: () => server.modelRequests.length,
    close: async () => server.close(),
  };
}

function realProvider(apiKey: string): Provider {
  let requests = 0;
  const countingFetch: typeof fetch = async (input, init) => {
    requests += 1;
    return fetch(input, init);
  };
  return {
    name: 'the OpenAI API',
    target: { apiKey, fetch: countingFetch },
    requests: () => requests,
    close: async () => undefined,
  };
}
