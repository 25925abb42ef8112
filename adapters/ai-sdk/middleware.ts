import type { ControlZero, ModelAction } from '../../src/index.ts';
import type { AISDKOptions } from './ai-sdk-options.ts';
import { readOptions } from './ai-sdk-options.ts';
import { isGoverned } from './mark.ts';
import type { PassedModelCall } from './model-calls.ts';
import type { Model } from './model-kinds.ts';
import { isEmbeddingModel } from './model-kinds.ts';

/** Options of the middleware. It cannot exchange a model, so there is no `fallback`. */
export type ControlZeroMiddlewareOptions = AISDKOptions;

/** What the middleware is told about a call that begins. `type` is there for language models only. */
export interface ParamsToTransform<Params> {
  readonly params: Params;
  readonly model: object;
  readonly type?: 'generate' | 'stream';
}

/** What the middleware is told about a call that is about to be sent. */
export interface CallToWrap {
  readonly params: object;
}

/** The middleware, as every wrapping function of AI SDK 6 and 7 takes it. */
export interface ControlZeroMiddleware {
  readonly specificationVersion: 'v3';
  /** Judges the call. */
  transformParams<Params>(call: ParamsToTransform<Params>): Promise<Params>;
  wrapGenerate<Answer>(call: CallToWrap & { readonly doGenerate: () => PromiseLike<Answer> }): Promise<Answer>;
  wrapStream<Answer>(call: CallToWrap & { readonly doStream: () => PromiseLike<Answer> }): Promise<Answer>;
  wrapEmbed<Answer>(call: CallToWrap & { readonly doEmbed: () => PromiseLike<Answer> }): Promise<Answer>;
}

// Only language models are told how they are called. Images have no values, and are not governed.
function actionOf({ model, params, type }: ParamsToTransform<unknown>): ModelAction | undefined {
  if (type !== undefined) return 'llm.generate';
  const isEmbedding = isEmbeddingModel(model) || 'values' in (params as object);
  return isEmbedding ? 'embedding.generate' : undefined;
}

/**
 * Middleware for `wrapLanguageModel`, `wrapEmbeddingModel`, `wrapProvider` and registries of AI SDK 6 and
 * 7: every call of a language model is governed as `llm.generate`, of an embedding model as
 * `embedding.generate`, on `model/<id>`.
 *
 * It judges the model that is next to it on the inside, so **put it last** in a list: a middleware
 * further inside could send another id. `wrapProvider` and registries take middleware for language and
 * image models only and leave embeddings ungoverned; use `governProvider` for them.
 *
 * The agent of a call is found as in `governModel`, and denied calls fail as there. A model that
 * `governModel` governed already with the same client and options is not judged twice.
 *
 * @throws {TypeError} when `cz` is no `ControlZero`, or an option is of the wrong kind
 *
 * @example
 * ```ts
 * import { openai } from '@ai-sdk/openai';
 * import { init } from '@controlzero/sdk';
 * import { controlZeroMiddleware } from '@controlzero/sdk/ai-sdk';
 * import { generateText, wrapLanguageModel } from 'ai';
 *
 * const cz = await init({ policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] } });
 * const model = wrapLanguageModel({ model: openai('gpt-4'), middleware: controlZeroMiddleware(cz) });
 * const { text } = await generateText({ model, prompt: 'What is the capital of France?' });
 * ```
 */
export function controlZeroMiddleware(
  cz: ControlZero,
  options: ControlZeroMiddlewareOptions = {},
): ControlZeroMiddleware {
  const calls = readOptions({ owner: 'controlZeroMiddleware()', cz, options });
  // What has passed, by the options that the framework then hands to the other hooks.
  const passedCalls = new WeakMap<object, PassedModelCall>();
  const send = async <Answer>(params: object, run: () => PromiseLike<Answer>): Promise<Answer> => {
    const passed = passedCalls.get(params);
    return passed ? calls.send(passed, run) : run();
  };
  return {
    specificationVersion: 'v3',
    transformParams: async <Params>(call: ParamsToTransform<Params>): Promise<Params> => {
      const action = actionOf(call);
      if (action === undefined || isGoverned(call.model, { cz, options })) return call.params;
      const passed = await calls.pass({ model: call.model as Model, action, params: call.params });
      passedCalls.set(passed.params, passed);
      return passed.params as Params;
    },
    wrapGenerate: async ({ params, doGenerate }) => send(params, doGenerate),
    wrapStream: async ({ params, doStream }) => send(params, doStream),
    wrapEmbed: async ({ params, doEmbed }) => send(params, doEmbed),
  };
}
