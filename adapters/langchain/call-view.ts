import { methodOf } from './derive.ts';
import { fieldsOf } from './fields.ts';
import type { GovernedCall } from './governed-call.ts';
import { isEmbeddings } from './is-embeddings.ts';
import type { Named } from './named-models.ts';
import { namesModels, namesOnly } from './settle.ts';

// What names the model of an object; a view of it does not follow when they change.
const PINNED = ['model', 'modelName', 'modelKwargs', 'azureOpenAIApiDeploymentName'] as const;
const PARAMETERS = 'invocationParams';

/** What names the model of an object, as it was when a view of it was made. */
export type Pins = { readonly [name in (typeof PINNED)[number]]?: unknown };

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

/** What names the model of an object at this moment. */
export function pinsOf(model: object): Pins {
  const pins = Object.create(null) as Record<string, unknown>;
  for (const name of PINNED) if (name in model) pins[name] = Reflect.get(model, name);
  return pins;
}

/** Whether what is pinned names one model, by whatever it names it, and that is the one. */
export function isPinned({ model, modelName, modelKwargs, ...pins }: Pins, named: Named): boolean {
  if ('fault' in named || named.others !== undefined || namesModels(modelKwargs)) return false;
  const deployment = pins.azureOpenAIApiDeploymentName;
  const names = deployment === undefined ? [model, modelName] : [deployment];
  return names.every((name) => name === undefined || name === named.model);
}

// The parameters of a request are made of all fields of a model, and fields are read many times faster on
// the model itself. That is good as long as it still names what is pinned.
function parametersOf({ target, pins }: CallView, view: object): unknown {
  const parameters = methodOf(target, PARAMETERS);
  return (
    parameters &&
    function invocationParams(...options: never[]): unknown {
      const read = parameters.apply(target, options);
      return namesOnly(fieldsOf(read), pins.model) ? read : parameters.apply(view, options);
    }
  );
}

/**
 * A view of an object for the length of one call: methods that are called on it belong to that call, and
 * the model it names stays the one that was judged. Everything else, and everything that is set on it, is
 * the object's own.
 */
export function viewFor(parts: CallView): object {
  const { target: object, key, call, pins, isCache = false } = parts;
  return new Proxy(object, {
    get(target, name, view) {
      if (name === key) return call;
      if (name in pins) return pins[name as keyof Pins];
      if (name === PARAMETERS) return parametersOf(parts, view as object);
      const value: unknown = Reflect.get(target, name);
      if (!isCache || !isEmbeddings(value)) return value;
      return viewFor({ ...parts, target: value, pins: pinsOf(value) });
    },
  });
}
