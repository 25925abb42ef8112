import { runAs } from '../../../src/index.ts';
import { collect } from '../collect.ts';
import { whilePolluted } from '../while-polluted.ts';
import type { AttemptStage, Attempts, Model } from './attempt-stage.ts';
import {
  ALLOWED,
  ALLOWED_EMBEDDING,
  DENIED,
  DENIED_EMBEDDING,
  PREMIUM_ONLY,
  callOptions,
  embed,
  generate,
  oneTool,
  stream,
} from './attempt-stage.ts';
import { WireModel, plainWireModel } from './wire-model.ts';

const SCHEMA = { type: 'object', properties: { city: { type: 'string' } } } as const;

function denied(stage: AttemptStage): Model {
  return stage.guard.model(stage.raw.chat(DENIED));
}

function allowed(stage: AttemptStage): Model {
  return stage.guard.model(stage.raw.chat(ALLOWED));
}

function schemaOf({ sdk }: AttemptStage): ReturnType<typeof sdk.ai.jsonSchema<object>> {
  return sdk.ai.jsonSchema<object>(SCHEMA);
}

/** Every function that takes a model. */
export const functionAttempts: Attempts = {
  generateText: async (stage) => generate(stage, denied(stage)),
  streamText: async (stage) => stream(stage, denied(stage)),
  generateObject: async (stage) =>
    stage.sdk.ai.generateObject({ model: denied(stage), prompt: 'Hello', schema: schemaOf(stage), maxRetries: 0 }),
  streamObject: async (stage) => {
    const options = { model: denied(stage), prompt: 'Hello', schema: schemaOf(stage), onError: () => undefined };
    await collect(stage.sdk.ai.streamObject(options).fullStream);
  },
  'Output.object': async (stage) =>
    generate(stage, denied(stage), { output: stage.sdk.ai.Output.object({ schema: schemaOf(stage) }) }),
  'an agent': async (stage) =>
    new stage.sdk.ai.ToolLoopAgent({ model: denied(stage), maxRetries: 0 }).generate({ prompt: 'Hello' }),
  'an agent that streams': async (stage) => {
    const agent = new stage.sdk.ai.ToolLoopAgent({ model: denied(stage), maxRetries: 0 });
    // What is denied is written to the console, where nobody asks for it.
    await whilePolluted(
      { target: console, key: 'error', property: { value: () => undefined, writable: true } },
      async () => (await agent.stream({ prompt: 'Hello' })).consumeStream(),
    );
  },
  'the second step of an agent': async (stage) => {
    const prepareStep = ({ stepNumber }: { stepNumber: number }): object =>
      stepNumber === 1 ? { model: denied(stage) } : {};
    const agent = new stage.sdk.ai.ToolLoopAgent({
      model: allowed(stage),
      tools: oneTool(stage),
      prepareStep,
      maxRetries: 0,
    });
    return agent.generate({ prompt: 'Hello' });
  },
  'the call settings of an agent': async (stage) => {
    const prepareCall = (settings: object): never => ({ ...settings, model: denied(stage) }) as never;
    const agent = new stage.sdk.ai.ToolLoopAgent({ model: allowed(stage), prepareCall, maxRetries: 0 });
    return agent.generate({ prompt: 'Hello' });
  },
  embed: async (stage) => embed(stage, stage.guard.embeddingModel(stage.raw.embedding(DENIED_EMBEDDING))),
  'embedMany in parts': async (stage) => {
    const model = stage.guard.embeddingModel(stage.raw.embedding(DENIED_EMBEDDING));
    const values = Array.from({ length: 2100 }, (_, index) => `${index}`);
    return stage.sdk.ai.embedMany({ model, values, maxRetries: 0 });
  },
  'a model called directly': async (stage) => denied(stage).doGenerate(callOptions()),
  'a model streamed directly': async (stage) => denied(stage).doStream(callOptions()),
  'an embedding model called directly': async (stage) =>
    stage.guard.embeddingModel(stage.raw.embedding(DENIED_EMBEDDING)).doEmbed({ values: ['a'] }),
};

