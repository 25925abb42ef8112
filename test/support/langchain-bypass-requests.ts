import { HumanMessage } from '@langchain/core/messages';

import { overTurns } from './bypass-attempts-stage.ts';
import { collect } from './collect.ts';
import type { LangChainAttempt, LangChainAttempts } from './langchain-bypass-stage.ts';
import { ALLOWED, DENIED, ask, chatBody, innerOf } from './langchain-bypass-stage.ts';
import { isOldest } from './langchain-stage.ts';

const DENIED_TEXT = JSON.stringify(chatBody(DENIED));
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

function kwargs(make: () => object): LangChainAttempt {
  return (stage) => ask(stage.chat({ modelKwargs: make() as never }));
}

function options(make: () => object): LangChainAttempt {
  return (stage) => ask(stage.chat(), { options: make() });
}

function streamed(make: () => object): LangChainAttempt {
  return async (stage) => collect(await stage.chat().stream('Hello', make() as never));
}

function configured(make: () => object): LangChainAttempt {
  return (stage) => ask(stage.configured(make()));
}

function direct(make: () => readonly [request: object, options?: object]): LangChainAttempt {
  return (stage) => {
    const model = innerOf(stage.chat());
    return (isOldest ? model : model.completions).completionWithRetry(...make());
  };
}

// Names the allowed model until the call is under way.
function changing(start: (names: Record<string, unknown>) => LangChainAttempt): LangChainAttempt {
  return async (stage) => {
    const names: Record<string, unknown> = chatBody(ALLOWED);
    const call = Promise.allSettled([start(names)(stage)]);
    await overTurns(60, (turn) => (names['model'] = turn % 2 === 0 ? DENIED : ALLOWED));
    await call;
  };
}

function flipping(): object {
  let reads = 0;
  return Object.defineProperty(chatBody(ALLOWED), 'model', {
    enumerable: true,
    get: () => ((reads += 1) > 1 ? DENIED : ALLOWED),
  });
}

const masked = (): object => ({ ...chatBody(ALLOWED), toJSON: () => chatBody(DENIED) });
const iterated = (): object => ({
  ...chatBody(ALLOWED),
  async *[Symbol.asyncIterator]() {
    yield new TextEncoder().encode(DENIED_TEXT);
  },
});

/** Models that name themselves in ways of their own. */
export const fieldAttempts: LangChainAttempts = {
  'a model assigned after wrapping': (stage) => {
    const model = stage.chat();
    Object.assign(model, { model: DENIED, modelName: DENIED });
    Object.assign(innerOf(model).completions ?? {}, { model: DENIED });
    return ask(model);
  },
  'a model assigned to the fields that copies are made of': (stage) => {
    const model = stage.chat({ modelKwargs: {} });
    Object.assign(Reflect.get(model, 'fields') ?? model, { model: DENIED });
    return ask(model.withConfig({}));
  },
  'modelKwargs assigned after wrapping': (stage) => {
    const model = stage.chat();
    for (const part of [model, innerOf(model).completions])
      Object.assign(part ?? {}, { modelKwargs: { model: DENIED } });
    return ask(model);
  },
  'modelKwargs.model': kwargs(() => ({ model: DENIED })),
  'modelKwargs.model that flips': kwargs(() => {
    const names = flipping();
    Reflect.deleteProperty(names, 'messages');
    return names;
  }),
  'modelKwargs.model that is a String object': kwargs(() => ({ model: Object(DENIED) as string })),
  'modelKwargs.model with a toJSON()': kwargs(() => ({ model: { startsWith: () => false, toJSON: () => DENIED } })),
  'modelKwargs.Model': kwargs(() => ({ Model: DENIED })),
  'modelKwargs.MODEL': kwargs(() => ({ MODEL: DENIED })),
  'modelKwargs.models': kwargs(() => ({ models: [ALLOWED, DENIED] })),
  'modelKwargs.models under a letter that folds to s': kwargs(() => ({ 'model\u017F': [DENIED] })),
  'modelKwargs.models as objects': kwargs(() => ({ models: [{ model: DENIED }] })),
  'modelKwargs.models as a text': kwargs(() => ({ models: DENIED })),
  'modelKwargs.models with a toJSON()': kwargs(() => ({ models: { toJSON: () => [DENIED] } })),
  'modelKwargs.models that grow': async (stage) => {
    const models = [ALLOWED];
    const call = Promise.allSettled([ask(stage.chat({ modelKwargs: { models } }))]);
    await overTurns(20, (turn) => (models[0] = turn > 0 ? DENIED : ALLOWED));
    await call;
  },
  'modelKwargs.fallbacks': kwargs(() => ({ fallbacks: [{ model: DENIED }] })),
  'modelKwargs.extra_body': kwargs(() => ({ extra_body: { model: DENIED } })),
  'modelKwargs with a toJSON()': kwargs(() => ({ toJSON: () => chatBody(DENIED) })),
  'a model assigned by a handler when the call starts': (stage) => {
    const model = stage.chat();
    const handleChatModelStart = (): void => {
      for (const part of [model, innerOf(model).completions]) Object.assign(part ?? {}, { model: DENIED });
    };
    return ask(model, { callbacks: [{ handleChatModelStart, awaitHandlers: true }] });
  },
  'options that a handler changes when the call starts': (stage) => {
    const handleChatModelStart = (...parameters: readonly unknown[]): void => {
      const { options: callOptions } = parameters[4] as { readonly options: object };
      Object.assign(callOptions, { options: { body: chatBody(DENIED) } });
    };
    return ask(stage.chat(), { callbacks: [{ handleChatModelStart, awaitHandlers: true }] });
  },
  'the model of a legacy LLM': (stage) => ask(stage.llm({ modelKwargs: { model: DENIED } })),
  'the model of a legacy LLM, streamed': async (stage) =>
    collect(await stage.llm({ modelKwargs: { model: DENIED } }).stream('Hello')),
  'the options of a legacy LLM': (stage) => ask(stage.llm(), { options: { body: { model: DENIED, prompt: 'Hello' } } }),
  'a name with a line break': (stage) => ask(stage.chat({ model: `${ALLOWED}\n` })),
  'a name with a space': (stage) => ask(stage.chat({ model: `${ALLOWED} ` })),
  'a name in capitals': (stage) => ask(stage.chat({ model: 'GPT-4' })),
  'a name with the prefix of a provider': (stage) => ask(stage.chat({ model: `openai/${ALLOWED}` })),
};

