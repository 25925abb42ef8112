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

// By this a proxy of a face and an heir of one lead to the face. A function passes through proxies as it is.
const FACE: unique symbol = Symbol('controlzero.face');
type Leading = Readonly<Record<typeof FACE, () => Mirrored>>;

// What a constructor returns is what a class that extends it puts its private fields on.
const Given = function given(object: object): object {
  return object;
} as unknown as new (object: object) => object;

/**
 * What a face shows, as private fields of it: all that is hidden of the original can be read by them. The
 * accessors are the same functions on every face, or the engine would give each face a shape of its own,
 * as slow to make as to read.
 */
class Mirrored extends Given {
  readonly #source: object;
  readonly #read: (name: PropertyKey) => unknown;

  constructor(source: object, { face, read }: MirrorOptions<object>) {
    super(face);
    this.#source = source;
    this.#read = read;
    Object.defineProperty(face, FACE, { value: () => face });
  }

  static of(receiver: object): Mirrored {
    return #read in receiver ? receiver : (receiver as Leading)[FACE]();
  }

  static accessor(name: PropertyKey): PropertyDescriptor {
    return {
      get(this: object) {
        return Mirrored.of(this).#read(name);
      },
      set(this: object, value: unknown) {
        Reflect.set(Mirrored.of(this).#source, name, value);
      },
      enumerable: true,
      configurable: true,
    };
  }
}

const MOST_REMEMBERED = 1000;
const accessors = new Map<PropertyKey, PropertyDescriptor>();

function accessorOf(name: PropertyKey): PropertyDescriptor {
  const known = accessors.get(name);
  if (known) return known;
  const made = Mirrored.accessor(name);
  if (accessors.size < MOST_REMEMBERED) accessors.set(name, made);
  return made;
}

/**
 * Shows the properties of an object, those of its class included, on another one. They become properties
 * of its own, so that copies by spread have them, and each is read from the original with the original as
 * `this`: getters and private fields of classes work.
 */
export function mirror<Face extends object>(source: object, options: MirrorOptions<Face>): Face {
  const { face, isHidden = () => false } = options;
  // oxlint-disable-next-line no-new
  new Mirrored(source, options);
  for (let at: unknown = source; !ROOTS.has(at); at = Object.getPrototypeOf(at)) {
    for (const name of Reflect.ownKeys(at as object)) {
      // What is nearer was found first. Functions have properties of their own.
      if (HIDDEN.has(name) || Object.hasOwn(face, name) || isHidden(name)) continue;
      Object.defineProperty(face, name, accessorOf(name));
    }
  }
  return face;
}