/** Wrapping functions and middleware of the framework around a governed model. */
export const middlewareAttempts: Attempts = {
  'wrapLanguageModel with another id': async (stage) =>
    generate(stage, stage.sdk.ai.wrapLanguageModel({ model: denied(stage), middleware: [], modelId: ALLOWED })),
  'a middleware with another id': async (stage) => {
    const middleware = { specificationVersion: 'v3', overrideModelId: () => ALLOWED } as const;
    return generate(stage, stage.sdk.ai.wrapLanguageModel({ model: denied(stage), middleware }));
  },
  'wrapEmbeddingModel with another id': async (stage) => {
    const model = stage.guard.embeddingModel(stage.raw.embedding(DENIED_EMBEDDING));
    const wrapped = stage.sdk.ai.wrapEmbeddingModel({ model, middleware: [], modelId: 'text-embedding-3-small' });
    return embed(stage, wrapped);
  },
  'a middleware that generates instead of streaming': async (stage) => {
    const middleware = stage.sdk.ai.simulateStreamingMiddleware();
    return stream(stage, stage.sdk.ai.wrapLanguageModel({ model: denied(stage), middleware }));
  },
  'a middleware that brings options along': async (stage) => {
    const settings = { providerOptions: { local: { model: DENIED } } };
    const middleware = stage.sdk.ai.defaultSettingsMiddleware({ settings });
    const model = stage.guard.model(stage.rawCompatible.chatModel(ALLOWED));
    return generate(stage, stage.sdk.ai.wrapLanguageModel({ model, middleware }));
  },
};

function wire(stage: AttemptStage, id: string): WireModel {
  return stage.guard.model(new WireModel(stage.baseURL, id));
}

function plain(stage: AttemptStage): Model {
  return stage.guard.model(plainWireModel(stage.baseURL, DENIED) as unknown as Model);
}

/** The governed object itself, and what can be got out of it. */
export const objectAttempts: Attempts = {
  'a copy of the model': async (stage) => generate(stage, { ...plain(stage) }),
  'an object that inherits from the model': async (stage) => generate(stage, Object.create(plain(stage))),
  'a Proxy of the model': async (stage) => generate(stage, new Proxy(denied(stage), {})),
  'a detached method': async (stage) => {
    const { doGenerate } = plain(stage);
    return doGenerate(callOptions());
  },
  'a method called for another object': async (stage) =>
    Reflect.apply(denied(stage).doGenerate, stage.raw.chat(DENIED), [callOptions()]),
  'the class of the model': async (stage) => {
    const model = allowed(stage) as unknown as { readonly config: object; readonly constructor: unknown };
    const Class = model.constructor as new (id: string, config: object) => Model;
    return generate(stage, new Class(DENIED, model.config));
  },
  'an id that is set on the governed model': async (stage) => {
    const model = wire(stage, ALLOWED);
    Object.assign(model, { modelId: DENIED });
    return generate(stage, model);
  },
  'an id that is set on the original': async (stage) => {
    const original = new WireModel(stage.baseURL, ALLOWED);
    const model = stage.guard.model(original);
    original.modelId = DENIED;
    return generate(stage, model);
  },
  'an id that changes while the call is judged': async (stage) => {
    const original = new WireModel(stage.baseURL, ALLOWED);
    const call = stage.guard.model(original).doGenerate({});
    original.modelId = DENIED;
    return call;
  },
  'an id of embeddings that changes while the call is judged': async (stage) => {
    const model = stage.guard.embeddingModel(stage.raw.embedding(ALLOWED_EMBEDDING));
    const call = model.doEmbed({ values: ['Hello'] });
    Object.assign(model, { modelId: DENIED_EMBEDDING });
    return call;
  },
  'an id that is another one at each look': async (stage) => {
    let looks = 0;
    const original = new WireModel(stage.baseURL, ALLOWED);
    Object.defineProperty(original, 'modelId', { get: () => ((looks += 1) % 2 === 1 ? ALLOWED : DENIED) });
    return stage.guard.model(original).doGenerate({});
  },
  'an id that is an object': async (stage) => {
    const original = new WireModel(stage.baseURL, ALLOWED);
    const id = { toString: () => ALLOWED, toJSON: () => DENIED };
    Object.defineProperty(original, 'modelId', { value: id });
    return stage.guard.model(original).doGenerate({});
  },
  'a method of its own that makes it run': async (stage) => wire(stage, DENIED).ask('Hello'),
  'a method of its own that gives another model': async (stage) => wire(stage, ALLOWED).withId(DENIED).doGenerate({}),
  'a way to run that the framework does not know': async (stage) => wire(stage, DENIED).doCompact({}),
  'a model without a list of URLs': async (stage) => {
    const { supportedUrls: _, ...model } = plainWireModel(stage.baseURL, DENIED);
    const provider = stage.guard.provider({ languageModel: (_id: string) => model });
    return provider.languageModel(DENIED).doGenerate(callOptions());
  },
};

