import type { OpenAI } from 'openai';

import type { Attempt, Attempts, Stage } from './bypass-attempts-stage.ts';
import { ALLOWED, DENIED, chat, overTurns, post } from './bypass-attempts-stage.ts';
import { whilePolluted } from './while-polluted.ts';

interface Encoded {
  readonly body: unknown;
}
// Short texts are parsed again, whoever made them.
const CONTENT = 'He said "no".\n'.repeat(500);
type BuildBody = (parameters: object) => Encoded;

const JSON_HEADERS = { 'content-type': 'application/json' };
const FORM = 'application/x-www-form-urlencoded';
/** As JSON it names the allowed model, as a form the denied one. */
const TWO_READINGS = { ...chatBody(ALLOWED), user: `&model=${DENIED}&` };

function chatBody(model: unknown): Record<string, unknown> {
  return { model, messages: [{ role: 'user', content: CONTENT }] };
}

function buildBodyOf(owner: object): BuildBody {
  return Reflect.get(owner, 'buildBody') as BuildBody;
}

/** The allowed model, and another key for the denied one that is gone once it was serialized. */
function vanishing(): Record<string, unknown> {
  const params = chatBody(ALLOWED);
  const leave = (): string => (Reflect.deleteProperty(params, 'Model'), DENIED);
  return Object.assign(params, { Model: { toJSON: leave } });
}

function withNestedCode(order: readonly string[]): Attempt {
  return (stage) => {
    const params: Record<string, unknown> = {};
    const message = { role: 'user', toJSON: () => ((params['model'] = DENIED), { role: 'user', content: CONTENT }) };
    for (const key of order) params[key] = key === 'model' ? ALLOWED : [message];
    return chat(stage.client(), params);
  };
}

function swapped(encoded: Encoded): Encoded {
  return { ...encoded, body: String(encoded.body).replace(ALLOWED, DENIED) };
}

function withFurther(encoded: Encoded): Encoded {
  return { ...encoded, body: String(encoded.body).replace(/\}$/u, `,"Model":"${DENIED}"}`) };
}

function withBuildBody(change: (encoded: Encoded) => Encoded): Attempt {
  return (stage) => {
    const client = stage.client();
    const build = buildBodyOf(client);
    Object.assign(client, { buildBody: (given: object) => change(build.call(client, given)) });
    return chat(client, chatBody(ALLOWED));
  };
}

function withSubclass(change: (encoded: Encoded) => Encoded): Attempt {
  return (stage) => {
    const build = buildBodyOf(stage.library.OpenAI.prototype);
    class Changing extends stage.library.OpenAI {}
    const value = function changed(this: unknown, given: object): Encoded {
      return change(build.call(this, given));
    };
    Object.defineProperty(Changing.prototype, 'buildBody', { value, writable: true, configurable: true });
    return chat(stage.wrap(new Changing(stage.options())), chatBody(ALLOWED));
  };
}

function withPatch(change: (encoded: Encoded) => Encoded, isWrappedBefore: boolean): Attempt {
  return (stage) => {
    const { prototype } = stage.library.OpenAI;
    const build = buildBodyOf(prototype);
    const before = isWrappedBefore ? stage.client() : undefined;
    const value = function patched(this: unknown, given: object): Encoded {
      return change(build.call(this, given));
    };
    const property = { value, writable: true };
    return whilePolluted({ target: prototype, key: 'buildBody', property }, () =>
      chat(before ?? stage.client(), chatBody(ALLOWED)),
    );
  };
}

