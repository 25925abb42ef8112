import type { ControlZero } from '../../src/index.ts';
import type { ModelCall, ModelCalls, NamedModel } from './model-calls.ts';
import { isObject } from './model-kinds.ts';

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

// What a constructor returns is what a class that extends it puts its private fields on.
const Given = function given(object: object): object {
  return object;
} as unknown as new (object: object) => object;

/**
 * A private field of an object that is no instance of this class. Neither copies nor proxies have it. A
 * WeakMap says the same, and its share of garbage collection is more than all the rest of governing a model.
 */
class Marked extends Given {
  readonly #mark: Mark;
  readonly #model: GovernedModel | undefined;

  constructor(governed: object, mark: Mark, model?: GovernedModel) {
    super(governed);
    this.#mark = mark;
    this.#model = model;
  }

  // Version 6 takes an id for a model, and asks with it.
  static markOf(value: unknown): Mark | undefined {
    return isObject(value) && #mark in value ? value.#mark : undefined;
  }

  static modelOf(object: object): GovernedModel | undefined {
    return #model in object ? object.#model : undefined;
  }
}

/** Notes that an object is governed, and how its calls are judged when it is a model. Once for each object. */
export function setMark(governed: object, mark: Mark, model?: GovernedModel): void {
  // oxlint-disable-next-line no-new
  new Marked(governed, mark, model);
}

/** Whether governing an object once more would decide nothing that is not decided yet. */
export function isGoverned(value: unknown, { cz, options }: Pick<Mark, 'cz' | 'options'>): boolean {
  const mark = Marked.markOf(value);
  if (mark?.cz !== cz) return false;
  return Object.entries(options).every(
    ([name, option]) => option === undefined || Object.is(option, Reflect.get(mark.options, name)),
  );
}

/** How the calls of a model are judged; undefined when it is not governed. */
export function governedModel(model: object): GovernedModel | undefined {
  return Marked.modelOf(model);
}
