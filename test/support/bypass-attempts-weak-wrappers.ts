import { setImmediate as nextTurn } from 'node:timers/promises';

import type { OpenAI } from 'openai';

import type { ControlZero, ModelAction } from '../../src/index.ts';
import { modelRequest } from '../../src/index.ts';
import type { Wrap } from './bypass-attempts-run.ts';

type Method = (this: unknown, ...parameters: unknown[]) => unknown;
type Check = (action: ModelAction, params: unknown) => Promise<void>;

const METHODS: ReadonlyMap<string, ModelAction> = new Map([
  ['chat.completions.create', 'llm.generate'],
  ['completions.create', 'llm.generate'],
  ['responses.create', 'llm.generate'],
  ['embeddings.create', 'embedding.generate'],
]);
const ROUTES: ReadonlyMap<unknown, ModelAction> = new Map([
  ['/chat/completions', 'llm.generate'],
  ['/completions', 'llm.generate'],
  ['/responses', 'llm.generate'],
  ['/embeddings', 'embedding.generate'],
]);

function checkWith(cz: ControlZero): Check {
  return async (action, params) => {
    const { model } = params as { readonly model: string };
    await cz.enforce(modelRequest({ action, model: model }));
  };
}

interface GuardOptions {
  readonly method: Method;
  readonly owner: unknown;
  readonly action: ModelAction;
  readonly check: Check;
}

function guarded({ method, owner, action, check }: GuardOptions): Method {
  return (params, ...rest) => {
    const result = check(action, params).then(() => method.call(owner, params, ...rest));
    // Helpers of the client drop this promise when it lacks a method that they need.
    result.catch(() => undefined);
    return result;
  };
}

/** Patches `create` of the resources that a policy names. */
export function patchMethods(cz: ControlZero): Wrap {
  const check = checkWith(cz);
  return (client) => {
    for (const [path, action] of METHODS) {
      const keys = path.split('.').slice(0, -1);
      const owner = keys.reduce<object>((at, key) => Reflect.get(at, key) as object, client);
      Object.assign(owner, {
        create: guarded({ method: Reflect.get(owner, 'create') as Method, owner, action, check }),
      });
    }
    return client;
  };
}

function proxied(target: object, path: string, check: Check): object {
  return new Proxy(target, {
    get: (owner, key) => {
      const value: unknown = Reflect.get(owner, key, owner);
      const here = path === '' ? String(key) : `${path}.${String(key)}`;
      const action = METHODS.get(here);
      if (typeof value === 'function')
        return action ? guarded({ method: value as Method, owner, action, check }) : (value.bind(owner) as unknown);
      return typeof value === 'object' && value !== null && '_client' in value ? proxied(value, here, check) : value;
    },
  });
}

/** Puts a Proxy around the client and its resources, and looks at the parameters of `create`. */
export function proxyDeeply(cz: ControlZero): Wrap {
  const check = checkWith(cz);
  return <Client extends OpenAI>(client: Client): Client => proxied(client, '', check) as Client;
}

/** Looks at the options of every request in the hook before the request is built, also in clones. */
export function hookOptions(cz: ControlZero): Wrap {
  const check = checkWith(cz);
  const wrap: Wrap = (client) => {
    const { prepareOptions, withOptions } = client as unknown as Record<'prepareOptions' | 'withOptions', Method>;
    const hook = async (options: { readonly path: unknown; readonly body?: unknown }): Promise<void> => {
      await prepareOptions.call(client, options);
      const action = ROUTES.get(options.path);
      if (action) await check(action, options.body);
    };
    return Object.assign(client, {
      prepareOptions: hook,
      withOptions: (options: object) => wrap(withOptions.call(client, options) as OpenAI),
    });
  };
  return wrap;
}

/** Looks at the serialized body in the hook before the request is sent, and takes as long as a remote check. */
export function hookRequests(cz: ControlZero): Wrap {
  const check = checkWith(cz);
  const wrap: Wrap = (client) => {
    const { prepareRequest, withOptions } = client as unknown as Record<'prepareRequest' | 'withOptions', Method>;
    const hook = async (request: RequestInit, info: { readonly url: string }): Promise<void> => {
      await prepareRequest.call(client, request, info);
      if (`${request.method}`.toUpperCase() === 'GET') return;
      const action = ROUTES.get(new URL(info.url).pathname.replace(/^\/(?:v1|openai)/u, ''));
      if (!action) return;
      await check(action, JSON.parse(request.body as string));
      await nextTurn();
    };
    return Object.assign(client, {
      prepareRequest: hook,
      withOptions: (options: object) => wrap(withOptions.call(client, options) as OpenAI),
    });
  };
  return wrap;
}

interface Serialization {
  readonly options: { readonly body?: unknown };
}

/** Believes that a body says what the object said which the client serialized, and is otherwise `hookRequests`. */
export function trustObjects(cz: ControlZero): Wrap {
  const hook = hookRequests(cz);
  const wrap: Wrap = (client) => {
    const hooked = hook(client);
    const { prepareRequest, buildBody, withOptions } = hooked as unknown as Record<string, Method>;
    const believed = new Map<unknown, unknown>();
    return Object.assign(hooked, {
      buildBody: (parameters: Serialization) => {
        const { body } = parameters.options;
        const isClear = typeof body === 'object' && body !== null && !Object.keys(body).includes('Model');
        const model: unknown = isClear ? Reflect.get(body, 'model') : undefined;
        const encoded = buildBody?.call(hooked, parameters) as { readonly body?: unknown };
        if (typeof model === 'string') believed.set(encoded.body, model);
        return encoded;
      },
      prepareRequest: (request: RequestInit, info: object) => {
        const model = believed.get(request.body);
        return prepareRequest?.call(
          hooked,
          model === undefined ? request : { ...request, body: JSON.stringify({ model }) },
          info,
        );
      },
      withOptions: (options: object) => wrap(withOptions?.call(hooked, options) as OpenAI),
    });
  };
  return wrap;
}
