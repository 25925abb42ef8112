import { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { AzureChatOpenAI, ChatOpenAI } from '@langchain/openai';

import type { ControlZero, DecisionEvent, PolicyDocument } from '../../src/index.ts';
import type { LocalProvider, TestControlZeroOptions } from '../../src/testing/index.ts';
import { createTestControlZero, startLocalProvider } from '../../src/testing/index.ts';

/** Whether these tests run on the oldest LangChain that is supported. */
export const isOldest: boolean = process.env['LANGCHAIN'] === 'oldest';

/** Whether models have streams of events that no callback hears of. */
export const hasEventStreams: boolean = 'streamV2' in BaseChatModel.prototype;

type ChatOpenAIFields = NonNullable<ConstructorParameters<typeof ChatOpenAI>[0]>;

/** One policy, one provider, and models between them. */
export interface LangChainStage extends AsyncDisposable {
  readonly cz: ControlZero;
  readonly provider: LocalProvider;
  /** Fields that every class of @langchain/openai takes. */
  readonly fields: {
    readonly apiKey: string;
    readonly maxRetries: number;
    readonly configuration: { baseURL: string };
  };
  chat(fields?: Exclude<ChatOpenAIFields, string>): ChatOpenAI;
  azure(deployment: string): AzureChatOpenAI;
  decisions(): Promise<readonly DecisionEvent[]>;
  setPolicy(document: PolicyDocument): Promise<void>;
}

/** Sets a stage for one test. */
export async function openLangChainStage(
  policy: PolicyDocument,
  options: TestControlZeroOptions = {},
): Promise<LangChainStage> {
  const provider = await startLocalProvider();
  const client = await createTestControlZero(policy, options);
  const { cz } = client;
  const fields = { apiKey: 'local', maxRetries: 2, configuration: { baseURL: provider.baseURL } };
  return {
    cz,
    provider,
    fields,
    chat: (more = {}) => new ChatOpenAI({ model: 'gpt-4', ...fields, ...more }),
    azure: (deployment) =>
      new AzureChatOpenAI({
        azureOpenAIApiKey: 'local',
        azureOpenAIApiVersion: '2024-10-21',
        azureOpenAIApiDeploymentName: deployment,
        azureOpenAIEndpoint: provider.url,
        maxRetries: 2,
      }),
    decisions: async () => client.decisions(),
    setPolicy: async (document) => client.setPolicy(document),
    [Symbol.asyncDispose]: async () => {
      await cz.close();
      await provider.close();
    },
  };
}
