import type { OpenAI } from 'openai';

import type { Attempts, Stage } from './bypass-attempts-stage.ts';
import { ALLOWED, DENIED, chat, chatBody, post } from './bypass-attempts-stage.ts';

function deniedCall(): object {
  return { method: 'post', path: '/chat/completions', body: chatBody(DENIED) };
}

interface Resource {
  readonly constructor: new (client: unknown) => { readonly completions: OpenAI['chat']['completions'] };
  readonly _client: OpenAI;
}

function resource(of: object): Resource {
  return of as Resource;
}

type Method = (this: unknown, ...parameters: readonly unknown[]) => Promise<unknown>;

function methodOf(owner: object, name: string): Method {
  return Reflect.get(owner, name) as Method;
}

function ignore(): void {}

function optionsLater(options: object): Promise<object> {
  return new Promise((resolve) => setImmediate(resolve, options));
}

/** Methods of the client below its resources. */
export const rawAttempts: Attempts = {
  'client.post()': (stage) => post(stage.client(), '/chat/completions', { body: chatBody(DENIED) }),
  'client.put()': (stage) => stage.client().put('/chat/completions', { body: chatBody(DENIED) }),
  'client.patch()': (stage) => stage.client().patch('/chat/completions', { body: chatBody(DENIED) }),
  'client.get() with a method': (stage) => stage.client().get('/models', deniedCall()),
  'client.delete() with a method': (stage) => stage.client().delete('/models/1', deniedCall()),
  'client.request()': (stage) => stage.client().request(deniedCall() as never),
  'client.request() of a promise': (stage) => stage.client().request(optionsLater(deniedCall()) as never),
  'client.post() with a promise of options': (stage) =>
    post(stage.client(), '/chat/completions', optionsLater({ body: chatBody(DENIED) })),
  'client.getAPIList() with a method': (stage) =>
    stage.client().getAPIList('/models', Reflect.get(stage.library, 'Page') as never, deniedCall()),
  'client.requestAPIList()': (stage) =>
    stage.client().requestAPIList(Reflect.get(stage.library, 'Page') as never, deniedCall() as never),
  'the next page of a list that became a call': async (stage) => {
    const page = await stage.client().models.list();
    Object.assign(page, { nextPageRequestOptions: () => deniedCall() });
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
      deniedCall(),
      0,
      undefined,
    );
  },
  'OpenAI.prototype.post.call()': (stage) =>
    methodOf(stage.library.OpenAI.prototype, 'post').call(stage.client(), '/chat/completions', {
      body: chatBody(DENIED),
    }),
  'OpenAI.prototype.request.call()': (stage) =>
    methodOf(stage.library.OpenAI.prototype, 'request').call(stage.client(), deniedCall()),
  'OpenAI.prototype.makeRequest.call()': (stage) =>
    methodOf(stage.library.OpenAI.prototype, 'makeRequest').call(stage.client(), deniedCall(), 0, undefined),
  'Reflect.apply() of the post of the prototype': (stage) =>
    Reflect.apply(methodOf(stage.library.OpenAI.prototype, 'post'), stage.client(), [
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
    const client = stage.client();
    return chat(methodOf(client, 'withOptions').call(client, {}) as unknown as OpenAI, chatBody(DENIED));
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
    const create = methodOf(stage.library.OpenAI.Chat.Completions.prototype, 'create');
    return create.call({ _client: stage.client() }, chatBody(DENIED));
  },
  'create() bound to another resource of the client': (stage) => {
    const client = stage.client();
    return methodOf(client.chat.completions, 'create').call(client.models, chatBody(DENIED));
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
  'a spread copy of the client': (stage) => chat(Object.assign({}, stage.client()), chatBody(DENIED)),
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
    return chat(Object.create(stage.library.OpenAI.prototype, rest) as OpenAI, chatBody(DENIED));
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
  ...Object.fromEntries(
    [1, 2, 4, 8, 16].map((ticks) => [
      `the hook of a subclass changes the body ${ticks} ticks later`,
      (stage: Stage) => withLateHook(stage, ticks),
    ]),
  ),
  'the hook of a subclass makes the body a getter that flips': (stage) => {
    class Flipping extends stage.library.OpenAI {
      protected override async prepareRequest(request: RequestInit): Promise<void> {
        let reads = 0;
        const get = (): string => JSON.stringify(chatBody((reads += 1) > 1 ? DENIED : ALLOWED));
        Object.defineProperty(request, 'body', { get, set: ignore, enumerable: true, configurable: true });
      }
    }
    return chat(stage.wrap(new Flipping(stage.options())), chatBody(ALLOWED));
  },
};

async function withLateHook(stage: Stage, ticks: number): Promise<void> {
  let change: Promise<void> = Promise.resolve();
  class Late extends stage.library.OpenAI {
    protected override async prepareRequest(request: RequestInit): Promise<void> {
      for (let tick = 1; tick < ticks; tick += 1) change = change.then(() => undefined);
      // A request that refuses to be changed is as good as one that was not.
      change = change
        .then(() => {
          request.body = JSON.stringify(chatBody(DENIED));
        })
        .catch(() => undefined);
    }
  }
  await Promise.allSettled([chat(stage.wrap(new Late(stage.options())), chatBody(ALLOWED))]);
  await change;
}
