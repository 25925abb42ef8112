import { setImmediate as nextTurn } from 'node:timers/promises';

import type { LanguageModelMiddleware } from 'ai';

import type { ControlZero, ModelAction } from '../../../src/index.ts';
import { modelRequest } from '../../../src/index.ts';
import type { AISDK } from '../ai-sdk-majors.ts';
import type { Guard, Model, Pinned } from './attempt-stage.ts';

type Fields = Record<PropertyKey, unknown>;
type Method = (...parameters: unknown[]) => unknown;

interface Check {
  readonly action?: ModelAction;
  readonly id: unknown;
  readonly params: unknown;
  readonly pinned: Pinned;
}

type Enforce = (check: Check) => Promise<void>;

interface Weakness {
  /** A claim of the call counts for more than what the application has pinned. */
  readonly believesClaims?: boolean;
  /** What cannot be judged goes ahead. */
  readonly failsOpen?: boolean;
}

// Looks at the id of the model alone.
function enforceWith(cz: ControlZero, { believesClaims = false, failsOpen = false }: Weakness = {}): Enforce {
  return async ({ action = 'llm.generate', id, params, pinned }) => {
    const { providerOptions } = (params ?? {}) as { providerOptions?: { controlzero?: { agentId?: string } } };
    const claimed = providerOptions?.controlzero?.agentId;
    const agent = believesClaims ? (claimed ?? pinned.agentId) : (pinned.agentId ?? claimed);
    const context = agent === undefined ? {} : { context: { agent_id: agent } };
    if (failsOpen && typeof id !== 'string') return;
    await cz.enforce(modelRequest({ action, model: id as string, ...context }));
    await nextTurn();
  };
}

const METHODS: ReadonlyMap<PropertyKey, ModelAction> = new Map([
  ['doGenerate', 'llm.generate'],
  ['doStream', 'llm.generate'],
  ['doEmbed', 'embedding.generate'],
]);

function checked(model: object, name: PropertyKey, { enforce, pinned }: { enforce: Enforce; pinned: Pinned }): Method {
  return async (...[params]) => {
    const action = METHODS.get(name) ?? 'llm.generate';
    await enforce({ action, id: Reflect.get(model, 'modelId'), params, pinned });
    return (Reflect.get(model, name) as Method).call(model, params);
  };
}

function proxied<Value extends object>(value: Value, options: { enforce: Enforce; pinned: Pinned }): Value {
  return new Proxy(value, {
    get: (target, name) => {
      const part: unknown = Reflect.get(target, name);
      if (METHODS.has(name) && typeof part === 'function') return checked(target, name, options);
      return typeof part === 'function' && name !== 'constructor' ? (part.bind(target) as unknown) : part;
    },
  });
}

const GENERATING = ['languageModel', 'chat', 'responses', 'completion', 'chatModel', 'completionModel'];
const EMBEDDING = ['embedding', 'embeddingModel', 'textEmbedding', 'textEmbeddingModel'];
const ALL = [...GENERATING, ...EMBEDDING];

// Wraps the factories that are known by name.
function byName(
  provider: object,
  names: readonly string[],
  wrap: (model: object, parameters: readonly unknown[]) => object,
): object {
  return new Proxy(provider, {
    get: (target, name) => {
      const part: unknown = Reflect.get(target, name);
      if (typeof part !== 'function' || !names.includes(String(name))) return part;
      return (...parameters: unknown[]) => wrap((part as Method).apply(target, parameters) as object, parameters);
    },
    apply: (target, _, parameters: unknown[]) =>
      wrap((target as unknown as Method)(...parameters) as object, parameters),
  });
}

function spread(model: object, options: { enforce: Enforce; pinned: Pinned }): object {
  const copy: Fields = { ...model };
  for (const name of ['specificationVersion', 'provider', 'modelId', 'supportedUrls'])
    copy[name] = Reflect.get(model, name);
  for (const name of METHODS.keys())
    if (typeof Reflect.get(model, name) === 'function') copy[name] = checked(model, name, options);
  return copy;
}

type Wrap = (value: object, options: { enforce: Enforce; pinned: Pinned }) => object;

function guardOf(enforce: Enforce, wrap: Wrap, names: readonly string[]): Guard {
  const one = (value: object, pinned: Pinned = {}): never => wrap(value, { enforce, pinned }) as never;
  return {
    model: one,
    embeddingModel: (model, pinned) => (names.includes('embedding') ? one(model, pinned) : model),
    provider: (provider, pinned = {}) => byName(provider, names, (model) => one(model, pinned)) as never,
  };
}

function middlewareOnly(sdk: AISDK, enforce: Enforce): Guard {
  const middlewareFor = (pinned: Pinned): LanguageModelMiddleware => ({
    transformParams: async ({ params, model }) => {
      await enforce({ id: model.modelId, params, pinned });
      return params;
    },
  });
  return {
    model: (model, pinned = {}) =>
      sdk.ai.wrapLanguageModel({ model: model as unknown as Model, middleware: middlewareFor(pinned) }) as never,
    embeddingModel: (model) => model,
    provider: (provider, pinned = {}) =>
      sdk.ai.wrapProvider({ provider: provider as never, languageModelMiddleware: middlewareFor(pinned) }) as never,
  };
}

// Takes what a factory is asked for to be what it gives.
function judgingArguments(enforce: Enforce): Guard {
  const guard = guardOf(enforce, proxied, ALL);
  const judge: Guard['provider'] = (provider, pinned = {}) =>
    byName(provider, ALL, (model, [id]) =>
      proxied(model, { pinned, enforce: async (check) => enforce({ ...check, id: String(id).split(':').at(-1) }) }),
    ) as never;
  return { ...guard, provider: judge };
}

/** Guards that look at the wrong place, and none at all. */
export function weakGuards(sdk: AISDK, cz: ControlZero): Readonly<Record<string, Guard>> {
  const enforce = enforceWith(cz);
  return {
    none: { model: (model) => model, embeddingModel: (model) => model, provider: (provider) => provider },
    'middleware only': middlewareOnly(sdk, enforce),
    'language models only': guardOf(enforce, proxied, GENERATING),
    'a Proxy': guardOf(enforce, proxied, ALL),
    'a copy by spread': guardOf(enforce, spread, ALL),
    'arguments of factories': judgingArguments(enforce),
    'fail open': guardOf(enforceWith(cz, { failsOpen: true }), spread, ALL),
    'claims before the pinned agent': guardOf(enforceWith(cz, { believesClaims: true }), spread, ALL),
  };
}
