/** A method of a class that takes what it likes. */
export type Method = (...parameters: never[]) => unknown;

/** Methods to put between an object and its class, by name. */
export type Hooks = Readonly<Record<PropertyKey, unknown>>;

/** The method of an object by name, or undefined when it has none. */
export function methodOf(object: object, name: PropertyKey): Method | undefined {
  const method: unknown = Reflect.get(object, name);
  return typeof method === 'function' ? (method as Method) : undefined;
}

function hidden(hooks: Hooks): PropertyDescriptorMap {
  const map: PropertyDescriptorMap = {};
  for (const name of Reflect.ownKeys(hooks))
    map[name as string] = { value: hooks[name], writable: true, configurable: true };
  return map;
}

/** What stands between objects and their class: hooks, hidden as methods of a class are. */
export function layerOn(prototype: object | null, hooks: Hooks): object {
  return Object.create(prototype, hidden(hooks)) as object;
}

// Whether all that an object has itself are fields as they are assigned.
function hasPlainFields(source: object): boolean {
  const names = Object.keys(source);
  if (Object.getOwnPropertyNames(source).length !== names.length) return false;
  if (Object.getOwnPropertySymbols(source).length > 0) return false;
  return names.every((name) => {
    const field = Object.getOwnPropertyDescriptor(source, name);
    return field?.writable === true && field.configurable === true;
  });
}

/** A copy of an object that stands on a layer of its class, with some fields of its own replaced. */
export function copyOn<Source extends object>(layer: object, source: Source, fields: Hooks = {}): Source {
  // Many times faster than by descriptors, and the copies of a class share their shape.
  const copy = hasPlainFields(source)
    ? ({ __proto__: layer, ...source } as Source)
    : (Object.create(layer, Object.getOwnPropertyDescriptors(source)) as Source);
  for (const name of Reflect.ownKeys(fields)) Reflect.set(copy, name, fields[name]);
  return copy;
}

/**
 * A copy of an object with hooks between it and its class, and some fields of its own replaced.
 *
 * The copy has the keys of the original, is an instance of the same classes and shares nothing with it
 * but what its fields refer to. The hooks are no properties of the copy but where the source has the
 * method as a field, so that keys and serialization stay as they are. A class with `#private` fields cannot be copied: its methods throw when they look
 * for them, before anything is sent.
 *
 * @throws {TypeError} when a hook cannot be put in place
 */
export function derive<Source extends object>(source: Source, hooks: Hooks, fields: Hooks = {}): Source {
  const layer = layerOn(Object.getPrototypeOf(source) as object | null, hooks);
  const copy = copyOn(layer, source);
  for (const name of Reflect.ownKeys(hooks)) {
    // A method that a class made a field would hide the hook, which calls it anyway.
    if (Object.hasOwn(copy, name)) Reflect.defineProperty(copy, name, { value: hooks[name] });
    if (Reflect.get(copy, name) !== hooks[name])
      throw new TypeError(`${source.constructor.name} cannot be governed: its ${String(name)} cannot be replaced.`);
  }
  for (const name of Reflect.ownKeys(fields)) Reflect.set(copy, name, fields[name]);
  return copy;
}
