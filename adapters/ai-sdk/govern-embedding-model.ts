import type { ControlZero } from '../../src/index.ts';
import type { AISDKOptions } from './ai-sdk-options.ts';
import { readOptions } from './ai-sdk-options.ts';
import { isGoverned } from './mark.ts';
import { ModelGate } from './model-gate.ts';
import { isEmbeddingModel } from './model-kinds.ts';
import type { EmbeddingModelLike } from './model-types.ts';

/** Options of one governed embedding model. Vectors of two models do not compare, so there is no `fallback`. */
export type GovernEmbeddingModelOptions = AISDKOptions;

/**
 * Puts every call of an embedding model under the policy, as `embedding.generate` on `model/<id>`. Gives
 * back a model of the same type for `embed` and `embedMany`; the one that was passed stays as it is.
 *
 * The agent of a call is found as in `governModel`. Of `embedMany` each part that is sent on its own is a
 * call of its own.
 *
 * @throws {TypeError} when `model` is an id or no embedding model, `cz` is no `ControlZero`, or an option is
 * of the wrong kind
 *
 * A denied call rejects with `PolicyDeniedError` (`ERR_CZ_POLICY_DENIED`), or with
 * `PolicyUnavailableError` (`ERR_CZ_POLICY_UNAVAILABLE`) when no policy is active.
 *
 * @example
 * ```ts
 * import { openai } from '@ai-sdk/openai';
 * import { init } from '@controlzero/sdk';
 * import { governEmbeddingModel } from '@controlzero/sdk/ai-sdk';
 * import { embed } from 'ai';
 *
 * const cz = await init({
 *   policy: { rules: [{ effect: 'allow', action: 'embedding.generate', resource: 'model/text-embedding-3-small' }] },
 * });
 * const model = governEmbeddingModel(openai.embedding('text-embedding-3-small'), cz);
 * const { embedding } = await embed({ model, value: 'A sunny day at the beach' });
 * ```
 */
export function governEmbeddingModel<Model extends EmbeddingModelLike>(
  model: Model,
  cz: ControlZero,
  options: GovernEmbeddingModelOptions = {},
): Model {
  const owner = 'governEmbeddingModel()';
  const calls = readOptions({ owner, cz, options });
  if (!isEmbeddingModel(model))
    throw new TypeError(`${owner} takes an embedding model, for example openai.embedding('text-embedding-3-small').`);
  if (isGoverned(model, { cz, options })) return model;
  return new ModelGate({ cz, options, calls }).model(model) as Model;
}
