import type { IncomingMessage, ServerResponse } from 'node:http';

import { requireBuiltin } from '../../node/builtin.ts';
import type { Answer } from './answer.ts';
import { errorAnswer, formatEvents } from './answer.ts';
import type { ModelAnswerOptions } from './chat-answer.ts';
import { chatAnswer, completionAnswer, embeddingAnswer } from './chat-answer.ts';
import type { ModelRoute, ReceivedRequest } from './received-request.ts';
import { describeRequest, readBody } from './received-request.ts';
import { resourceAnswer } from './resource-answer.ts';
import { compactAnswer, responseAnswer } from './response-answer.ts';

/** Options of a local provider. */
export interface LocalProviderOptions {
  /** Milliseconds before each answer. Default: 0. */
  readonly delayMs?: number;
  /** The text that models answer, or what makes it. Default: `Hello from the local provider.` */
  readonly reply?: string | ((request: ReceivedRequest) => string);
  /** Ids that `GET /models` lists. */
  readonly models?: readonly string[];
}

/** A failure that the next requests get instead of an answer. */
export interface ProviderFailure {
  readonly status: number;
  /** How many requests fail. Default: 1. */
  readonly times?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A running local provider. */
export interface LocalProvider extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`, the endpoint of an Azure client. */
  readonly url: string;
  /** `<url>/v1`, the `baseURL` of an OpenAI client. */
  readonly baseURL: string;
  /** Every request so far, in order of arrival. */
  readonly requests: readonly ReceivedRequest[];
  /** Those that make a model run. A denial is proven by finding none here. */
  readonly modelRequests: readonly ReceivedRequest[];
  /** Forgets the requests and planned failures so far. */
  reset(): void;
  failNext(failure: ProviderFailure): void;
  /** Ends at once, open connections included. */
  close(): Promise<void>;
}

const MODEL_ANSWERS: Readonly<Record<ModelRoute, (options: ModelAnswerOptions) => Answer>> = {
  'chat/completions': chatAnswer,
  completions: completionAnswer,
  embeddings: embeddingAnswer,
  responses: responseAnswer,
  'responses/compact': compactAnswer,
};

const DEFAULT_MODELS = ['gpt-4', 'gpt-4-turbo', 'gpt-4o', 'gpt-3.5-turbo', 'text-embedding-3-small'];

class ProviderState {
  readonly requests: ReceivedRequest[] = [];
  failures: ProviderFailure[] = [];
  readonly #options: LocalProviderOptions;
  #sequence = 0;

  constructor(options: LocalProviderOptions) {
    this.#options = options;
  }

  answer(request: ReceivedRequest): Answer {
    this.requests.push(request);
    this.#sequence += 1;
    const failure = this.failures.shift();
    if (failure) return errorAnswer(failure.status, 'A planned failure.', failure.headers);
    const { models = DEFAULT_MODELS } = this.#options;
    return request.route === undefined ? resourceAnswer(request, models) : this.#modelAnswer(request, request.route);
  }

  #modelAnswer(request: ReceivedRequest, route: ModelRoute): Answer {
    const { json: body, model } = request;
    if (typeof body !== 'object' || body === null)
      return errorAnswer(400, 'We could not parse the JSON body of your request.');
    if (model === undefined) return errorAnswer(400, 'You must provide a model parameter.');
    const { reply = 'Hello from the local provider.' } = this.#options;
    const text = typeof reply === 'function' ? reply(request) : reply;
    return MODEL_ANSWERS[route]({ body, model, text, sequence: this.#sequence });
  }
}

function send(response: ServerResponse, answer: Answer): void {
  if ('events' in answer) {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(formatEvents(answer.events));
  } else if ('text' in answer) {
    response.writeHead(200, { 'content-type': 'text/plain' }).end(answer.text);
  } else {
    response
      .writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers })
      .end(JSON.stringify(answer.json));
  }
}

/**
 * Starts an OpenAI-compatible server on this machine that answers every call in the same way each time
 * and counts what reaches it. It serves chat completions (streams, tools, JSON schemas), responses,
 * completions, embeddings, models and files, below `/v1`, below no prefix and below Azure's paths.
 *
 * Where a chat completion offers tools, one is called after each message of the user: the tool that
 * `tool_choice` names, else the one whose name stands in the message, else the first.
 *
 * Needs Node. It listens on 127.0.0.1 only, on a free port.
 *
 * @example
 * ```ts
 * import { startLocalProvider } from '@controlzero/sdk/testing';
 * import OpenAI from 'openai';
 *
 * const provider = await startLocalProvider();
 * const openai = new OpenAI({ apiKey: 'local', baseURL: provider.baseURL });
 * await openai.chat.completions.create({ model: 'gpt-4', messages: [{ role: 'user', content: 'Hello' }] });
 * console.log(provider.modelRequests.length); // 1
 * await provider.close();
 * ```
 */
export async function startLocalProvider(options: LocalProviderOptions = {}): Promise<LocalProvider> {
  const http = requireBuiltin('node:http', 'startLocalProvider()');
  const state = new ProviderState(options);
  const handle = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const answer = state.answer(describeRequest(message, await readBody(message)));
    if (options.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, options.delayMs));
    send(response, answer);
  };
  const server = http.createServer((message, response) => {
    handle(message, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const close = async (): Promise<void> => {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  };
  return {
    url,
    baseURL: `${url}/v1`,
    requests: state.requests,
    get modelRequests() {
      return state.requests.filter(({ route }) => route !== undefined);
    },
    reset: () => {
      state.requests.length = 0;
      state.failures = [];
    },
    failNext: (failure) => state.failures.push(...Array.from({ length: failure.times ?? 1 }, () => failure)),
    close,
    [Symbol.asyncDispose]: close,
  };
}
