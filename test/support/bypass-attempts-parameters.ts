import type { Attempt, Attempts, Stage } from './bypass-attempts-stage.ts';
import { ALLOWED, ALLOWED_EMBEDDING, DENIED, chat, chatBody, overTurns } from './bypass-attempts-stage.ts';
import { whilePolluted } from './while-polluted.ts';

/** An object whose model is the allowed one at the first look only. */
function flippingModel(): object {
  let reads = 0;
  const get = (): string => ((reads += 1) > 1 ? DENIED : ALLOWED);
  return Object.defineProperty(chatBody(ALLOWED), 'model', { enumerable: true, get });
}

function withModel(model: unknown): Attempt {
  return (stage) => chat(stage.client(), chatBody(model));
}

function embed(stage: Stage, model: unknown): Promise<unknown> {
  return stage.client().embeddings.create({ model, input: 'Hello' } as never);
}

// The object is read and written in turns until the request is gone.
async function mutating(stage: Stage, act: (params: Record<string, unknown>, turn: number) => void): Promise<void> {
  const params = chatBody(ALLOWED);
  const call = Promise.allSettled([chat(stage.client(), params)]);
  await overTurns(60, (turn) => act(params, turn));
  await call;
}

/** Denied models that are asked for openly, or by names that resemble the allowed one. */
export const nameAttempts: Attempts = {
  'chat.completions.create() of a denied model': withModel(DENIED),
  'a denied model with stream: true': (stage) => chat(stage.client(), { ...chatBody(DENIED), stream: true }),
  'create().asResponse() of a denied model': (stage) =>
    stage
      .client()
      .chat.completions.create(chatBody(DENIED) as never)
      .asResponse(),
  'create().withResponse() of a denied model': (stage) =>
    stage
      .client()
      .chat.completions.create(chatBody(DENIED) as never)
      .withResponse(),
  'chat.completions.parse() of a denied model': (stage) =>
    stage.client().chat.completions.parse(chatBody(DENIED) as never),
  'chat.completions.stream() of a denied model': (stage) =>
    stage
      .client()
      .chat.completions.stream(chatBody(DENIED) as never)
      .done(),
  'chat.completions.runTools() of a denied model': (stage) =>
    stage
      .client()
      .chat.completions.runTools({ ...chatBody(DENIED), tools: [] } as never)
      .done(),
  'completions.create() of a denied model': (stage) =>
    stage.client().completions.create({ model: DENIED, prompt: 'Hello' }),
  'responses.create() of a denied model': (stage) => stage.client().responses.create({ model: DENIED, input: 'Hello' }),
  'responses.parse() of a denied model': (stage) => stage.client().responses.parse({ model: DENIED, input: 'Hello' }),
  'responses.stream() of a denied model': (stage) =>
    stage.client().responses.stream({ model: DENIED, input: 'Hello' }).done(),
  'responses.compact() of a denied model': (stage) =>
    stage.client().responses.compact({ model: DENIED, input: 'Hello' }),
  'responses.create() in the background': (stage) =>
    stage.client().responses.create({ model: DENIED, input: 'Hello', background: true }),
  'responses.create() without a model, which the server chooses': (stage) =>
    stage.client().responses.create({ input: 'Hello' }),
  'responses.create() with a stored prompt that names the model': (stage) =>
    stage.client().responses.create({ prompt: { id: 'pmpt_1' } }),
  'beta.responses.create(), whose path has a query': (stage) =>
    stage.client().beta.responses.create({ model: DENIED, input: 'Hello' } as never),
  'beta.responses.compact() of a denied model': (stage) =>
    stage.client().beta.responses.compact({ model: DENIED, input: 'Hello' }),
  'embeddings.create() of a denied model': (stage) => embed(stage, 'text-embedding-3-large'),
  'a model that may only embed generates': withModel(ALLOWED_EMBEDDING),
  'a model that may only generate embeds': (stage) => embed(stage, ALLOWED),
  'the allowed name in upper case': withModel('GPT-4'),
  'the allowed name and a space': withModel('gpt-4 '),
  'the allowed name and a line break': withModel('gpt-4\n'),
  'the allowed name and a NUL': withModel('gpt-4\u0000'),
  'the allowed name and a NUL before more': withModel('gpt-4\u0000-turbo'),
  'the allowed name with a zero-width space': withModel('gpt\u200B-4'),
  'the allowed name in full-width characters': withModel('ｇｐｔ-4'),
  'the allowed name with a non-breaking hyphen': withModel('gpt\u20114'),
  'the allowed name and a lone surrogate': withModel('gpt-4\uD800'),
  'the allowed name behind a provider': withModel('other/gpt-4'),
  'the allowed name with a path back': withModel('gpt-4/../gpt-4-turbo'),
  'a name as long as a book': withModel(`gpt-4${'-turbo'.repeat(200_000)}`),
  'an empty name': withModel(''),
  'a name that every object has': withModel('__proto__'),
};

