import type { Fields } from './fields.ts';
import type { GovernedCall } from './governed-call.ts';
import { isEmbeddings } from './is-embeddings.ts';
import type { Named } from './named-models.ts';
import { namesModels } from './settle.ts';

const ABSENT = Symbol('absent');
const THIN = Symbol('thin');

/** What names the model of an object, as it was when a view of it was made: a view does not follow when it changes. */
export interface Pins {
  readonly model: unknown;
  readonly modelName: unknown;
  readonly modelKwargs: unknown;
  readonly azureOpenAIApiDeploymentName: unknown;
}

/** What names the model of an object at this moment. */
export function pinsOf(object: object): Pins {
  const { model, modelName, modelKwargs, azureOpenAIApiDeploymentName } = object as Fields;
  return {
    model: 'model' in object ? model : ABSENT,
    modelName: 'modelName' in object ? modelName : ABSENT,
    modelKwargs: 'modelKwargs' in object ? modelKwargs : ABSENT,
    azureOpenAIApiDeploymentName: 'azureOpenAIApiDeploymentName' in object ? azureOpenAIApiDeploymentName : ABSENT,
  };
}

function pinned(pins: Pins, name: PropertyKey): unknown {
  switch (name) {
    case 'model':
    case 'modelName':
    case 'modelKwargs':
    case 'azureOpenAIApiDeploymentName':
      return pins[name];
    default:
      return ABSENT;
  }
}

function isOrSaysNothing(pinnedName: unknown, model: string): boolean {
  return pinnedName === model || pinnedName === ABSENT || pinnedName === undefined;
}

/** Whether what is pinned names one model, by whatever it names it, and that is the one. */
export function isPinned(pins: Pins, named: Named): boolean {
  if ('fault' in named || named.others !== undefined || namesModels(pins.modelKwargs)) return false;
  const { model } = named;
  // On Azure the deployment is what runs.
  if (pins.azureOpenAIApiDeploymentName === model) return true;
  if (!isOrSaysNothing(pins.azureOpenAIApiDeploymentName, model)) return false;
  return isOrSaysNothing(pins.model, model) && isOrSaysNothing(pins.modelName, model);
}

/** What a view is made of. */
export interface CallView {
  /** The object that is called on the view. */
  readonly target: object;
  /** Where the call stands. */
  readonly key: symbol;
  readonly call: GovernedCall;
  readonly pins: Pins;
  /** Whether embeddings that the object holds are a part of the same call: a cache of vectors asks them. Default: false. */
  readonly isCache?: boolean;
}

/** The call that a view of an object belongs to; undefined when the object is no view for this gate. */
export function callOfView(model: object, key: symbol): GovernedCall | undefined {
  return Reflect.get(model, key) as GovernedCall | undefined;
}

/**
 * A view of an object that only tells whose call it is: for one that sends what it has put together by a
 * method of its own, where the request itself is judged.
 */
export function thinViewFor(model: object, key: symbol, call: GovernedCall): object {
  return new Proxy(model, {
    get(target, name) {
      if (name === key) return call;
      if (name === THIN) return true;
      const value: unknown = Reflect.get(target, name);
      // It reads all fields of the model, which is many times faster on the model itself.
      return name === 'invocationParams' && typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** Whether an object is a view that does not hold on to what was judged. */
export function isThinView(model: object): boolean {
  return Reflect.get(model, THIN) === true;
}

/**
 * A view of an object for the length of one call: methods that are called on it belong to that call, and
 * the model it names stays the one that was judged. Everything else, and everything that is set on it, is
 * the object's own.
 */
export function viewFor(parts: CallView): object {
  const { target: object, key, call, pins, isCache = false } = parts;
  return new Proxy(object, {
    get(target, name) {
      if (name === key) return call;
      const known = pinned(pins, name);
      if (known !== ABSENT) return known;
      const value: unknown = Reflect.get(target, name);
      if (!isCache || !isEmbeddings(value)) return value;
      return viewFor({ ...parts, target: value, pins: pinsOf(value) });
    },
  });
}