/** Bodies whose text is not what the object said that it was serialized from. */
export const serializationAttempts: Attempts = {
  'a key that is gone once it was serialized': (stage) => chat(stage.client(), vanishing()),
  'a message changes the model that comes after it': withNestedCode(['messages', 'model']),
  'a Proxy that shows the serializer one more key': (stage) => {
    let looks = 0;
    const ownKeys = (target: object): (string | symbol)[] => [
      ...Reflect.ownKeys(target),
      ...((looks += 1) > 1 ? ['Model'] : []),
    ];
    const getOwnPropertyDescriptor = (target: object, key: string | symbol): PropertyDescriptor | undefined =>
      key === 'Model'
        ? { value: DENIED, enumerable: true, configurable: true }
        : Reflect.getOwnPropertyDescriptor(target, key);
    const get = (target: object, key: string | symbol): unknown =>
      key === 'Model' ? DENIED : (Reflect.get(target, key) as unknown);
    const has = (target: object, key: string | symbol): boolean => key !== 'Model' && Reflect.has(target, key);
    return chat(stage.client(), new Proxy(chatBody(ALLOWED), { ownKeys, getOwnPropertyDescriptor, get, has }));
  },
  'a prototype that is a Proxy and shows the serializer a toJSON()': (stage) => {
    const toJSON = (): object => ({ ...chatBody(ALLOWED), models: [DENIED] });
    const get = (_: object, key: string | symbol): unknown => (key === 'toJSON' ? toJSON : undefined);
    const prototype = new Proxy({}, { has: () => false, get });
    return chat(stage.client(), Object.assign(Object.create(prototype) as object, chatBody(ALLOWED)));
  },
  'a prototype that is a Proxy and adds a key when it is looked for': (stage) => {
    const getPrototypeOf = (): object => (Reflect.set(params, 'Model', DENIED), Object.prototype);
    const prototype = new Proxy({}, { has: () => false, get: () => undefined, getPrototypeOf });
    const params = Object.assign(Object.create(prototype) as object, chatBody(ALLOWED));
    return chat(stage.client(), params);
  },
  'an iterable whose getter of next adds a key': (stage) => {
    const params = Object.assign(chatBody(ALLOWED), { [Symbol.iterator]: 1 });
    const get = (): unknown => void (params['Model'] = DENIED);
    return chat(stage.client(), Object.defineProperty(params, 'next', { get, enumerable: true }));
  },
  'headers whose getter adds a key to the body': (stage) => {
    const params = chatBody(ALLOWED);
    const headers = {
      get 'x-trace'(): string {
        params['Model'] = vanishing()['Model'];
        return '1';
      },
    };
    return chat(stage.client(), params, { headers });
  },
  'headers with an iterator that adds a key to the body': (stage) => {
    const params = chatBody(ALLOWED);
    const headers = {
      *[Symbol.iterator](): Generator<[string, string]> {
        params['Model'] = DENIED;
        yield ['x-trace', '1'];
      },
    };
    return chat(stage.client(), params, { headers });
  },
  'a form that is made of the text of the client': (stage) => {
    const client = stage.client();
    const text = `{"model":"${ALLOWED}","messages":[],"Model":"${DENIED}"}`;
    Object.assign(client, { stringifyQuery: () => text });
    return chat(client, chatBody(ALLOWED), {
      headers: { 'content-type': FORM },
      fetchOptions: { headers: JSON_HEADERS },
    });
  },
  'a text that the client serialized from another object': (stage) => {
    const client = stage.client();
    const params = chatBody(ALLOWED);
    let looks = 0;
    const options = {
      headers: undefined,
      get body() {
        return (looks += 1) > 1 ? { ...params, Model: DENIED } : params;
      },
    };
    const fetchOptions = {
      get body() {
        return buildBodyOf(client).call(client, { options }).body;
      },
    };
    return chat(client, params, { fetchOptions });
  },
  'options whose body is another one for the serializer': (stage) => {
    const client = stage.client();
    let looks = 0;
    const options = {
      method: 'post',
      path: '/chat/completions',
      get body() {
        return chatBody((looks += 1) > 1 ? DENIED : ALLOWED);
      },
    };
    return client.request(options as never);
  },
  'two calls with the same parameters, changed in between': async (stage) => {
    const client = stage.client();
    const params = chatBody(ALLOWED);
    const calls = [chat(client, params)];
    await overTurns(3, () => undefined);
    params['model'] = DENIED;
    calls.push(chat(client, params));
    await Promise.allSettled(calls);
  },
  'an earlier text of the same parameters as fetchOptions.body': async (stage) => {
    const client = stage.client();
    const params = chatBody(DENIED);
    const { body } = buildBodyOf(client).call(client, { options: { body: params } });
    params['model'] = ALLOWED;
    await chat(client, params, { fetchOptions: { body } });
  },
  'buildBody of the client exchanges the model in the text': withBuildBody(swapped),
  'buildBody of the client adds a key to the text': withBuildBody(withFurther),
  'buildBody of a subclass exchanges the model in the text': withSubclass(swapped),
  'buildBody of a subclass adds a key to the text': withSubclass(withFurther),
  'buildBody of the class is patched before the client is wrapped': withPatch(swapped, false),
  'buildBody of the class is patched after the client was wrapped': withPatch(swapped, true),
  'buildBody of the class, patched later, adds a key to the text': withPatch(withFurther, true),
  'a model whose name ends the string and begins another key': (stage) =>
    chat(stage.client(), chatBody(`${ALLOWED}","messages":[],"Model":"${DENIED}`)),
};

// Says so of the type alone, and has no encoding.
function lie(name: string): string | null {
  return name === 'content-type' ? 'application/json' : null;
}

function form(stage: Stage, headers: Headers): Promise<unknown> {
  return chat(stage.client(), TWO_READINGS, { fetchOptions: { headers } });
}

