import { BaseCallbackHandler } from '@langchain/core/callbacks/base';

import type { ControlZero } from '../../src/index.ts';
import type { LangChainOptions } from './langchain-options.ts';
import { readOptions } from './langchain-options.ts';
import type { ModelCalls } from './model-calls.ts';

type ChatModelStart = NonNullable<BaseCallbackHandler['handleChatModelStart']>;
type LLMStart = NonNullable<BaseCallbackHandler['handleLLMStart']>;

/** Options of a callback handler. A handler can only stop a call, so there is no `fallback`. */
export type ControlZeroCallbackHandlerOptions = Omit<LangChainOptions, 'fallback'>;

/**
 * A callback handler that denies model calls when they start: the second line, for models that cannot
 * be wrapped because other code makes them. Wrap with `governChatModel` wherever you can.
 *
 * It does not see, and so cannot stop: `streamEvents` without a version and `streamV2`; embeddings; calls
 * that pass `callbacks: []` (such as that of `llmToolSelector`); callbacks that were set on a model after
 * it was made, or bound by `withConfig` while the call has others; callbacks on what `initChatModel`
 * gives; what the `configuration` of a model puts into its requests (`body`, `fetchOptions`, a deployment
 * in the URL); the inner methods of a model, when they are called themselves. A denied run is started and
 * never ended in traces, LangChain prints the error of the handler to the console, and `withRetry` asks
 * again. Before LangChain 1.1 `configurable.agent_id` counts like metadata, because LangChain copies it.
 *
 * A model that does not name itself when it starts is denied, unless `modelId` names it.
 *
 * Attach it where it is inherited: in the `callbacks` of an outermost call, or of a model's constructor.
 * With a governed model each call would be judged, and recorded, twice.
 *
 * The agent of a call is the first of: `agentId` here, `runAs()`, `metadata.agent_id` of the run, the
 * client's `agentId`.
 *
 * @throws {TypeError} when `cz` is no `ControlZero`, or an option is of the wrong kind
 *
 * @example
 * ```ts
 * import { init } from '@controlzero/sdk';
 * import { ControlZeroCallbackHandler } from '@controlzero/sdk/langchain';
 * import { ChatOpenAI } from '@langchain/openai';
 *
 * const cz = await init({ policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] } });
 * const handler = new ControlZeroCallbackHandler(cz, { agentId: 'support' });
 * const model = new ChatOpenAI({ model: 'gpt-4', apiKey: 'sk-example', callbacks: [handler] });
 * ```
 */
export class ControlZeroCallbackHandler extends BaseCallbackHandler {
  readonly name = 'controlzero';
  override readonly ignoreChain = true;
  override readonly ignoreAgent = true;
  override readonly ignoreRetriever = true;
  override readonly ignoreCustomEvent = true;
  // Both are needed: an error that is not raised only lands in the log, and a handler that is not awaited
  // throws when the request is long gone.
  override readonly raiseError = true;
  override readonly awaitHandlers = true;
  readonly #calls: ModelCalls;

  constructor(cz: ControlZero, options: ControlZeroCallbackHandlerOptions = {}) {
    super({ raiseError: true });
    if ('fallback' in options)
      throw new TypeError('ControlZeroCallbackHandler has no option "fallback": a handler can only stop a call.');
    this.#calls = readOptions({
      owner: 'new ControlZeroCallbackHandler()',
      cz,
      options,
      ownOptions: ['modelId', 'trustMetadata'],
    });
  }

  /** @throws {PolicyDeniedError} `ERR_CZ_POLICY_DENIED` */
  override async handleChatModelStart(...parameters: Parameters<ChatModelStart>): Promise<void> {
    await this.#enforce(parameters);
  }

  /** @throws {PolicyDeniedError} `ERR_CZ_POLICY_DENIED` */
  override async handleLLMStart(...parameters: Parameters<LLMStart>): Promise<void> {
    await this.#enforce(parameters);
  }

  async #enforce([serialized, , , , extraParams, , metadata]: Parameters<ChatModelStart | LLMStart>): Promise<void> {
    await this.#calls.start({}, { metadata }).pass(this.#calls.started(serialized, extraParams));
  }

  /** Gives itself back: it keeps nothing of a run. */
  override copy(): this {
    return this;
  }
}
