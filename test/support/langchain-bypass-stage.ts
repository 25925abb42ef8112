import type { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { AzureChatOpenAI, ChatOpenAI, OpenAI, OpenAIEmbeddings } from '@langchain/openai';

import type { LangChainEmbeddings, LangChainModel } from '../../adapters/langchain/index.ts';

/** Puts models and embeddings under a policy, well or badly, for the agent `basic`. */
export interface LangChainWrap {
  readonly name: string;
  model<Model extends LangChainModel>(model: Model): Model;
  embeddings<Embeddings extends LangChainEmbeddings>(embeddings: Embeddings): Embeddings;
}

type ChatOpenAIFields = Exclude<NonNullable<ConstructorParameters<typeof ChatOpenAI>[0]>, string>;
type AzureFields = Exclude<NonNullable<ConstructorParameters<typeof AzureChatOpenAI>[0]>, string>;

/** What an attempt has at hand. */
export interface LangChainBypassStage {
  /** Scheme, host and port of the server. */
  readonly origin: string;
  readonly wrap: LangChainWrap;
  /** Fields that every class of @langchain/openai takes. */
  readonly fields: {
    readonly apiKey: string;
    readonly maxRetries: number;
    readonly configuration: { readonly baseURL: string };
  };
  /** A wrapped model with these fields. */
  chat(fields?: ChatOpenAIFields): ChatOpenAI;
  /** A wrapped model whose client is made with these options. */
  configured(configuration: object): ChatOpenAI;
  /** A model that nobody wrapped. */
  bare(fields?: ChatOpenAIFields): ChatOpenAI;
  azure(fields?: AzureFields): AzureChatOpenAI;
  bareAzure(fields?: AzureFields): AzureChatOpenAI;
  llm(fields?: object): OpenAI;
  embeddings(fields?: object): OpenAIEmbeddings;
  bareEmbeddings(fields?: object): OpenAIEmbeddings;
}

/** Tries to make the server run a model that was never judged. */
export type LangChainAttempt = (stage: LangChainBypassStage) => unknown;

/** Attempts by what they do. */
export type LangChainAttempts = Readonly<Record<string, LangChainAttempt>>;

/** The agent that models are wrapped for. */
export const BASIC = 'basic';
/** A model that only other agents may use. */
export const PREMIUM_MODEL = 'gpt-4o';
/** An agent that may use it. */
export const PREMIUM = 'premium';

export { ALLOWED, ALLOWED_EMBEDDING, DENIED, chatBody } from './bypass-attempts-stage.ts';

/** A model with the methods that other code of LangChain calls. */
export interface InnerModel {
  _generate(messages: readonly unknown[], options?: object): Promise<unknown>;
  _streamResponseChunks(messages: readonly unknown[], options?: object): AsyncIterable<unknown>;
  completionWithRetry(request: object, options?: object): Promise<unknown>;
  responseApiWithRetry(request: object, options?: object): Promise<unknown>;
  betaParsedCompletionWithRetry(request: object, options?: object): Promise<unknown>;
}

/** A model by the methods that are none of the application's business. */
export function innerOf(
  model: unknown,
): InnerModel & { readonly completions: InnerModel; readonly responses: InnerModel } {
  return model as never;
}

/** Makes the stage for one wrap. */
export function openLangChainBypassStage(origin: string, wrap: LangChainWrap): LangChainBypassStage {
  const configuration = { baseURL: `${origin}/v1` };
  const fields = { apiKey: 'local', maxRetries: 0, configuration };
  const azureFields = {
    azureOpenAIApiKey: 'local',
    azureOpenAIApiVersion: '2024-10-21',
    azureOpenAIEndpoint: origin,
    maxRetries: 0,
  };
  const bare: LangChainBypassStage['bare'] = (more) => new ChatOpenAI({ model: 'gpt-4', ...fields, ...more });
  const bareAzure: LangChainBypassStage['bareAzure'] = (more) =>
    new AzureChatOpenAI({ ...azureFields, azureOpenAIApiDeploymentName: 'gpt-4', ...more });
  const bareEmbeddings: LangChainBypassStage['bareEmbeddings'] = (more) =>
    new OpenAIEmbeddings({ model: 'text-embedding-3-small', ...fields, ...more });
  return {
    origin,
    wrap,
    fields,
    bare,
    bareAzure,
    chat: (more) => wrap.model(bare(more)),
    configured: (more) => wrap.model(bare({ configuration: { ...configuration, ...more } })),
    azure: (more) => wrap.model(bareAzure(more)),
    llm: (more) =>
      wrap.model(new OpenAI({ model: 'gpt-3.5-turbo-instruct', ...fields, modelKwargs: { model: 'gpt-4' }, ...more })),
    bareEmbeddings,
    embeddings: (more) => wrap.embeddings(bareEmbeddings(more)),
  };
}

/** Asks a model in the plainest way. */
export async function ask(model: unknown, options?: object): Promise<unknown> {
  return (model as BaseChatModel).invoke('Hello', options);
}
