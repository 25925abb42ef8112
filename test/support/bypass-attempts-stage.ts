import type * as openai from 'openai';
import type { AzureClientOptions, AzureOpenAI, ClientOptions, OpenAI } from 'openai';

/** The module of either major version; the types are those of the newer one. */
export type OpenAILibrary = typeof openai;

/** What an attempt has at hand: one major version of the library and clients that somebody wrapped. */
export interface Stage {
  readonly library: OpenAILibrary;
  /** Scheme, host and port of the server. */
  readonly origin: string;
  /** Wraps a client of an attempt's own making. */
  wrap<Client extends OpenAI>(client: Client): Client;
  /** Options of a client whose base URL is `<origin>/v1`. */
  options(): ClientOptions;
  /** A wrapped client with these options. */
  client(options?: ClientOptions): OpenAI;
  /** A wrapped client for Azure whose endpoint is the origin. */
  azure(options?: AzureClientOptions): AzureOpenAI;
}

/** Tries to make the server run a model that was never judged; settles when nothing is under way. */
export type Attempt = (stage: Stage) => unknown;

/** Attempts by what they do. */
export type Attempts = Readonly<Record<string, Attempt>>;

/** The only model that may generate. */
export const ALLOWED = 'gpt-4';
/** A model that may not. */
export const DENIED = 'gpt-4-turbo';
/** The only model that may embed. */
export const ALLOWED_EMBEDDING = 'text-embedding-3-small';

/** A body for chat completions. */
export function chatBody(model: unknown): Record<string, unknown> {
  return { model, messages: [{ role: 'user', content: 'Hello' }] };
}

/** The same as text, with fields of the caller's choice before the messages. */
export function chatText(...fields: readonly string[]): string {
  return `{${[...fields, '"messages":[{"role":"user","content":"Hello"}]'].join(',')}}`;
}

/** Calls chat completions with whatever an attempt made up. */
export function chat(client: OpenAI, params: object, options?: object): Promise<unknown> {
  return client.chat.completions.create(params as never, options);
}

/** Posts whatever an attempt made up. */
export function post(client: OpenAI, path: unknown, options: object | Promise<object>): Promise<unknown> {
  return client.post(path as never, options);
}

/** Posts a body that the client leaves as it is. */
export function postBody(client: OpenAI, body: unknown, headers: Record<string, string> = {}): Promise<unknown> {
  return post(client, '/chat/completions', { body, headers: { 'content-type': 'application/json', ...headers } });
}

/** Lets pending work go on for a number of turns of the event loop, and acts at each of them. */
export async function overTurns(turns: number, act: (turn: number) => void): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    act(turn);
    await (turn % 5 === 4 ? new Promise((resolve) => setImmediate(resolve)) : Promise.resolve());
  }
}
