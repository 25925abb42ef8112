import { MARK } from './mark.ts';
import type { SeenAgain } from './model-calls.ts';
import { isLanguageModel } from './runnable-kinds.ts';
import { sendingMethods } from './sending.ts';

// By these ChatOpenAI asks one of two models that it holds.
const CHOICE = '_useResponsesApi';
const INNER_MODELS = ['completions', 'responses'] as const;

function ownerOf(model: object, name: string): object | undefined {
  let owner: object | null = model;
  // What stands between an object and its class owns nothing.
  while (owner && (Object.hasOwn(owner, MARK) || !Object.hasOwn(owner, name)))
    owner = Object.getPrototypeOf(owner) as object | null;
  return owner ?? undefined;
}

/** Where what a method of a model sends is judged once more. Where a subclass replaced the method, nobody knows. */
export function seenAgain(model: object, name: string): SeenAgain {
  const owner = ownerOf(model, name);
  if (owner === undefined) return 'never';
  if (sendingMethods(model).some(([send]) => ownerOf(model, send) === owner)) return 'as request';
  return ownerOf(model, CHOICE) === owner && INNER_MODELS.every((inner) => isLanguageModel(Reflect.get(model, inner)))
    ? 'inside'
    : 'never';
}
