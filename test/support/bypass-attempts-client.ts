import type { OpenAI } from 'openai';

import type { Attempts, Stage } from './bypass-attempts-stage.ts';
import { ALLOWED, DENIED, chat, chatBody, overTurns, post } from './bypass-attempts-stage.ts';

const DENIED_CALL = { method: 'post', path: '/chat/completions', body: chatBody(DENIED) };

interface Resource {
  readonly constructor: new (client: unknown) => { readonly completions: OpenAI['chat']['completions'] };
  readonly _client: OpenAI;
}

function resource(of: object): Resource {
  return of as Resource;
}

function prototypeOf(stage: Stage): Record<string, (this: unknown, ...parameters: unknown[]) => Promise<unknown>> {
  return stage.library.OpenAI.prototype as never;
}

function optionsLater(options: object): Promise<object> {
  return new Promise((resolve) => setImmediate(resolve, options));
}

/** Methods of the client below its resources. */
export const rawAttempts: Attempts = {
  'client.post()': (stage) => post(stage.client(), '/chat/completions', { body: chatBody(DENIED) }),
  'client.put()': (stage) => stage.client().put('/chat/completions', { body: chatBody(DENIED) }),
  'client.patch()': (stage) => stage.client().patch('/chat/completions', { body: chatBody(DENIED) }),
  'client.get() with a method': (stage) => stage.client().get('/models', DENIED_CALL as never),
  'client.delete() with a method': (stage) => stage.client().delete('/models/1', DENIED_CALL as never),
  'client.request()': (stage) => stage.client().request(DENIED_CALL as never),
  'client.request() of a promise': (stage) => stage.client().request(optionsLater(DENIED_CALL) as never),
  'client.request() of a thenable that answers twice': (stage) => {
    const then = (resolve: (options: object) => void): void => (
      resolve({ ...DENIED_CALL, body: chatBody(ALLOWED) }),
      resolve(DENIED_CALL)
    );
    return stage.client().request({ then } as never);
  },
  'client.post() with a promise of options': (stage) =>
    post(stage.client(), '/chat/completions', optionsLater({ body: chatBody(DENIED) })),
  'client.getAPIList() with a method': (stage) =>
    stage.client().getAPIList('/models', Reflect.get(stage.library, 'Page') as never, DENIED_CALL as never),
  'client.requestAPIList()': (stage) =>
    stage.client().requestAPIList(Reflect.get(stage.library, 'Page') as never, DENIED_CALL as never),
  'the next page of a list that became a call': async (stage) => {
    const page = await stage.client().models.list();
    Object.assign(page, { nextPageRequestOptions: () => DENIED_CALL });
    await page.getNextPage();
  },
  'client.methodRequest()': (stage) =>
    Reflect.apply(Reflect.get(stage.client(), 'methodRequest') as () => Promise<unknown>, stage.client(), [
      'post',
      '/responses',
      { body: { model: DENIED } },
    ]),
  'client.makeRequest()': async (stage) => {
    const client = stage.client();
    await (Reflect.get(client, 'makeRequest') as (...parameters: unknown[]) => Promise<unknown>).call(
      client,
      DENIED_CALL,
      0,
      undefined,
    );
  },
  'OpenAI.prototype.post.call()': (stage) =>
    prototypeOf(stage)['post']?.call(stage.client(), '/chat/completions', { body: chatBody(DENIED) }),
  'OpenAI.prototype.request.call()': (stage) => prototypeOf(stage)['request']?.call(stage.client(), DENIED_CALL),
  'OpenAI.prototype.makeRequest.call()': (stage) =>
    prototypeOf(stage)['makeRequest']?.call(stage.client(), DENIED_CALL, 0, undefined),
  'Reflect.apply() of the post of the prototype': (stage) =>
    Reflect.apply(stage.library.OpenAI.prototype.post, stage.client(), [
      '/chat/completions',
      { body: chatBody(DENIED) },
    ]),
};

