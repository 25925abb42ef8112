import type { OpenAIProvider } from '@ai-sdk/openai';
import type { OpenAICompatibleProvider } from '@ai-sdk/openai-compatible';
import type { LanguageModel as AnyLanguageModel, ToolSet } from 'ai';

import type { EmbeddingModelLike, LanguageModelLike, ProviderLike } from '../../../adapters/ai-sdk/index.ts';
import type { AISDK } from '../ai-sdk-majors.ts';

/** A language model, not an id. */
export type Model = Exclude<AnyLanguageModel, string>;
export type Embeddings = ReturnType<OpenAIProvider['embedding']>;

/** Whom a guard pins what it guards to. */
export interface Pinned {
  readonly agentId?: string;
  readonly trustMetadata?: boolean;
}

/** Puts models under a policy, well or badly. */
export interface Guard {
  model<Guarded extends LanguageModelLike>(model: Guarded, pinned?: Pinned): Guarded;
  embeddingModel<Guarded extends EmbeddingModelLike>(model: Guarded, pinned?: Pinned): Guarded;
  provider<Guarded extends ProviderLike>(provider: Guarded, pinned?: Pinned): Guarded;
}

/** What an attempt has at hand: one major version, providers of a local server, and somebody's guard. */
export interface AttemptStage {
  readonly sdk: AISDK;
  readonly guard: Guard;
  readonly baseURL: string;
  /** Ungoverned. An attempt may only use it to make what it then has guarded. */
  readonly raw: OpenAIProvider;
  readonly rawCompatible: OpenAICompatibleProvider;
  readonly rawGateway: ReturnType<AISDK['ai']['createGateway']>;
  /** Governed. */
  readonly openai: OpenAIProvider;
}

/** Tries to make the server run a model that was never judged; settles when nothing is under way. */
export type Attempt = (stage: AttemptStage) => unknown;
export type Attempts = Readonly<Record<string, Attempt>>;

/** The only model that may generate. */
export const ALLOWED = 'gpt-4';
/** A model that may not. */
export const DENIED = 'gpt-4-turbo';
/** A model for premium agents only. */
export const PREMIUM_ONLY = 'gpt-4o';
/** The only model that may embed. */
export const ALLOWED_EMBEDDING = 'text-embedding-3-small';
export const DENIED_EMBEDDING = 'text-embedding-3-large';

/** What every call of an attempt has. */
const PROMPT = { prompt: 'Hello', maxRetries: 0 } as const;

/** Generates text with whatever an attempt made up. */
export async function generate({ sdk }: AttemptStage, model: unknown, options: object = {}): Promise<unknown> {
  return sdk.ai.generateText({ ...PROMPT, ...options, model: model as Model });
}

/** Streams text to the end. */
export async function stream({ sdk }: AttemptStage, model: unknown, options: object = {}): Promise<void> {
  const given = { ...PROMPT, onError: () => undefined, ...options, model: model as Model };
  await sdk.ai.streamText(given).consumeStream();
}

/** Embeds a text. */
export async function embed({ sdk }: AttemptStage, model: unknown, options: object = {}): Promise<unknown> {
  return sdk.ai.embed({ value: 'Hello', maxRetries: 0, ...options, model: model as Embeddings });
}

/** Options of a call that a model is given directly. */
export function callOptions(more: object = {}): never {
  return { prompt: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }], ...more } as never;
}

/** A tool that is always called first, so that an agent makes a second step. */
export function oneTool({ sdk }: AttemptStage): ToolSet {
  const { tool, jsonSchema } = sdk.ai;
  const inputSchema = jsonSchema<object>({ type: 'object', properties: {} });
  return { lookUp: tool({ inputSchema, execute: async () => 'done' }) };
}
