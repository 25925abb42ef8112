import { load } from './peer.ts';

type Wrap = <Client extends object>(client: Client) => Client;

/** A tracing wrapper for the OpenAI client, with nowhere to send its traces. */
export interface Tracer {
  readonly name: string;
  readonly open: () => Promise<Wrap>;
}

/** The wrappers of tracing libraries that an OpenAI client is put into. */
export const ALL_TRACERS: readonly Tracer[] = [
  {
    name: 'langfuse, no exporter',
    open: async () => (await load<{ readonly observeOpenAI: Wrap }>('@langfuse/openai')).observeOpenAI,
  },
  {
    name: 'braintrust, no logger',
    open: async () => (await load<{ readonly wrapOpenAI: Wrap }>('braintrust')).wrapOpenAI,
  },
  {
    name: 'langsmith, tracing off',
    open: async () => (await load<{ readonly wrapOpenAI: Wrap }>('langsmith/wrappers/openai')).wrapOpenAI,
  },
];
