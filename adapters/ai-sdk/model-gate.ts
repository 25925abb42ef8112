import { sendJudged } from '../../src/index.ts';
import { passBatch } from './batch.ts';
import type { Mark } from './mark.ts';
import { isGoverned, setMark } from './mark.ts';
import { mirror } from './mirror.ts';
import type { Method, Model, RunMethod } from './model-kinds.ts';
import {
  START_BATCH,
  hasMethod,
  isLanguageModel,
  isModel,
  isObject,
  isProvider,
  isRealtimeModel,
  isRunName,
  isSpeechCall,
  mayBeSpeech,
  runMethods,
} from './model-kinds.ts';

/** Models that may serve a call instead, found when they are needed. */
export type FallbackModels = () => readonly Model[];

const NONE: FallbackModels = () => [];

interface GovernedRun {
  readonly model: Model;
  readonly fallback: FallbackModels;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

const DEEPEST = 4;

// Lists and plain objects in which a provider groups factories and models. What is only data is left as it is.
function isGroup(value: object, depth = 0): boolean {
  if (!Array.isArray(value) && !isPlain(value)) return false;
  if (depth === DEEPEST) return true;
  return Object.values(value).some(
    (part) =>
      isObject(part) && (typeof part === 'function' || isModel(part) || isProvider(part) || isGroup(part, depth + 1)),
  );
}

interface Shown {
  readonly value: unknown;
  readonly shown: unknown;
}

/** Governs models, and everything by which a provider hands them out. */
export class ModelGate {
  readonly #mark: Mark;
  readonly #fallback: readonly string[];

  constructor(mark: Mark, fallback: readonly string[] = []) {
    this.#mark = mark;
    this.#fallback = fallback;
  }

  /** A model that is judged before it runs. It has the properties of the original and not its class. */
  model(source: Model, fallback: FallbackModels = NONE): object {
    const methods = runMethods(source);
    const speaks = mayBeSpeech(source);
    const face: object = {};
    for (const method of methods) {
      const value = this.#governed({ model: source, fallback }, method);
      Object.defineProperty(face, method.name, { value, writable: true, enumerable: true, configurable: true });
    }
    mirror(source, {
      face,
      isHidden: (name) => isRunName(name) && !speaks,
      // Methods of its own that make it run have to come by what is governed here.
      read: this.#reader(source, face),
    });
    const [{ action } = { action: 'llm.generate' as const }] = methods;
    setMark(face, this.#mark, { model: source, action, calls: this.#mark.calls, fallback });
    return face;
  }

  /** Whatever comes out of a provider, governed when it is a model or hands out models. */
  value(value: unknown, fallback: FallbackModels = NONE): unknown {
    if (!isObject(value) || isGoverned(value, this.#mark)) return value;
    if (value instanceof Promise) return value.then((settled: unknown) => this.value(settled, fallback));
    if (isModel(value)) return this.model(value, isLanguageModel(value) ? fallback : NONE);
    if (hasMethod(value, START_BATCH.name)) return this.#batch(value);
    if (typeof value === 'function') return this.#factory(value as Method, undefined);
    return isProvider(value) ? this.#view(value, {}) : value;
  }

  #governed({ model, fallback }: GovernedRun, { action, run }: RunMethod): (params: unknown) => Promise<unknown> {
    const { calls } = this.#mark;
    const judged = (params: unknown): Promise<unknown> => calls.run({ model, action, params, fallback }, run);
    if (!mayBeSpeech(model)) return judged;
    return async (params) => (isSpeechCall(model, params) ? run(model, params) : judged(params));
  }

  #batch(source: object): object {
    const doStartBatch = async (options: unknown): Promise<unknown> => {
      const passed = await passBatch(this.#mark.calls, options);
      return sendJudged(undefined, () => START_BATCH.run(source, passed));
    };
    const read = this.#reader(source, source);
    const face = mirror(source, { face: {}, read: (name) => (name === START_BATCH.name ? doStartBatch : read(name)) });
    return this.#marked(face);
  }

  #view(source: object, face: object): object {
    return this.#marked(mirror(source, { face, read: this.#reader(source, source) }));
  }

  #factory(source: Method, self: object | undefined): object {
    const make = (parameters: readonly unknown[]): unknown => Reflect.apply(source, self, parameters);
    const face = (...parameters: readonly unknown[]): unknown =>
      this.value(make(parameters), this.#remaking(make, parameters));
    return this.#view(source, face);
  }

  // By a token that a factory of realtime models hands out, a browser opens a session.
  #tokens(factory: Method, getToken: Method): (options: unknown) => Promise<unknown> {
    return async (options) => {
      const given = { ...(options as object) };
      const model: unknown = Reflect.apply(factory, undefined, [Reflect.get(given, 'model'), given]);
      if (isRealtimeModel(model))
        await this.#mark.calls.passNamed('llm.generate', model.modelId, { claimed: undefined, others: [] });
      return Reflect.apply(getToken, factory, [given]) as unknown;
    };
  }

  // The models that the same factory makes of the ids that may be used instead.
  #remaking(make: (parameters: readonly unknown[]) => unknown, [, ...others]: readonly unknown[]): FallbackModels {
    let made: readonly Model[] | undefined;
    const remake = (id: string): unknown => {
      try {
        return make([id, ...others]);
      } catch {
        // This factory knows no such model.
        return undefined;
      }
    };
    return () => (made ??= this.#fallback.map(remake).filter(isLanguageModel));
  }

  // What was shown once is the same thing at each look.
  #reader(source: object, self: object): (name: PropertyKey) => unknown {
    let seen: Map<PropertyKey, Shown> | undefined;
    return (name) => {
      const value: unknown = Reflect.get(source, name);
      if (!isObject(value)) return value;
      const known = seen?.get(name);
      if (known?.value === value) return known.shown;
      const isToken = name === 'getToken' && typeof source === 'function' && typeof value === 'function';
      const shown = isToken ? this.#tokens(source as Method, value as Method) : this.#shownAs(value, self);
      seen ??= new Map();
      seen.set(name, { value, shown });
      return shown;
    };
  }

  #shownAs(value: object, self: object): unknown {
    // A model may be a plain object, as a group is, or a function, as a factory is.
    if (isModel(value) || hasMethod(value, START_BATCH.name)) return this.value(value);
    if (typeof value === 'function' && !isGoverned(value, this.#mark)) return this.#factory(value as Method, self);
    if (!isGroup(value)) return this.value(value);
    if (Array.isArray(value)) return value.map((part: unknown) => (isObject(part) ? this.#shownAs(part, value) : part));
    return this.#view(value, {});
  }

  #marked(face: object): object {
    setMark(face, this.#mark);
    return face;
  }
}