/** Ways to a client without the wrapper. */
export const referenceAttempts: Attempts = {
  'the _client of a resource': (stage) =>
    post(resource(stage.client().chat)._client, '/chat/completions', { body: chatBody(DENIED) }),
  'the _client of a nested resource': (stage) =>
    chat(resource(stage.client().chat.completions)._client, chatBody(DENIED)),
  'the _client of a resource that passes': (stage) => chat(resource(stage.client().models)._client, chatBody(DENIED)),
  'the _client of a deep resource that passes': (stage) =>
    chat(resource(stage.client().beta.threads.runs.steps)._client, chatBody(DENIED)),
  'the _client of a client from withOptions()': (stage) =>
    chat(resource(stage.client().withOptions({}).files)._client, chatBody(DENIED)),
  'withOptions()': (stage) => chat(stage.client().withOptions({}), chatBody(DENIED)),
  'withOptions() with another timeout and more retries': (stage) =>
    chat(stage.client().withOptions({ timeout: 5000, maxRetries: 0 }), chatBody(DENIED)),
  'withOptions() four times over': (stage) =>
    chat(stage.client().withOptions({}).withOptions({}).withOptions({}).withOptions({}), chatBody(DENIED)),
  'withOptions() of the _client of a resource': (stage) =>
    chat(resource(stage.client().models)._client.withOptions({}), chatBody(DENIED)),
  'withOptions() taken from the client': (stage) => {
    const { withOptions } = stage.client();
    return chat(Reflect.apply(withOptions, stage.client(), [{}]) as OpenAI, chatBody(DENIED));
  },
  'withOptions() to another base URL': (stage) =>
    chat(stage.client().withOptions({ baseURL: `${stage.origin}/v2` }), chatBody(DENIED)),
  'withOptions() to another key': (stage) => chat(stage.client().withOptions({ apiKey: 'sk-other' }), chatBody(DENIED)),
  'a new chat resource on the client': (stage) => {
    const client = stage.client();
    return new (resource(client.chat).constructor)(client).completions.create(chatBody(DENIED) as never);
  },
  'a new chat resource on the _client of a resource': (stage) => {
    const { chat: given } = stage.client();
    return new (resource(given).constructor)(resource(given)._client).completions.create(chatBody(DENIED) as never);
  },
  'a new completions resource on the _client of a resource': (stage) => {
    const { completions } = stage.client().chat;
    const made = new (resource(completions).constructor)(
      resource(completions)._client,
    ) as unknown as OpenAI['chat']['completions'];
    return made.create(chatBody(DENIED) as never);
  },
  'the create() of the prototype on a made-up resource': (stage) => {
    const create = stage.library.OpenAI.Chat.Completions.prototype.create as unknown as (
      this: unknown,
      params: object,
    ) => Promise<unknown>;
    return create.call({ _client: stage.client() }, chatBody(DENIED));
  },
  'create() bound to another resource of the client': (stage) => {
    const client = stage.client();
    const create = client.chat.completions.create as unknown as (this: unknown, params: object) => Promise<unknown>;
    return create.call(client.models, chatBody(DENIED));
  },
  'a resource of one wrapped client on another': (stage) => {
    const [one, other] = [stage.client(), stage.client()];
    Object.assign(one.chat, { completions: other.chat.completions });
    return chat(one, chatBody(DENIED));
  },
};

/** Objects made from the client, and changes to it. */
export const objectAttempts: Attempts = {
  'Object.create(client) and a resource': (stage) => chat(Object.create(stage.client()) as OpenAI, chatBody(DENIED)),
  'Object.create(client).post()': (stage) =>
    post(Object.create(stage.client()) as OpenAI, '/chat/completions', { body: chatBody(DENIED) }),
  'Object.create(client).withOptions()': (stage) =>
    chat((Object.create(stage.client()) as OpenAI).withOptions({}), chatBody(DENIED)),
  'a spread copy of the client': (stage) => chat({ ...stage.client() } as OpenAI, chatBody(DENIED)),
  'an assigned copy with the prototype of the client': (stage) => {
    const copy = Object.assign(Object.create(stage.library.OpenAI.prototype as object) as OpenAI, stage.client());
    return chat(copy, chatBody(DENIED));
  },
  'a copy of all own properties but the hooks': (stage) => {
    const {
      prepareRequest: _hook,
      withOptions: _clone,
      ...rest
    } = Object.getOwnPropertyDescriptors(stage.client()) as Record<string, PropertyDescriptor>;
    return chat(Object.create(stage.library.OpenAI.prototype as object, rest) as OpenAI, chatBody(DENIED));
  },
  'a Proxy around the client': (stage) => chat(new Proxy(stage.client(), {}), chatBody(DENIED)),
  'a Proxy that hides the hooks': (stage) => {
    const hidden = new Set<string | symbol>(['prepareRequest', 'withOptions', 'buildRequest']);
    const get = (target: OpenAI, key: string | symbol): unknown =>
      hidden.has(key)
        ? (Reflect.get(stage.library.OpenAI.prototype, key) as unknown)
        : (Reflect.get(target, key) as unknown);
    return chat(new Proxy(stage.client(), { get }), chatBody(DENIED));
  },
  'the hook is deleted': (stage) => {
    const client = stage.client();
    Reflect.deleteProperty(client, 'prepareRequest');
    return chat(client, chatBody(DENIED));
  },
  'every own function of the client is deleted': (stage) => {
    const client = stage.client();
    for (const key of Object.getOwnPropertyNames(client))
      if (key !== 'fetch' && typeof Reflect.get(client, key) === 'function') Reflect.deleteProperty(client, key);
    return chat(client, chatBody(DENIED));
  },
  'withOptions of the clone is deleted before it is called': (stage) => {
    const client = stage.client();
    Reflect.deleteProperty(client, 'withOptions');
    return chat(client.withOptions({}), chatBody(DENIED));
  },
  'another hook is assigned': (stage) => {
    const client = stage.client();
    Reflect.set(client, 'prepareRequest', () => Promise.resolve());
    return chat(client, chatBody(DENIED));
  },
  'the properties of the client are changed': (stage) => {
    const client = stage.client();
    Object.assign(client, { baseURL: `${stage.origin}/v1/`, maxRetries: 0, timeout: 9000 });
    return chat(client, chatBody(DENIED));
  },
  'the base URL of the client is the path of a call': (stage) => {
    const client = stage.client();
    client.baseURL = `${stage.origin}/v1/chat/completions?via=`;
    return post(client, '/models', { body: chatBody(DENIED) });
  },
  'prepareOptions of the client exchanges the body': (stage) => {
    const client = stage.client();
    Object.assign(client, {
      prepareOptions: (options: Record<string, unknown>) => Promise.resolve((options['body'] = chatBody(DENIED))),
    });
    return chat(client, chatBody(ALLOWED));
  },
  'buildBody of the client exchanges the body': (stage) => {
    const client = stage.client();
    Object.assign(client, {
      buildBody: () => ({
        body: JSON.stringify(chatBody(DENIED)),
        bodyHeaders: { 'content-type': 'application/json' },
        isStreamingBody: false,
      }),
    });
    return chat(client, chatBody(ALLOWED));
  },
  'buildURL of the client gives an object that reads differently': (stage) => {
    const client = stage.client();
    let reads = 0;
    const toString = (): string => `${stage.origin}/v1/${(reads += 1) > 1 ? 'chat/completions' : 'moderations'}`;
    Object.assign(client, { buildURL: () => ({ toString }) });
    return chat(client, chatBody(DENIED));
  },
  'stringifyQuery of the client names a model': (stage) => {
    const client = stage.client();
    Object.assign(client, { stringifyQuery: () => `model=${DENIED}` });
    return chat(client, chatBody(ALLOWED), { query: { any: 'thing' } });
  },
};

