import type { AzureClientOptions, AzureOpenAI, ClientOptions, OpenAI } from 'openai';

import type { WrapOpenAIOptions } from '../../adapters/openai/index.ts';
import { wrapOpenAI } from '../../adapters/openai/index.ts';
import type { PolicyDocument } from '../../src/index.ts';
import type {
  LocalProvider,
  LocalProviderOptions,
  TestControlZero,
  TestControlZeroOptions,
} from '../../src/testing/index.ts';
import { createTestControlZero, startLocalProvider } from '../../src/testing/index.ts';
import type { OpenAIModule } from './openai-majors.ts';
import { modelAllowlist } from './specification-policies.ts';

/** Options of a stage: those of a client, and what differs from the allowlist and a provider that answers at once. */
export interface OpenAIStageOptions extends TestControlZeroOptions {
  readonly policy?: PolicyDocument;
  readonly provider?: LocalProviderOptions;
}

/** One policy, one provider, and clients of one build of the library. */
export interface OpenAIStage extends TestControlZero, AsyncDisposable {
  readonly provider: LocalProvider;
  /** An ungoverned client. */
  plain(options?: ClientOptions): OpenAI;
  /** The same, governed. */
  governed(options?: ClientOptions, wrapOptions?: WrapOpenAIOptions): OpenAI;
  plainAzure(options?: AzureClientOptions): AzureOpenAI;
  governedAzure(options?: AzureClientOptions, wrapOptions?: WrapOpenAIOptions): AzureOpenAI;
  /** The models that ran, in order. */
  modelsServed(): (string | undefined)[];
}

/** Parameters of the simplest chat completion. */
export function greeting(model: string): { model: string; messages: { role: 'user'; content: string }[] } {
  return { model, messages: [{ role: 'user', content: 'Hello' }] };
}

/** Sets a stage for one test. */
export async function openOpenAIStage(library: OpenAIModule, options: OpenAIStageOptions = {}): Promise<OpenAIStage> {
  const { policy = modelAllowlist, provider: providerOptions, ...clientOptions } = options;
  const provider = await startLocalProvider(providerOptions);
  const client = await createTestControlZero(policy, clientOptions);
  const { cz } = client;
  const plain = (given: ClientOptions = {}): OpenAI =>
    new library.OpenAI({ apiKey: 'local', baseURL: provider.baseURL, maxRetries: 0, ...given });
  const plainAzure = (given: AzureClientOptions = {}): AzureOpenAI => {
    const place = given.baseURL === undefined ? { endpoint: provider.url } : {};
    const key = given.azureADTokenProvider === undefined ? { apiKey: 'local' } : {};
    return new library.AzureOpenAI({ ...key, ...place, apiVersion: '2024-10-21', maxRetries: 0, ...given });
  };
  return {
    ...client,
    provider,
    plain,
    governed: (given, wrapOptions) => wrapOpenAI(plain(given), cz, wrapOptions),
    plainAzure,
    governedAzure: (given, wrapOptions) => wrapOpenAI(plainAzure(given), cz, wrapOptions),
    modelsServed: () => provider.modelRequests.map(({ model }) => model),
    [Symbol.asyncDispose]: async () => {
      await cz.close();
      await provider.close();
    },
  };
}