function pinned(stage: AttemptStage, agentId?: string): Model {
  return stage.guard.model(stage.raw.chat(PREMIUM_ONLY), agentId === undefined ? {} : { agentId });
}

const PREMIUM = { providerOptions: { controlzero: { agentId: 'premium-1' } } };

/** Claims of calls about the agent. */
export const identityAttempts: Attempts = {
  'a claim against a pinned agent': async (stage) => generate(stage, pinned(stage, 'basic'), PREMIUM),
  'a claim against a pinned agent of a provider': async (stage) =>
    generate(stage, stage.guard.provider(stage.raw, { agentId: 'basic' }).chat(PREMIUM_ONLY), PREMIUM),
  'a claim against runAs()': async (stage) => runAs('basic', async () => generate(stage, pinned(stage), PREMIUM)),
  'runAs() against a pinned agent': async (stage) =>
    runAs('premium-1', async () => generate(stage, pinned(stage, 'basic'))),
  'a claim by the context': async (stage) =>
    generate(stage, pinned(stage), { providerOptions: { controlzero: { context: { agent_id: 'premium-1' } } } }),
  'a claim that is inherited': async (stage) =>
    generate(stage, pinned(stage), {
      providerOptions: { controlzero: Object.create({ agentId: 'premium-1' }) as object },
    }),
  'options that are inherited': async (stage) =>
    generate(stage, pinned(stage), { providerOptions: Object.create(PREMIUM.providerOptions) as object }),
  'an agent on a polluted prototype': async (stage) =>
    whilePolluted(
      { target: Object.prototype, key: 'agentId', property: { value: 'premium-1', writable: true } },
      async () => generate(stage, pinned(stage)),
    ),
  'a claim on a polluted prototype': async (stage) =>
    whilePolluted(
      { target: Object.prototype, key: 'agentId', property: { value: 'premium-1', writable: true } },
      async () => generate(stage, pinned(stage), { providerOptions: { controlzero: {} } }),
    ),
  'options on a polluted prototype': async (stage) =>
    whilePolluted(
      { target: Object.prototype, key: 'controlzero', property: { value: { agentId: 'premium-1' }, writable: true } },
      async () => generate(stage, pinned(stage), { providerOptions: {} }),
    ),
  'a claim that is no text': async (stage) =>
    generate(stage, pinned(stage), { providerOptions: { controlzero: { agentId: ['premium-1'] } } }),
  'a claim where none is trusted': async (stage) =>
    generate(stage, stage.guard.model(stage.raw.chat(PREMIUM_ONLY), { trustMetadata: false }), PREMIUM),
};
