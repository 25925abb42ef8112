const HIDDEN: ReadonlySet<PropertyKey> = new Set<PropertyKey>([
  // By way of its class the workflow runtime makes a new model of one, with nothing around it.
  'constructor',
  '__proto__',
  Symbol.for('workflow-serialize'),
  Symbol.for('workflow-deserialize'),
]);
const ROOTS: ReadonlySet<unknown> = new Set([null, Object.prototype, Function.prototype]);

/** What stands on an object that mirrors another one. */
export interface MirrorOptions<Face extends object> {
  /** The object that everything is shown on. */
  readonly face: Face;
  readonly isHidden?: (name: PropertyKey) => boolean;
  /** Called at each look, so that what changes there changes here. */
  readonly read: (name: PropertyKey) => unknown;
}

/**
 * Shows the properties of an object, those of its class included, on another one. They become properties
 * of its own, so that copies by spread have them, and each is read from the original with the original as
 * `this`: getters and private fields of classes work.
 */
export function mirror<Face extends object>(source: object, options: MirrorOptions<Face>): Face {
  const { face, isHidden = () => false, read } = options;
  for (let at: unknown = source; !ROOTS.has(at); at = Object.getPrototypeOf(at)) {
    for (const name of Reflect.ownKeys(at as object)) {
      // What is nearer was found first. Functions have properties of their own.
      if (HIDDEN.has(name) || Object.hasOwn(face, name) || isHidden(name)) continue;
      Object.defineProperty(face, name, {
        get: () => read(name),
        set: (value: unknown) => {
          Reflect.set(source, name, value);
        },
        enumerable: true,
        configurable: true,
      });
    }
  }
  return face;
}
