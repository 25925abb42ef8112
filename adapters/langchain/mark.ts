import type { ControlZero } from '../../src/index.ts';
import type { LangChainOptions } from './langchain-options.ts';

/** What a governed object was governed with. */
export interface Mark {
  readonly cz: ControlZero;
  readonly options: LangChainOptions;
}

/** Where a governed object keeps its mark. */
export const MARK: unique symbol = Symbol('controlzero.mark');

/** The mark of an object; undefined when it is not governed. */
export function markOf(object: object): Mark | undefined {
  return Reflect.get(object, MARK) as Mark | undefined;
}

/** Whether governing an object once more with these options would decide nothing that is not decided yet. */
export function isGoverned(object: object, { cz, options }: Mark): boolean {
  const mark = markOf(object);
  if (mark?.cz !== cz) return false;
  return Object.entries(options).every(
    ([name, value]) => value === undefined || Object.is(value, Reflect.get(mark.options, name)),
  );
}
