import type { GovernedCall } from './governed-call.ts';
import { isEmbeddings } from './is-embeddings.ts';
import type { Pins } from './pins.ts';
import { pinsOf } from './pins.ts';

const VIEW = Symbol('view');

/** Whose call a view tells. */
export interface ViewedCall {
  /** The object that is called on the view. */
  readonly target: object;
  /** Of which gate the call is. */
  readonly key: symbol;
  readonly call: GovernedCall;
}

/** How a view holds on to what was judged. */
export interface Pinning {
  readonly pins: Pins;
  /** Whether embeddings that the object holds are a part of the same call: a cache of vectors asks them. Default: false. */
  readonly isCache?: boolean;
}

/** What stands behind a view. One is made for each call, so it is the handler of its proxy as well. */
export interface CallView extends ViewedCall, ProxyHandler<object> {
  readonly pinning: Pinning | undefined;
}

function read(this: CallView, target: object, name: PropertyKey): unknown {
  if (name === VIEW) return this;
  const { key, call, pinning } = this;
  if (pinning && name in pinning.pins) return pinning.pins[name];
  const value: unknown = Reflect.get(target, name);
  if (pinning)
    return pinning.isCache && isEmbeddings(value)
      ? viewFor({ target: value, key, call }, { ...pinning, pins: pinsOf(value) })
      : value;
  // It reads all fields of the model, which is many times faster on the model itself.
  return name === 'invocationParams' && typeof value === 'function' ? (value.bind(target) as unknown) : value;
}

/**
 * A view of an object for the length of one call: methods that are called on it belong to that call.
 * Everything else, and everything that is set on it, is the object's own. Where names are pinned, the
 * model that it names stays the one that was judged; without pins the finished request is judged.
 */
export function viewFor({ target, key, call }: ViewedCall, pinning?: Pinning): object {
  const view: CallView = { target, key, call, pinning, get: read };
  return new Proxy(target, view);
}

/** What an object is a view of; undefined when it is none. Gates around one another put views around views. */
export function viewOf(object: object): CallView | undefined {
  return Reflect.get(object, VIEW) as CallView | undefined;
}

/** What an object is a view of for one gate; undefined when it is none. */
export function viewOfGate(object: object, key: symbol): CallView | undefined {
  let view = viewOf(object);
  while (view && view.key !== key) view = viewOf(view.target);
  return view;
}