/** Values of `model` that are not text, or turn into other text on the way. */
export const valueAttempts: Attempts = {
  'model is null': withModel(null),
  'model is a number': withModel(4),
  'model is an array of the allowed name': withModel([ALLOWED]),
  'model is an array of a denied name': withModel([DENIED]),
  'model is an array of both names': withModel([ALLOWED, DENIED]),
  'model is a boxed String of the denied name': withModel(new String(DENIED)),
  'model is a boxed String of the allowed name that turns into the denied one': withModel(
    Object.assign(new String(ALLOWED), { toString: () => DENIED }),
  ),
  'model is an object with a toString() of the allowed name': withModel({ id: DENIED, toString: () => ALLOWED }),
  'model is an object that converts to the allowed name': withModel({
    id: DENIED,
    [Symbol.toPrimitive]: () => ALLOWED,
  }),
  'model is an object with a toJSON() of the denied name': withModel({ toString: () => ALLOWED, toJSON: () => DENIED }),
  'model is raw JSON of the denied name': withModel(
    Object.freeze((JSON as unknown as { rawJSON(text: string): object }).rawJSON(JSON.stringify(DENIED))),
  ),
  'model is a Proxy of an array': withModel(
    new Proxy([ALLOWED], { get: (target, key) => (key === '0' ? DENIED : (Reflect.get(target, key) as unknown)) }),
  ),
};

/** Parameters that are not the same at every look. */
export const lookAttempts: Attempts = {
  'a getter of model that flips': (stage) => chat(stage.client(), flippingModel()),
  'a getter of messages that changes the model': (stage) => {
    const params: Record<string, unknown> = {};
    Object.defineProperty(params, 'messages', { enumerable: true, get: () => ((params['model'] = DENIED), []) });
    return chat(stage.client(), Object.assign(params, { model: ALLOWED }));
  },
  'a getter of stream that changes the model': (stage) => {
    const params = chatBody(ALLOWED);
    Object.defineProperty(params, 'stream', { enumerable: true, get: () => ((params['model'] = DENIED), false) });
    return chat(stage.client(), params);
  },
  'a toJSON() of the parameters': (stage) =>
    chat(stage.client(), { ...chatBody(ALLOWED), toJSON: () => chatBody(DENIED) }),
  'a toJSON() that the parameters inherit': (stage) =>
    chat(stage.client(), Object.assign(Object.create({ toJSON: () => chatBody(DENIED) }) as object, chatBody(ALLOWED))),
  'a Proxy that shows the serializer another model': (stage) => {
    const shown = new Set<string | symbol>();
    const get = (target: object, key: string | symbol): unknown =>
      key === 'model' && shown.has('toJSON') ? DENIED : (shown.add(key), Reflect.get(target, key) as unknown);
    return chat(stage.client(), new Proxy(chatBody(ALLOWED), { get }));
  },
  'a Proxy that hides its model from all but the serializer': (stage) => {
    const target = chatBody(DENIED);
    let isListed = false;
    const handler: ProxyHandler<typeof target> = {
      ownKeys: (own) => ((isListed = true), Reflect.ownKeys(own)),
      get: (own, key) => (key === 'model' && !isListed ? ALLOWED : (Reflect.get(own, key) as unknown)),
    };
    return chat(stage.client(), new Proxy(target, handler));
  },
  'a model that is inherited and so not sent': (stage) =>
    chat(stage.client(), Object.create(chatBody(ALLOWED), { messages: { value: [], enumerable: true } }) as object),
  'a model that is not enumerable and so not sent': (stage) =>
    chat(stage.client(), Object.defineProperty({ messages: [] }, 'model', { value: ALLOWED })),
  'model set right after the call': async (stage) => {
    const params = chatBody(ALLOWED);
    const call = chat(stage.client(), params);
    params['model'] = DENIED;
    await call;
  },
  'model set one tick after the call': (stage) =>
    mutating(stage, (params, turn) => (params['model'] = turn === 0 ? ALLOWED : DENIED)),
  'model set three ticks after the call': (stage) =>
    mutating(stage, (params, turn) => (params['model'] = turn < 3 ? ALLOWED : DENIED)),
  'model changed at every tick': (stage) =>
    mutating(stage, (params, turn) => (params['model'] = turn % 2 === 0 ? DENIED : ALLOWED)),
  'model deleted while the call is pending': (stage) =>
    mutating(stage, (params) => Reflect.deleteProperty(params, 'model')),
  'a hundred calls that share one object': async (stage) => {
    const client = stage.client();
    const params = chatBody(ALLOWED);
    const calls = Array.from({ length: 100 }, async (_, index) => {
      params['model'] = index % 2 === 0 ? ALLOWED : DENIED;
      return chat(client, params);
    });
    params['model'] = DENIED;
    await Promise.allSettled(calls);
  },
};

/** Objects that inherit from a prototype which somebody polluted. */
export const pollutionAttempts: Attempts = {
  'Object.prototype.model stands in for a missing one': (stage) =>
    whilePolluted({ target: Object.prototype, key: 'model', property: { value: ALLOWED } }, () =>
      chat(stage.client(), { messages: [] }),
    ),
  'Object.prototype.toJSON exchanges the model': (stage) => {
    const value = function toJSON(this: object): object {
      return 'messages' in this && 'model' in this ? { ...this, model: DENIED } : this;
    };
    return whilePolluted({ target: Object.prototype, key: 'toJSON', property: { value } }, () =>
      chat(stage.client(), chatBody(ALLOWED)),
    );
  },
  'Object.prototype.body stands in for a missing body': (stage) =>
    whilePolluted(
      { target: Object.prototype, key: 'body', property: { value: JSON.stringify(chatBody(DENIED)), writable: true } },
      () => post(stage),
    ),
  'Object.prototype.fetchOptions replaces the body': (stage) =>
    whilePolluted(
      {
        target: Object.prototype,
        key: 'fetchOptions',
        property: { value: { body: JSON.stringify(chatBody(DENIED)) }, writable: true },
      },
      () => chat(stage.client(), chatBody(ALLOWED)),
    ),
};

function post(stage: Stage): Promise<unknown> {
  return stage.client().post('/chat/completions', { headers: { 'content-type': 'application/json' } });
}