/** A client whose class keeps the requests it builds, or is asked to prepare. */
function keeping(stage: Stage, method: 'buildRequest' | 'prepareRequest', kept: RequestInit[]): OpenAI {
  class Keeping extends stage.library.OpenAI {
    override async buildRequest(...given: never[]): Promise<never> {
      const build = Reflect.get(stage.library.OpenAI.prototype, 'buildRequest') as (...all: never[]) => Promise<never>;
      const built = await build.apply(this, given);
      if (method === 'buildRequest') kept.push((built as { readonly req: RequestInit }).req);
      return built;
    }
    protected override async prepareRequest(request: RequestInit): Promise<void> {
      if (method === 'prepareRequest') kept.push(request);
    }
  }
  return stage.wrap(new Keeping(stage.options()));
}

function changingKept(method: 'buildRequest' | 'prepareRequest', change: (request: RequestInit) => void): Attempt {
  return async (stage) => {
    const kept: RequestInit[] = [];
    const call = Promise.allSettled([chat(keeping(stage, method, kept), TWO_READINGS)]);
    await overTurns(60, () => {
      for (const request of kept) {
        try {
          change(request);
        } catch {
          // A request that refuses to be changed is as good as one that was not.
        }
      }
    });
    await call;
  };
}

const changes: Readonly<Record<string, (request: RequestInit) => void>> = {
  'declares a form': (request) => (request.headers as Headers).set('content-type', FORM),
  'declares a compression': (request) => (request.headers as Headers).set('content-encoding', 'gzip'),
  'exchanges the headers': (request) => void (request.headers = new Headers({ 'content-type': FORM })),
  'exchanges the body': (request) => void (request.body = JSON.stringify(chatBody(DENIED))),
};

/** Requests that are changed between the decision and `fetch`, or whose headers say one thing and send another. */
export const admissionAttempts: Attempts = {
  ...Object.fromEntries(
    (['buildRequest', 'prepareRequest'] as const).flatMap((method) =>
      Object.entries(changes).map(([what, change]) => [
        `${method} of a subclass keeps the request and ${what} later`,
        changingKept(method, change),
      ]),
    ),
  ),
  'headers with an iterator of their own': (stage) => {
    const headers = new Headers(JSON_HEADERS);
    const other = new Headers({ 'content-type': FORM });
    return form(stage, Object.assign(headers, { [Symbol.iterator]: () => other.entries() }));
  },
  'headers with a get() of their own': (stage) =>
    form(stage, Object.assign(new Headers({ 'content-type': FORM }), { get: lie })),
  'headers of a subclass with a get() of its own': (stage) => {
    class Lying extends Headers {}
    Object.defineProperty(Lying.prototype, 'get', { value: lie });
    return form(stage, new Lying({ 'content-type': FORM }));
  },
  'a Proxy of headers that lies about itself': (stage) => {
    const get = (target: Headers, key: string | symbol): unknown => {
      if (key === 'get') return lie;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    };
    return form(stage, new Proxy(new Headers({ 'content-type': FORM }), { get }));
  },
  'headers that get an iterator of their own while the call is pending': async (stage) => {
    const headers = new Headers(JSON_HEADERS);
    const other = new Headers({ 'content-type': FORM });
    const call = Promise.allSettled([form(stage, headers)]);
    await overTurns(60, (turn) => {
      if (turn > 4) Object.assign(headers, { [Symbol.iterator]: () => other.entries() });
    });
    await call;
  },
  'fetchWithAuth of the client is assigned, and a kept request changes': async (stage) => {
    const kept: RequestInit[] = [];
    const client = keeping(stage, 'prepareRequest', kept);
    const send = Reflect.get(client, 'fetchWithAuth') as (...given: unknown[]) => Promise<Response>;
    const fetchWithAuth = (...given: unknown[]): Promise<Response> => {
      for (const request of kept) Reflect.set(request, 'body', JSON.stringify(chatBody(DENIED)));
      return send.apply(client, given);
    };
    Object.assign(client, { fetchWithAuth });
    await chat(client, chatBody(ALLOWED));
  },
  'post() of bytes that change while the call is pending': async (stage) => {
    const body = new TextEncoder().encode(JSON.stringify(chatBody(`${ALLOWED}      `)).replace('      "', '"      '));
    const call = Promise.allSettled([post(stage.client(), '/chat/completions', { body, headers: JSON_HEADERS })]);
    const denied = new TextEncoder().encode(JSON.stringify(chatBody(DENIED)));
    await overTurns(60, () => body.set(denied.subarray(0, body.length)));
    await call;
  },
};
