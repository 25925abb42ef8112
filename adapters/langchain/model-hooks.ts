import { sendJudged, sendJudgedStream } from '../../src/index.ts';
import type { Hooks } from './derive.ts';
import { methodOf } from './derive.ts';
import { exchangeModel } from './exchange-model.ts';
import type { CallOptions, ModelCalls, SeenAgain } from './model-calls.ts';
import { basePrototype } from './runnable-kinds.ts';
import type { Named } from './named-models.ts';
import { namedIds } from './named-models.ts';
import { seenAgain } from './seen-again.ts';
import type { Send } from './sending.ts';
import { SENDING_METHODS, sendGoverned, sendingMethods } from './sending.ts';

type Separated = [config: CallOptions, callOptions: CallOptions];
type Separate = (options: unknown) => Separated;
type Generate = (input: unknown, options?: CallOptions, runManager?: unknown) => Promise<unknown>;
type Stream = (input: unknown, options?: CallOptions, runManager?: unknown) => AsyncGenerator;
type Cached = (call: CachedCall) => Promise<unknown>;
type CacheKey = (options: CallOptions) => string;

interface CachedCall {
  readonly cache: unknown;
  readonly llmStringKey: string;
  readonly parsedOptions: CallOptions;
}

interface ModelMethods {
  readonly generate: Generate;
  readonly _generate: Generate;
  readonly _generateCached: Cached;
  readonly _getSerializedCacheKeyParametersForCall: CacheKey;
  readonly _separateRunnableConfigFromCallOptionsCompat: Separate;
  readonly _streamResponseChunks: Stream;
  readonly _streamChatModelEvents: Stream;
}

const STREAMS = ['_streamResponseChunks', '_streamChatModelEvents'] as const;

/** The methods of a model that `modelHooks` looks at. */
export const HOOKED_METHODS: readonly string[] = [
  'generate',
  '_generate',
  '_generateCached',
  '_getSerializedCacheKeyParametersForCall',
  '_separateRunnableConfigFromCallOptionsCompat',
  ...STREAMS,
  ...SENDING_METHODS,
];

// A call that may not see what was kept goes on as if nothing had been, and its denial ends the run that was started.
const EMPTY_CACHE = { lookup: async (): Promise<null> => null, update: async (): Promise<void> => undefined };

function exchanged(model: object, id: string): ModelMethods {
  return exchangeModel(model, id) as ModelMethods;
}

// All public methods come by here, with the metadata that is gone further inside.
function entrance(model: ModelMethods, calls: ModelCalls): Hooks {
  const name = '_separateRunnableConfigFromCallOptionsCompat';
  const separate = model[name];
  return {
    [name](this: object, options: unknown): Separated {
      const separated = separate.call(this, options);
      const config = separated[0];
      return [config, calls.carry(separated[1], calls.start(this, config))];
    },
  };
}

interface Seam<Call> {
  readonly original: Call;
  readonly calls: ModelCalls;
  /** Where a call that was let in is judged once more, by what is sent. */
  readonly seen: SeenAgain;
}

function generating({ original, calls, seen }: Seam<Generate>): Generate {
  return function generate(this: object, ...parameters) {
    const input = parameters[0];
    const runManager = parameters[2];
    const options = parameters[1] ?? {};
    const call = calls.find(this, options);
    const carried = seen === 'inside' ? calls.carryInside(options, call) : calls.carry(options, call);
    if (seen !== 'never' && call.isUnderway)
      return original.call(calls.handOn(this, carried, call), input, carried, runManager);
    return call.whenPassed(
      () => calls.look({ model: this, options: carried, isStream: false, seenAgain: seen }, call),
      ({ view, named }, fallback) =>
        fallback === undefined
          ? sendJudged(namedIds(named), () => original.call(view, input, carried, runManager))
          : exchanged(this, fallback)._generate(input, carried, runManager),
    );
  };
}