/** Options of a request that replace what the parameters say. */
export const optionAttempts: LangChainAttempts = {
  'options.body': options(() => ({ body: chatBody(DENIED) })),
  'options.body as text': options(() => ({ body: DENIED_TEXT, headers: { 'content-type': 'application/json' } })),
  'options.body as bytes': options(() => ({ body: new TextEncoder().encode(DENIED_TEXT) })),
  'options.body as a Blob': options(() => ({ body: new Blob([DENIED_TEXT]) })),
  'options.body that is iterated': options(() => ({ body: iterated() })),
  'options.body with a toJSON()': options(() => ({ body: masked() })),
  'options.body that flips': options(() => ({ body: flipping() })),
  'options.body that changes in flight': changing((body) => options(() => ({ body }))),
  'options.body as a form': options(() => ({ headers: FORM })),
  'options.body of a stream': streamed(() => ({ body: { ...chatBody(DENIED), stream: true } })),
  'options.body of an event stream': (stage) =>
    collect(
      stage.chat().streamEvents('Hello', { version: 'v2', body: { ...chatBody(DENIED), stream: true } } as never),
    ),
  'options.body bound by withConfig()': (stage) =>
    ask(stage.chat().withConfig({ options: { body: chatBody(DENIED) } })),
  'options.body bound by bindTools()': (stage) =>
    ask(stage.chat().bindTools([], { options: { body: chatBody(DENIED) } })),
  'options.body of the Responses API': (stage) =>
    ask(stage.chat({ useResponsesApi: true }), { options: { body: { model: DENIED, input: 'Hello' } } }),
  'options.path names another endpoint': options(() => ({ path: '/embeddings' })),
  'options.path of a stream': streamed(() => ({ path: '/embeddings' })),
  'options.path names a deployment': options(() => ({ path: `/deployments/${DENIED}/chat/completions` })),
  'options.query': options(() => ({ query: { model: DENIED } })),
  'options.query under another case': options(() => ({ query: { Model: DENIED } })),
  'options.query as a list': options(() => ({ query: { model: [DENIED] } })),
  'options.fetchOptions.body': options(() => ({ fetchOptions: { body: DENIED_TEXT } })),
  'options.fetchOptions.headers': options(() => ({ fetchOptions: { headers: FORM } })),
  'options.fetchOptions of a stream': streamed(() => ({ fetchOptions: { body: DENIED_TEXT } })),
  'options.headers of another encoding': options(() => ({ headers: { 'Content-Encoding': 'gzip' } })),
  'options.headers as a list': options(() => ({ headers: [['content-type', FORM['content-type']]] })),
  'options.headers as Headers': options(() => ({ headers: new Headers(FORM) })),
};

