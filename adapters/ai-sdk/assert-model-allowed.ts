import type { ControlZero, ModelAction } from '../../src/index.ts';
import type { AISDKOptions } from './ai-sdk-options.ts';
import { readOptions } from './ai-sdk-options.ts';
import { governedModel } from './mark.ts';
import type { EmbeddingModelLike, LanguageModelLike } from './model-types.ts';
import { isEmbeddingModel, isModel, isObject } from './model-kinds.ts';

/** Options of a question. `agentId` and so on are those of the call that is going to be made. */
export type AssertModelAllowedOptions = Omit<AISDKOptions, 'trustMetadata'>;

const OWNER = 'assertModelAllowed()';

function actionOf(model: unknown): ModelAction {
  return isEmbeddingModel(model) ? 'embedding.generate' : 'llm.generate';
}

/**
 * Asks whether a model may be used, before a stream is started: `streamText` does not throw, and once it
 * has answered there is no other status than 200.
 *
 * Of a governed model it asks what the call will be asked, with its agent and fallbacks; a further client
 * is not needed. Anything else needs the client and is asked as `governModel` with these options would
 * ask. An id given as a string is asked as a language model.
 *
 * A call that may be made is recorded when it is made, a denial here.
 *
 * @throws {PolicyDeniedError} `ERR_CZ_POLICY_DENIED`
 * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE` when no policy is active
 * @throws {TypeError} when `model` is neither governed nor given with a client
 *
 * @example
 * ```ts
 * import { openai } from '@ai-sdk/openai';
 * import { init } from '@controlzero/sdk';
 * import { assertModelAllowed, governModel, policyDeniedResponse } from '@controlzero/sdk/ai-sdk';
 * import { streamText } from 'ai';
 *
 * const cz = await init({ policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] } });
 *
 * export async function POST(request: Request): Promise<Response> {
 *   const { prompt } = (await request.json()) as { prompt: string };
 *   const model = governModel(openai('gpt-4'), cz, { agentId: 'support' });
 *   try {
 *     await assertModelAllowed(model);
 *   } catch (error) {
 *     return policyDeniedResponse(error);
 *   }
 *   return streamText({ model, prompt }).toTextStreamResponse();
 * }
 * ```
 */
export async function assertModelAllowed(
  model: LanguageModelLike | EmbeddingModelLike | string,
  cz?: ControlZero,
  options: AssertModelAllowedOptions = {},
): Promise<void> {
  const governed = isObject(model) ? governedModel(model) : undefined;
  if (governed && cz === undefined) {
    const { calls, action, fallback } = governed;
    await calls.preflight({ model: governed.model, action, fallback });
    return;
  }
  if (cz === undefined)
    throw new TypeError(`${OWNER} takes a model that is governed, or a ControlZero as its second argument.`);
  const calls = readOptions({ owner: OWNER, cz, options });
  if (typeof model !== 'string' && !isModel(model))
    throw new TypeError(`${OWNER} takes a language model, an embedding model or an id.`);
  const named = typeof model === 'string' ? { modelId: model } : model;
  await calls.preflight({ model: named, action: actionOf(model) });
}