function streaming(name: (typeof STREAMS)[number], { original, calls, seen }: Seam<Stream>): Stream {
  return async function* stream(this: object, ...[input, options = {}, runManager]) {
    const call = calls.find(this, options);
    const carried = calls.carry(options, call);
    if (seen !== 'never' && call.isUnderway)
      return yield* original.call(calls.handOn(this, carried, call), input, carried, runManager);
    for (;;) {
      const { view, named } = calls.look({ model: this, options: carried, isStream: true, seenAgain: seen }, call);
      const passed = call.passNow(named);
      if (passed?.fallback !== undefined)
        return yield* exchanged(this, passed.fallback)[name](input, carried, runManager);
      if (passed)
        return yield* sendJudgedStream(namedIds(named), () => original.call(view, input, carried, runManager));
      await call.pass(named);
    }
  };
}

// Called by the model itself, on a view of it, or by somebody who calls the innermost method himself.
function sending(send: Send, calls: ModelCalls): Send {
  return function sendFinished(this: object, ...parameters) {
    const view = calls.viewed(this);
    const call = view?.call ?? calls.sent(parameters[1]) ?? calls.find(this, {});
    const named = (): Named => calls.named(this, {}, true);
    return sendGoverned({ model: this, send, view, call, named }, parameters);
  };
}

// What is kept was said by the model that serves the call, and is for those who may use that one.
function caching(model: ModelMethods, calls: ModelCalls): Hooks {
  const { _getSerializedCacheKeyParametersForCall: keyOf, _generateCached: cached } = model;
  const serverKey = (self: object, options: CallOptions, fallback: string | undefined): string =>
    keyOf.call(fallback === undefined ? self : exchangeModel(self, fallback), options);
  return {
    _getSerializedCacheKeyParametersForCall(this: object, options: CallOptions): string {
      const likely = calls.find(this, options).likelyFallback(calls.named(this, options, false));
      return serverKey(this, options, likely);
    },
    async _generateCached(this: object, call: CachedCall): Promise<unknown> {
      const { parsedOptions, llmStringKey } = call;
      const pass = calls.find(this, parsedOptions).pass(calls.named(this, parsedOptions, false));
      const passed = await pass.catch(() => undefined);
      const isKept = passed && serverKey(this, parsedOptions, passed.fallback) === llmStringKey;
      return cached.call(this, isKept ? call : { ...call, cache: EMPTY_CACHE });
    },
  };
}

// The key of a cached answer depends on who is going to serve the call, which nobody knows before a policy was looked for.
function awaitingPolicy({ generate }: ModelMethods, { gate }: ModelCalls): Hooks {
  if (gate.fallback.length === 0) return {};
  return {
    async generate(this: object, ...parameters: Parameters<Generate>): Promise<unknown> {
      await gate.ready();
      return generate.apply(this, parameters);
    },
  };
}

/**
 * Methods to put between a model and its class: the seam to the provider, in which every way of calling
 * a model ends. What a call names is read again right before it goes on, so nothing changes in between.
 */
export function modelHooks(model: object, calls: ModelCalls): Hooks {
  const methods = model as ModelMethods;
  const base = basePrototype(model) ?? model;
  // LangChain asks whether a class has a stream of its own by comparing its methods with those of the base.
  const streams = STREAMS.filter((name) => methodOf(model, name) !== methodOf(base, name));
  const seam = <Name extends '_generate' | (typeof STREAMS)[number]>(name: Name): Seam<ModelMethods[Name]> => ({
    original: methods[name],
    calls,
    seen: seenAgain(model, name),
  });
  return {
    ...entrance(methods, calls),
    ...caching(methods, calls),
    ...awaitingPolicy(methods, calls),
    _generate: generating(seam('_generate')),
    ...Object.fromEntries(streams.map((name) => [name, streaming(name, seam(name))])),
    ...Object.fromEntries(sendingMethods(model).map(([name, send]) => [name, sending(send, calls)])),
  };
}
