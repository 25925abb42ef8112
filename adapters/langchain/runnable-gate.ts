import { ControlZeroError, findPolicyDenied } from '../../src/index.ts';
import { ClassLayers } from './class-layers.ts';
import type { Hooks, Method } from './derive.ts';
import { derive, methodOf } from './derive.ts';
import { mapRunnables } from './map-runnables.ts';
import type { Mark } from './mark.ts';
import { MARK, markOf } from './mark.ts';
import type { ModelCalls } from './model-calls.ts';
import { HOOKED_METHODS, modelHooks } from './model-hooks.ts';
import { instanceMethod, isLanguageModel } from './runnable-kinds.ts';

// What they give back calls the model later.
const HANDING_OUT = [
  'withConfig',
  'bind',
  'bindTools',
  'withStructuredOutput',
  'withRetry',
  'withFallbacks',
  'withListeners',
  'map',
] as const;

type FailedAttempt = (error: unknown, input: unknown) => unknown;

// A denial does not get better by asking again.
function stopOnDenial(onFailedAttempt: unknown): FailedAttempt {
  return (error, input) => {
    if (error instanceof ControlZeroError || findPolicyDenied(error)) throw error;
    return typeof onFailedAttempt === 'function' ? (onFailedAttempt as FailedAttempt)(error, input) : undefined;
  };
}

/** Governs models, and everything by which a model is handed on. */
export class RunnableGate {
  readonly #mark: Mark;
  readonly #instances = new WeakMap<object, object>();
  readonly #underway = new Set<object>();
  readonly #models: ClassLayers;
  readonly #holders: ClassLayers;

  constructor(calls: ModelCalls, mark: Mark) {
    this.#mark = mark;
    const reach = (part: object): Hooks => this.#reach(part);
    this.#holders = new ClassLayers({ hooksFor: reach, watched: HANDING_OUT });
    this.#models = new ClassLayers({
      hooksFor: (model) => ({ ...reach(model), ...modelHooks(model, calls) }),
      watched: [...HANDING_OUT, ...HOOKED_METHODS],
    });
  }

  /** A copy in which every model that can be seen is governed. What holds none has nothing to be governed. */
  readonly govern: <Part>(part: Part) => Part = (part) => {
    if (typeof part !== 'object' || part === null || markOf(part) === this.#mark) return part;
    // What holds itself is met again on the way.
    if (this.#underway.has(part)) return part;
    this.#underway.add(part);
    try {
      return this.#governed(part) as typeof part;
    } finally {
      this.#underway.delete(part);
    }
  };

  #governed(part: object): object {
    if (isLanguageModel(part) && instanceMethod(part)) return this.#configurable(part);
    let isHolder = false;
    const inner = mapRunnables(part, (runnable) => {
      const governed = this.govern(runnable);
      isHolder ||= markOf(governed) === this.#mark;
      return governed;
    });
    if (isLanguageModel(part)) return this.#models.derive(part, inner);
    if (!isHolder) return part;
    const onFailedAttempt: unknown = Reflect.get(part, 'onFailedAttempt');
    return this.#holders.derive(part, {
      ...inner,
      ...(onFailedAttempt !== undefined && { onFailedAttempt: stopOnDenial(onFailedAttempt) }),
    });
  }

  // A model of initChatModel makes the one that is called for each configuration, and calls it by its public methods.
  #configurable(model: object): object {
    const name = instanceMethod(model);
    if (name === undefined) return model;
    const original = methodOf(model, name) as Method;
    const { govern } = this;
    const instances = this.#instances;
    async function instance(this: object, ...parameters: never[]): Promise<unknown> {
      const made = (await original.apply(this, parameters)) as object;
      const known = instances.get(made) ?? govern(made);
      instances.set(made, known);
      return known;
    }
    // Its own cache would answer before anybody is asked.
    return derive(model, { ...this.#reach(model), [name]: instance }, { cache: undefined });
  }

  #reach(part: object): Hooks {
    const { govern } = this;
    const hooks: Record<PropertyKey, unknown> = { [MARK]: this.#mark };
    for (const name of HANDING_OUT) {
      const original = methodOf(part, name);
      if (original === undefined) continue;
      hooks[name] = function handOut(this: object, ...parameters: never[]): unknown {
        return govern(original.apply(this, parameters));
      };
    }
    return hooks;
  }
}
