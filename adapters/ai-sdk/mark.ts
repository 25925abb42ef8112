import type { ControlZero } from '../../src/index.ts';
import type { ModelCall, ModelCalls, NamedModel } from './model-calls.ts';

/** What an object was governed with. */
export interface Mark {
  readonly cz: ControlZero;
  readonly options: object;
  readonly calls: ModelCalls;
}

/** A governed model, as a call of it would be judged. */
export type GovernedModel = Pick<ModelCall<NamedModel>, 'model' | 'action'> & {
  readonly calls: ModelCalls;
  readonly fallback: () => readonly NamedModel[];
};

const marks = new WeakMap<object, Mark>();
const models = new WeakMap<object, GovernedModel>();

/** Notes that an object is governed. What copies or imitates it is not. */
export function setMark(governed: object, mark: Mark): void {
  marks.set(governed, mark);
}

/** Whether governing an object once more would decide nothing that is not decided yet. */
export function isGoverned(object: object, { cz, options }: Pick<Mark, 'cz' | 'options'>): boolean {
  const mark = marks.get(object);
  if (mark?.cz !== cz) return false;
  return Object.entries(options).every(
    ([name, value]) => value === undefined || Object.is(value, Reflect.get(mark.options, name)),
  );
}

/** Notes how the calls of a governed model are judged. */
export function setGovernedModel(governed: object, model: GovernedModel): void {
  models.set(governed, model);
}

/** How the calls of a model are judged; undefined when it is not governed. */
export function governedModel(model: object): GovernedModel | undefined {
  return models.get(model);
}
