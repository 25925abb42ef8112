import type { BenchCase } from './bench-case.ts';
import { asyncCase } from './bench-case.ts';

const HEADERS = { 'content-type': 'application/json' };

const CHAT = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_704_067_200,
  model: 'gpt-4',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'Hello.', refusal: null },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
});

const EMBEDDING = JSON.stringify({
  object: 'list',
  model: 'text-embedding-3-small',
  data: [{ object: 'embedding', index: 0, embedding: [0.1, 0.2, 0.3, 0.4] }],
  usage: { prompt_tokens: 1, total_tokens: 1 },
});

/** A call and how many requests it must send. */
export interface SendingCall {
  readonly name: string;
  readonly requests: number;
  readonly call: () => Promise<unknown>;
}

/** A `fetch` that answers at once, without sockets, so that what stands before it can be seen. */
export class FetchStub {
  #requests = 0;

  readonly fetch: typeof fetch = async (input) => {
    this.#requests += 1;
    const url = input instanceof Request ? input.url : String(input);
    return new Response(url.endsWith('/embeddings') ? EMBEDDING : CHAT, { headers: HEADERS });
  };

  /** A case that was seen to send as many requests as it must: nothing is measured that does not happen. */
  async caseOf({ name, requests, call }: SendingCall): Promise<BenchCase> {
    const before = this.#requests;
    await call();
    const sent = this.#requests - before;
    if (sent !== requests) throw new Error(`"${name}" sent ${sent} requests and not ${requests}.`);
    return asyncCase(name, call);
  }
}
