import type { Hooks, Method } from './derive.ts';
import { copyOn, derive, layerOn, methodOf } from './derive.ts';

interface Layer {
  readonly layer: object;
  /** The methods of the class when the hooks were made, in the order of the watched names. */
  readonly methods: readonly (Method | undefined)[];
}

/** How the objects of a class are given hooks. */
export interface ClassLayersOptions {
  /** The hooks for an object, as they depend on its methods. */
  readonly hooksFor: (source: object) => Hooks;
  /** The methods that they depend on. */
  readonly watched: readonly string[];
}

/**
 * Derives objects with hooks between them and their class, which all objects of a class share. Hooks are
 * made anew when a method of the class is another one than before, and for an object that has a method of
 * its own.
 */
export class ClassLayers {
  readonly #options: ClassLayersOptions;
  readonly #layers = new WeakMap<object, Layer>();

  constructor(options: ClassLayersOptions) {
    this.#options = options;
  }

  /**
   * A copy of an object with hooks, and some fields of its own replaced.
   * @throws {TypeError} when a hook cannot be put in place
   */
  derive(source: object, fields: Hooks): object {
    const { hooksFor, watched } = this.#options;
    const prototype = Object.getPrototypeOf(source) as object | null;
    if (prototype === null || watched.some((name) => Object.hasOwn(source, name)))
      return derive(source, hooksFor(source), fields);
    return copyOn(this.#layerOn(prototype, source), source, fields);
  }

  #layerOn(prototype: object, source: object): object {
    const { hooksFor, watched } = this.#options;
    const known = this.#layers.get(prototype);
    const methods = watched.map((name) => methodOf(source, name));
    if (known && methods.every((method, index) => method === known.methods[index])) return known.layer;
    const layer = layerOn(prototype, hooksFor(source));
    this.#layers.set(prototype, { layer, methods });
    return layer;
  }
}
