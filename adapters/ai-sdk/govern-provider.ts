import type { ControlZero } from '../../src/index.ts';
import type { AISDKOptions } from './ai-sdk-options.ts';
import { readOptions } from './ai-sdk-options.ts';
import { ModelGate } from './model-gate.ts';
import { isProvider } from './model-kinds.ts';
import type { ProviderLike } from './model-types.ts';

/** Options of one governed provider. */
export interface GovernProviderOptions extends AISDKOptions {
  /**
   * Ids to use instead of a denied language model, as the provider takes them: the factory that made the
   * denied model makes these, and the first that the policy allows serves the call. Ids that the factory
   * refuses are passed over.
   */
  readonly fallback?: readonly string[];
}

const OWNER = 'governProvider()';

function checkFallback(fallback: unknown): readonly string[] {
  if (!Array.isArray(fallback) || !fallback.every((id) => typeof id === 'string' && id !== ''))
    throw new TypeError(`${OWNER} takes a list of model ids as fallback.`);
  return [...(fallback as string[])];
}

/**
 * Puts every model under the policy that a provider hands out: a provider of the AI SDK, a registry, a
 * custom provider. Gives back a provider of the same type that is called in the same ways; the one that
 * was passed stays as it is.
 *
 * Whether something is governed is told by what a factory returns, not by the name of the factory:
 * language models, and in version 7 decision models, extraction models and batches, as `llm.generate`;
 * embedding models as `embedding.generate`. Images, speech, transcription, reranking, video, files,
 * skills and tools pass through unchanged.
 *
 * Make it the default provider and every id that is given as a string is governed as well.
 *
 * @throws {TypeError} when `provider` hands out no models, `cz` is no `ControlZero`, or an option is of the
 * wrong kind
 *
 * Denied calls fail as with `governModel` and `governEmbeddingModel`.
 *
 * @example
 * ```ts
 * import { openai } from '@ai-sdk/openai';
 * import { init } from '@controlzero/sdk';
 * import { governProvider } from '@controlzero/sdk/ai-sdk';
 * import { generateText } from 'ai';
 *
 * const cz = await init({ policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] } });
 * const governed = governProvider(openai, cz, { agentId: 'support', fallback: ['gpt-4'] });
 * globalThis.AI_SDK_DEFAULT_PROVIDER = governed;
 * const { response } = await generateText({ model: 'gpt-4-turbo', prompt: 'What is the capital of France?' });
 * console.log(response.modelId); // gpt-4
 * ```
 */
export function governProvider<Provider extends ProviderLike>(
  provider: Provider,
  cz: ControlZero,
  options: GovernProviderOptions = {},
): Provider {
  const { fallback = [], ...providerOptions } = options;
  const calls = readOptions({ owner: OWNER, cz, options: providerOptions });
  if (!isProvider(provider))
    throw new TypeError(`${OWNER} takes a provider, for example openai. A model is governed by governModel().`);
  return new ModelGate({ cz, options, calls }, checkFallback(fallback)).value(provider) as Provider;
}