/** Subclasses whose own hook works against the check. */
export const subclassAttempts: Attempts = {
  'the hook of a subclass exchanges the body': (stage) => {
    class Exchanging extends stage.library.OpenAI {
      protected override async prepareRequest(request: RequestInit): Promise<void> {
        request.body = JSON.stringify(chatBody(DENIED));
      }
    }
    return chat(stage.wrap(new Exchanging(stage.options())), chatBody(ALLOWED));
  },
  'the hook of a subclass keeps the request and changes its body later': (stage) =>
    withKeptRequest(stage, (request, turn) => (request.body = JSON.stringify(chatBody(turn > 0 ? DENIED : ALLOWED)))),
  'the hook of a subclass keeps the request and changes its body at every tick': (stage) =>
    withKeptRequest(
      stage,
      (request, turn) => (request.body = JSON.stringify(chatBody(turn % 2 === 1 ? DENIED : ALLOWED))),
    ),
  'the hook of a subclass keeps the request and changes it when the check is over': (stage) =>
    withKeptRequest(stage, (request, turn) => turn > 8 && (request.body = JSON.stringify(chatBody(DENIED)))),
  'the hook of a subclass makes the body a getter': (stage) => {
    class Flipping extends stage.library.OpenAI {
      protected override async prepareRequest(request: RequestInit): Promise<void> {
        let reads = 0;
        const get = (): string => JSON.stringify(chatBody((reads += 1) > 3 ? DENIED : ALLOWED));
        Object.defineProperty(request, 'body', { get, set: () => undefined, enumerable: true, configurable: true });
      }
    }
    return chat(stage.wrap(new Flipping(stage.options())), chatBody(ALLOWED));
  },
  'the hook of a subclass makes the method a getter': (stage) => {
    class Flipping extends stage.library.OpenAI {
      protected override async prepareRequest(request: RequestInit): Promise<void> {
        let reads = 0;
        Object.defineProperty(request, 'method', {
          get: () => ((reads += 1) > 2 ? 'POST' : 'GET'),
          set: () => undefined,
          enumerable: true,
          configurable: true,
        });
      }
    }
    return chat(stage.wrap(new Flipping(stage.options())), chatBody(DENIED));
  },
};

async function withKeptRequest(stage: Stage, act: (request: RequestInit, turn: number) => unknown): Promise<void> {
  let kept: RequestInit | undefined;
  class Keeping extends stage.library.OpenAI {
    protected override async prepareRequest(request: RequestInit): Promise<void> {
      kept = request;
    }
  }
  const call = Promise.allSettled([chat(stage.wrap(new Keeping(stage.options())), chatBody(ALLOWED))]);
  await overTurns(80, (turn) => {
    try {
      if (kept) act(kept, turn);
    } catch {
      // A request that refuses to be changed is what the wrapper may make of it.
    }
  });
  await call;
}
