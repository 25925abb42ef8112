import type { Method } from './derive.ts';
import { methodOf } from './derive.ts';

// Only the base classes of chat models and LLMs have a method of this name. By it they are known whichever
// copy of @langchain/core they come from, and whatever a bundler made of their names.
const BASE_METHOD = '_separateRunnableConfigFromCallOptionsCompat';

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Whether a value is a runnable of LangChain, whichever copy of it. */
export function isRunnable(value: unknown): value is object {
  return isObject(value) && Reflect.get(value, 'lc_runnable') === true;
}

/** The prototype of `BaseChatModel` or `BaseLLM` behind a model. */
export function basePrototype(model: object): object | undefined {
  let prototype = Object.getPrototypeOf(model) as object | null;
  let base: object | undefined;
  for (; prototype; prototype = Object.getPrototypeOf(prototype) as object | null)
    if (Object.hasOwn(prototype, BASE_METHOD)) base = prototype;
  return base;
}

/** A chat model or an LLM. */
export interface LanguageModel {
  readonly _generate: Method;
}

/** Whether a value is a chat model or an LLM. */
export function isLanguageModel(value: unknown): value is LanguageModel {
  return isRunnable(value) && methodOf(value, '_generate') !== undefined && basePrototype(value) !== undefined;
}

/** The method by which a model of `initChatModel` makes the model that it stands for. */
export function instanceMethod(model: object): '_getModelInstance' | '_model' | undefined {
  if (!Object.hasOwn(model, '_defaultConfig')) return undefined;
  return (['_getModelInstance', '_model'] as const).find((name) => methodOf(model, name) !== undefined);
}

/** A runnable that hands everything to another one: a binding, a retry, an `.map()`. */
export function isBinding(value: unknown): value is { readonly bound: object } {
  return isRunnable(value) && isRunnable(Reflect.get(value, 'bound'));
}

/** A runnable that tries others when the first one fails. */
export function isWithFallbacks(
  value: unknown,
): value is { readonly runnable: object; readonly fallbacks: readonly object[] } {
  return (
    isRunnable(value) && isRunnable(Reflect.get(value, 'runnable')) && Array.isArray(Reflect.get(value, 'fallbacks'))
  );
}

/** Whether all models behind a value can be seen: it is a model, a binding of one, or one with such fallbacks. */
export function isGovernable(value: unknown): value is object {
  if (isLanguageModel(value)) return true;
  if (isWithFallbacks(value)) return [value.runnable, ...value.fallbacks].every(isGovernable);
  return isBinding(value) && isGovernable(value.bound);
}
