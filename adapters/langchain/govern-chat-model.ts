import type { ControlZero } from '../../src/index.ts';
import { runnableGovernor } from './govern-runnable.ts';
import type { LangChainOptions } from './langchain-options.ts';

/**
 * What a model looks like, of any supported version of LangChain. Structural on purpose: the classes of
 * two copies of `@langchain/core` are different types to the compiler.
 */
export interface LangChainModel {
  readonly lc_namespace: string[];
  invoke(input: never, options?: never): Promise<unknown>;
  getName(suffix?: string): string;
}

/** Options of one governed model. */
export type GovernChatModelOptions = LangChainOptions;

/**
 * Puts every call of a LangChain model under the policy, as `llm.generate` on `model/<id>`. Gives back a
 * model of the same type; the one that was passed stays as it is.
 *
 * Takes chat models, LLMs, what `initChatModel` gives, and bindings of them. Judged is the id that is
 * sent: the model of the request with `modelKwargs`, a request option `body`, a model in the query, the
 * deployment on Azure. A call whose options make something else of the request (`path`, `fetchOptions`
 * with a body, headers that are not those of JSON) is denied.
 * Governed are all ways of calling it (`invoke`, `batch`, `stream`, `streamEvents` of every version,
 * agents, chains), the models inside it, and everything it hands on (`bindTools`, `withConfig`,
 * `withStructuredOutput`, `withRetry`, `withFallbacks`). A call is judged once. What a cache has kept is
 * for those who may use the model. Denials are not retried by `withRetry`.
 *
 * The agent of a call is the first of: `agentId` here, `runAs()`, `metadata.agent_id` of the model's
 * constructor, `metadata.agent_id` of the call or of the chain around it, the client's `agentId`.
 *
 * Fails closed: a call whose model cannot be determined is denied, and so is every call while no policy
 * is active. What cannot be seen from here stays ungoverned: a model inside a `RunnableLambda` or inside an
 * object of your own, one that `load()` makes of a serialized model, a client that is taken out of the
 * model, and a class that talks to its provider elsewhere than in `_generate` and
 * `_streamResponseChunks`, where LangChain expects it. A chain that you put
 * around a governed model asks again when you call its own `withRetry()`: put the retry on the model.
 *
 * @throws {TypeError} when `model` cannot be governed, `cz` is no `ControlZero`, or an option is of the wrong
 * kind: a model is never handed back unguarded
 *
 * A denied call rejects with `PolicyDeniedError` (`ERR_CZ_POLICY_DENIED`), or with
 * `PolicyUnavailableError` (`ERR_CZ_POLICY_UNAVAILABLE`) when no policy is active. Where LangChain wraps
 * errors (agent middleware, parallel graph nodes) `findPolicyDenied()` finds it.
 *
 * @example
 * ```ts
 * import { init } from '@controlzero/sdk';
 * import { governChatModel } from '@controlzero/sdk/langchain';
 * import { ChatOpenAI } from '@langchain/openai';
 *
 * const cz = await init({ policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] } });
 * const model = governChatModel(new ChatOpenAI({ model: 'gpt-4', apiKey: 'sk-example' }), cz, { agentId: 'support' });
 * ```
 */
export function governChatModel<Model extends LangChainModel>(
  model: Model,
  cz: ControlZero,
  options: GovernChatModelOptions = {},
): Model {
  return runnableGovernor({ owner: 'governChatModel()', cz, options })(model);
}
