import type { OpenAIProvider } from '@ai-sdk/openai';

import type { PolicyDocument } from '../../../src/index.ts';
import type {
  LocalProvider,
  LocalProviderOptions,
  TestControlZero,
  TestControlZeroOptions,
} from '../../../src/testing/index.ts';
import { createTestControlZero, startLocalProvider } from '../../../src/testing/index.ts';
import type { AISDK } from '../ai-sdk-majors.ts';
import { modelAllowlist } from '../specification-policies.ts';

/** Options of a stage: those of a client, and what differs from the allowlist. */
export interface AISDKStageOptions extends TestControlZeroOptions {
  readonly policy?: PolicyDocument;
  readonly provider?: LocalProviderOptions;
}

/** One policy, one provider, and one major version between them. */
export interface AISDKStage extends TestControlZero, AsyncDisposable {
  readonly server: LocalProvider;
  /** Ungoverned. */
  readonly openai: OpenAIProvider;
  /** The models that ran, in order. */
  modelsServed(): (string | undefined)[];
}

/** Sets a stage for one test. */
export async function openAISDKStage(sdk: AISDK, options: AISDKStageOptions = {}): Promise<AISDKStage> {
  const { policy = modelAllowlist, provider, ...clientOptions } = options;
  const server = await startLocalProvider(provider);
  const client = await createTestControlZero(policy, clientOptions);
  return {
    ...client,
    server,
    openai: sdk.createOpenAI({ baseURL: server.baseURL, apiKey: 'local' }),
    modelsServed: () => server.modelRequests.map(({ model }) => model),
    [Symbol.asyncDispose]: async () => {
      await client.cz.close();
      await server.close();
    },
  };
}

/** Unhandled rejections while something runs. */
export async function unhandledWhile(run: () => unknown): Promise<readonly unknown[]> {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  try {
    await run();
    await new Promise((resolve) => setTimeout(resolve, 20));
  } finally {
    process.off('unhandledRejection', note);
  }
  return unhandled;
}