/** Options of the client that a model makes. */
export const configurationAttempts: LangChainAttempts = {
  'configuration.body': configured(() => ({ body: chatBody(DENIED) })),
  'configuration.query': configured(() => ({ query: { model: DENIED } })),
  'configuration.defaultQuery': configured(() => ({ defaultQuery: { model: DENIED } })),
  'configuration.fetchOptions.body': configured(() => ({ fetchOptions: { body: DENIED_TEXT } })),
  'configuration.fetchOptions.body beside fetchOptions of the call': (stage) =>
    ask(stage.configured({ fetchOptions: { body: DENIED_TEXT } }), { options: { fetchOptions: {} } }),
  'configuration.defaultHeaders': configured(() => ({ defaultHeaders: FORM })),
  'configuration.path': configured(() => ({ path: '/embeddings' })),
  'a base URL with a deployment': (stage) =>
    ask(stage.configured({ baseURL: `${stage.origin}/openai/deployments/${DENIED}` })),
  'a base URL with an engine': (stage) => ask(stage.configured({ baseURL: `${stage.origin}/v1/engines/${DENIED}` })),
  'a base URL with an encoded deployment': (stage) =>
    ask(stage.configured({ baseURL: `${stage.origin}/openai/%64eployments/${DENIED}` })),
  'a base URL with an encoded name': (stage) =>
    ask(stage.configured({ baseURL: `${stage.origin}/openai/deployments/gpt%2D4-turbo` })),
  'a base URL with two deployments': (stage) =>
    ask(stage.configured({ baseURL: `${stage.origin}/deployments/${ALLOWED}/deployments/${DENIED}` })),
  'a base URL with a parameter': (stage) =>
    ask(stage.configured({ baseURL: `${stage.origin}/deployments;v=1/${DENIED}` })),
  'a base URL that goes a path back': (stage) =>
    ask(stage.configured({ baseURL: `${stage.origin}/deployments/${ALLOWED}%2f..%2f${DENIED}` })),
  'a base URL of a client that was made before': (stage) => {
    const model = stage.bare({ configuration: { baseURL: `${stage.origin}/deployments/${DENIED}` } });
    for (const part of [model, innerOf(model).completions, innerOf(model).responses]) {
      if (!part) continue;
      (part as unknown as { _getClientOptions(options: object): unknown })._getClientOptions({});
      Object.assign(Reflect.get(part, 'clientConfig') as object, { baseURL: `${stage.origin}/v1` });
    }
    return ask(stage.wrap.model(model));
  },
};

/** Requests that are sent past the methods of an application. */
export const directAttempts: LangChainAttempts = {
  'a finished request': direct(() => [chatBody(DENIED)]),
  'a finished request without a model': direct(() => [chatBody(undefined), { body: chatBody(DENIED) }]),
  'a finished request with a toJSON()': direct(() => [masked()]),
  'a finished request that changes in flight': changing((names) => direct(() => [names])),
  'a finished request that is inherited': direct(() => [
    Object.assign(Object.create({ toJSON: () => chatBody(DENIED) }) as object, chatBody(ALLOWED)),
  ]),
  'a finished request with another body': direct(() => [chatBody(ALLOWED), { body: chatBody(DENIED) }]),
  'a finished request with another body in flight': changing((body) => direct(() => [chatBody(ALLOWED), { body }])),
  'a finished request with fetchOptions': direct(() => [chatBody(ALLOWED), { fetchOptions: { body: DENIED_TEXT } }]),
  'a finished request for the Responses API': (stage) => {
    const model = innerOf(stage.chat());
    const request = { model: DENIED, input: 'Hello' };
    return isOldest ? model.responseApiWithRetry(request) : model.responses.completionWithRetry(request);
  },
  'a finished request that is parsed': (stage) => {
    const model = innerOf(stage.chat());
    const request = { ...chatBody(DENIED), response_format: { type: 'json_schema', json_schema: { name: 'a' } } };
    return isOldest ? model.betaParsedCompletionWithRetry(request) : model.completions.completionWithRetry(request);
  },
  'the method of the class': async (stage) => {
    const model = stage.chat({ model: DENIED });
    const { _generate: generate } = Object.getPrototypeOf(stage.bare()) as ReturnType<typeof innerOf>;
    await generate.call(model, [new HumanMessage('Hello')], {});
  },
};
