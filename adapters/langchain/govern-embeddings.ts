import type { ControlZero } from '../../src/index.ts';
import { sendJudged } from '../../src/index.ts';
import { viewFor, viewOfGate } from './call-view.ts';
import { ambientConfig, claimedAgent } from './claimed-agent.ts';
import type { Hooks } from './derive.ts';
import { derive, methodOf } from './derive.ts';
import { GovernedCall } from './governed-call.ts';
import type { LangChainOptions } from './langchain-options.ts';
import { readOptions } from './langchain-options.ts';
import { EMBEDDING_METHODS, isEmbeddings } from './is-embeddings.ts';
import { isGoverned, MARK } from './mark.ts';
import type { CallInView } from './model-calls.ts';
import type { Named } from './named-models.ts';
import { namedIds, readEmbeddings } from './named-models.ts';
import { isPinned, pinsOf } from './pins.ts';
import { seenAgain } from './seen-again.ts';
import type { Send } from './sending.ts';
import { sendGoverned, sendingMethods } from './sending.ts';

/** What embeddings look like, of any supported version of LangChain. */
export interface LangChainEmbeddings {
  embedQuery(text: string): Promise<number[]>;
  embedDocuments(texts: string[]): Promise<number[][]>;
}

/**
 * Options of governed embeddings. There is no `fallback`: the vectors of two models do not fit together.
 */
export type GovernEmbeddingsOptions = Omit<LangChainOptions, 'fallback'>;

type Embed = (input: unknown) => Promise<unknown>;

interface EmbeddingsSeam {
  /** Under this key views carry their call. */
  readonly key: symbol;
  readonly start: (embeddings: object) => GovernedCall;
  readonly read: (embeddings: object) => Named;
}

// One that keeps vectors for another is called what the other one is called.
function namedThrough(embeddings: object, modelId: string | undefined): Named {
  const named = readEmbeddings(embeddings, modelId);
  const [inner, ...others] = Object.values(embeddings).filter(isEmbeddings);
  return 'fault' in named && inner && others.length === 0 ? namedThrough(inner, modelId) : named;
}

function embedding(name: string, embeddings: object, { key, start, read }: EmbeddingsSeam): Embed {
  const original = methodOf(embeddings, name) as Embed;
  const isSeenAgain = seenAgain(embeddings, name) !== 'never';
  function look(self: object, call: GovernedCall): CallInView {
    const named = read(self);
    if (isSeenAgain) return { view: viewFor({ target: self, key, call }), named };
    const pins = pinsOf(self);
    const view = viewFor({ target: self, key, call }, { pins, isCache: true });
    return { view, named: isPinned(pins, named) ? named : read(view) };
  }
  return function embed(this: object, input) {
    // Classes that embed documents one by one call themselves, and caches another one: that is the same call.
    if (viewOfGate(this, key)) return original.call(this, input);
    const call = start(this);
    return call.whenPassed(
      () => look(this, call),
      ({ view, named }) => sendJudged(namedIds(named), () => original.call(view, input)),
    );
  };
}

function sending(send: Send, { key, start, read }: EmbeddingsSeam): Send {
  return function sendFinished(this: object, ...parameters) {
    const view = viewOfGate(this, key);
    const call = view?.call ?? start(this);
    return sendGoverned({ model: this, send, view, call, named: () => read(this) }, parameters);
  };
}

function embeddingsHooks(embeddings: object, seam: EmbeddingsSeam): Hooks {
  return Object.fromEntries<Embed | Send>([
    ...EMBEDDING_METHODS.map((name) => [name, embedding(name, embeddings, seam)] as const),
    ...sendingMethods(embeddings).map(([name, send]) => [name, sending(send, seam)] as const),
  ]);
}

function checkOptions(options: object): void {
  if ('fallback' in options)
    throw new TypeError('governEmbeddings() has no option "fallback": the vectors of two models do not fit together.');
}

/**
 * Puts embeddings of LangChain under the policy, as `embedding.generate` on `model/<id>`. Gives back an
 * object of the same type; the one that was passed stays as it is.
 *
 * Embeddings fire no callbacks and take no configuration, so this is the only gate there is for them. It
 * holds wherever they are used: vector stores, retrievers, indexing, example selectors. A call is judged
 * once, however many requests its documents need. Embeddings that keep vectors for another object
 * (`CacheBackedEmbeddings`) are judged by the id of that object, also for what they have kept.
 *
 * The agent of a call is the first of: `agentId` here, `runAs()`, `metadata.agent_id` of the chain, graph
 * node or lambda around the call, the client's `agentId`. What stands around a call LangChain only knows
 * where LangGraph or `langchain` is loaded; bind an agent to be sure of it.
 *
 * Fails closed: embeddings that do not name their model need `modelId`, and are denied without it.
 *
 * @throws {TypeError} when `embeddings` has no `embedQuery` and `embedDocuments`, `cz` is no `ControlZero`, or
 * an option is of the wrong kind
 *
 * A denied call rejects with `PolicyDeniedError` (`ERR_CZ_POLICY_DENIED`), or with
 * `PolicyUnavailableError` (`ERR_CZ_POLICY_UNAVAILABLE`) when no policy is active.
 *
 * @example
 * ```ts
 * import { init } from '@controlzero/sdk';
 * import { governEmbeddings } from '@controlzero/sdk/langchain';
 * import { OpenAIEmbeddings } from '@langchain/openai';
 *
 * const cz = await init({
 *   policy: { rules: [{ effect: 'allow', action: 'embedding.generate', resource: 'model/text-embedding-3-small' }] },
 * });
 * const embeddings = governEmbeddings(new OpenAIEmbeddings({ model: 'text-embedding-3-small', apiKey: 'sk-example' }), cz);
 * ```
 */
export function governEmbeddings<Embeddings extends LangChainEmbeddings>(
  embeddings: Embeddings,
  cz: ControlZero,
  options: GovernEmbeddingsOptions = {},
): Embeddings {
  if (!isEmbeddings(embeddings))
    throw new TypeError('governEmbeddings() takes an object with embedQuery() and embedDocuments().');
  checkOptions(options);
  const { gate } = readOptions({ owner: 'governEmbeddings()', cz, options, ownOptions: ['modelId', 'trustMetadata'] });
  const mark = { cz, options: { ...options } };
  const { modelId, trustMetadata = true } = options;
  const start = (callee: object): GovernedCall => {
    const metadata = claimedAgent({ callee, config: trustMetadata ? ambientConfig() : undefined });
    return new GovernedCall({ gate, action: 'embedding.generate', metadata });
  };
  const read = (callee: object): Named => namedThrough(callee, modelId);
  const seam = { key: Symbol('controlzero.call'), start, read };
  const govern = <Part extends object>(part: Part): Part => {
    if (isGoverned(part, mark)) return part;
    const inner = Object.entries(part).filter(([, value]) => isEmbeddings(value));
    return derive(
      part,
      { [MARK]: mark, ...embeddingsHooks(part, seam) },
      Object.fromEntries(inner.map(([name, value]) => [name, govern(value as object)])),
    );
  };
  return govern(embeddings);
}
