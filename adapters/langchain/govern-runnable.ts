import type { ControlZero } from '../../src/index.ts';
import { exchangeModel } from './exchange-model.ts';
import type { LangChainOptions } from './langchain-options.ts';
import { readOptions } from './langchain-options.ts';
import type { ModelCalls } from './model-calls.ts';
import { isGoverned } from './mark.ts';
import { RunnableGate } from './runnable-gate.ts';
import { instanceMethod, isBinding, isGovernable, isLanguageModel, isWithFallbacks } from './runnable-kinds.ts';

function describe(value: unknown): string {
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : `a ${typeof value}`;
  return `an instance of ${value.constructor?.name ?? 'no class'}`;
}

function modelsIn(runnable: object): readonly object[] {
  if (isLanguageModel(runnable)) return instanceMethod(runnable) === undefined ? [runnable] : [];
  if (isWithFallbacks(runnable)) return [runnable.runnable, ...runnable.fallbacks].flatMap(modelsIn);
  return isBinding(runnable) ? modelsIn(runnable.bound) : [];
}

// Better said when an application starts than in the middle of a denied call.
function checkFallbacks(owner: string, runnable: object, calls: ModelCalls): void {
  for (const model of modelsIn(runnable)) {
    for (const id of calls.gate.fallback) {
      const named = calls.named(exchangeModel(model, id), {}, false);
      if ('fault' in named || named.model !== id || named.others !== undefined) {
        throw new TypeError(
          `${owner} cannot make ${describe(model)} ask for another model. Leave out fallback and use model.withFallbacks([other]).`,
        );
      }
    }
  }
}

/** How runnables are governed. */
export interface RunnableGovernance {
  /** The function that an application calls, for messages. */
  readonly owner: string;
  readonly cz: ControlZero;
  readonly options: LangChainOptions;
}

/** Governs a model or a binding of one. Throws a `TypeError` when it cannot be governed. */
export type GovernRunnable = <Model>(model: Model) => Model;

/**
 * What governs models and bindings of them.
 * @throws {TypeError} for options of the wrong kind
 */
export function runnableGovernor({ owner, cz, options }: RunnableGovernance): GovernRunnable {
  const calls = readOptions({ owner, cz, options, ownOptions: ['modelId', 'trustMetadata'] });
  const mark = { cz, options: { ...options } };
  const gate = new RunnableGate(calls, mark);
  return (model) => {
    const given: unknown = model;
    if (!isGovernable(given)) {
      throw new TypeError(
        `${owner} takes a chat model, an LLM, or a binding of one; it got ${describe(given)}. Govern the model first and build chains and agents with the result.`,
      );
    }
    if (isGoverned(given, mark)) return model;
    checkFallbacks(owner, given, calls);
    return gate.govern(model);
  };
}
