import type { ControlZero } from '../../src/index.ts';
import type { AISDKOptions } from './ai-sdk-options.ts';
import { readOptions } from './ai-sdk-options.ts';
import { isGoverned } from './mark.ts';
import { ModelGate } from './model-gate.ts';
import { isLanguageModel } from './model-kinds.ts';
import type { LanguageModelLike } from './model-types.ts';

/** Options of one governed language model. */
export interface GovernModelOptions<Model extends LanguageModelLike = LanguageModelLike> extends AISDKOptions {
  /**
   * Models to use instead of a denied one, of the same specification version: the first that the policy
   * allows serves the call, and the decision event says so. When none is allowed, the original denial is
   * thrown.
   */
  readonly fallback?: readonly (LanguageModelLike & Pick<Model, 'specificationVersion'>)[];
}

const OWNER = 'governModel()';

function checkFallback(model: LanguageModelLike, fallback: unknown): readonly LanguageModelLike[] {
  if (!Array.isArray(fallback)) throw new TypeError(`${OWNER} takes a list of models as fallback.`);
  for (const candidate of fallback as unknown[]) {
    if (!isLanguageModel(candidate))
      throw new TypeError(`${OWNER} takes models as fallback, for example openai('gpt-4'), and no ids.`);
    if (Reflect.get(candidate, 'specificationVersion') !== model.specificationVersion)
      throw new TypeError(`${OWNER} takes models of the same specification version as fallback.`);
  }
  return fallback as readonly LanguageModelLike[];
}

/**
 * Puts every call of a language model under the policy, as `llm.generate` on `model/<id>`. Gives back a
 * model of the same type for every function of the AI SDK (`generateText`, `streamText`,
 * `generateObject`, agents); the one that was passed stays as it is.
 *
 * Judged is the id that the model itself sends, at every attempt and every step, and with it every
 * model that `providerOptions` name (`gateway.models`, `<provider>.model`). Govern first, and put
 * `wrapLanguageModel` with other middleware around the result.
 *
 * The agent of a call is the first of: `agentId` here, `runAs()`, `providerOptions.controlzero.agentId`
 * of the call, the client's `agentId`. What is under `providerOptions.controlzero` never reaches the
 * provider.
 *
 * Fails closed: a model without an id is denied, and so is every call while no policy is active.
 *
 * @throws {TypeError} when `model` is an id or no language model, `cz` is no `ControlZero`, or an option is of
 * the wrong kind: a model is never handed back unguarded
 *
 * A denied call rejects with `PolicyDeniedError` (`ERR_CZ_POLICY_DENIED`), or with
 * `PolicyUnavailableError` (`ERR_CZ_POLICY_UNAVAILABLE`) when no policy is active. `streamText` does not
 * throw: it hands the error to `onError` and puts it into `fullStream`, so ask `assertModelAllowed()` before.
 *
 * @example
 * ```ts
 * import { openai } from '@ai-sdk/openai';
 * import { init } from '@controlzero/sdk';
 * import { governModel } from '@controlzero/sdk/ai-sdk';
 * import { generateText } from 'ai';
 *
 * const cz = await init({ policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] } });
 * const model = governModel(openai('gpt-4'), cz, { agentId: 'support' });
 * const { text } = await generateText({ model, prompt: 'What is the capital of France?' });
 * ```
 */
export function governModel<Model extends LanguageModelLike>(
  model: Model,
  cz: ControlZero,
  options: GovernModelOptions<Model> = {},
): Model {
  const { fallback = [], ...modelOptions } = options;
  const calls = readOptions({ owner: OWNER, cz, options: modelOptions });
  if (!isLanguageModel(model))
    throw new TypeError(
      `${OWNER} takes a language model, for example openai('gpt-4'). Ids are governed by a governed default provider, and embedding models by governEmbeddingModel().`,
    );
  const candidates = checkFallback(model, fallback);
  if (isGoverned(model, { cz, options })) return model;
  return new ModelGate({ cz, options, calls }).model(model, () => candidates) as Model;
}
