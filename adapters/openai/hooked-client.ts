import type { BuiltRequest, OutgoingInfo, OutgoingRequest } from './request-gate.ts';
import type { BuildBody } from './serialized-bodies.ts';

type PrepareRequest = (request: OutgoingRequest, info: OutgoingInfo) => Promise<void>;
type Send = (url: string, request: OutgoingRequest, ...rest: readonly unknown[]) => Promise<unknown>;

/** The client as the hooks see it. */
export interface HookedClient {
  readonly baseURL: string;
  apiKey?: unknown;
  readonly apiVersion?: unknown;
  readonly deploymentName?: unknown;
  readonly _workloadIdentityAuth?: unknown;
  prepareRequest: PrepareRequest;
  buildRequest: (options: object, extra?: object) => Promise<BuiltRequest>;
  withOptions: (options: object) => HookedClient;
  makeRequest?: unknown;
  buildBody: BuildBody;
  fetchWithAuth: Send;
}

const METHODS = ['withOptions', 'prepareRequest', 'buildRequest'] as const;

/** Whether something can be hooked: a client of the openai package, by what it can do. */
export function isHookedClient(client: unknown): client is HookedClient {
  if (typeof client !== 'object' || client === null) return false;
  return METHODS.every((method) => typeof Reflect.get(client, method) === 'function');
}

/** Methods of a client by name. */
export type Hooks = Partial<Pick<HookedClient, (typeof METHODS)[number] | 'buildBody' | 'fetchWithAuth'>>;

// Without these the check is only slower: whoever assigns them may.
const OPEN: ReadonlySet<string> = new Set(['buildBody', 'fetchWithAuth']);

// Stands between clients and their class, one for all of them: a prototype for each would cost more than the client.
interface Layer {
  readonly prototype: object;
  /** Where each client keeps its hooks. Whoever takes it away has a client that sends nothing. */
  readonly key: symbol;
}

const layers = new WeakMap<object, Map<string, Layer>>();

function createLayer(prototype: object, names: readonly string[]): Layer {
  const layer = { prototype: Object.create(prototype) as object, key: Symbol('hooks') };
  for (const name of names) {
    const value = function hooked(this: object, ...given: unknown[]): unknown {
      // A Proxy of a client hands it on, and what inherits from a client has it.
      const hooks = Reflect.get(this, layer.key) as
        | Readonly<Record<string, (...all: unknown[]) => unknown>>
        | undefined;
      const hook = hooks?.[name];
      if (!hook) throw new TypeError(`${name}() of a client of wrapOpenAI() was called on something else.`);
      return hook.apply(this, given);
    };
    Object.defineProperty(layer.prototype, name, { value, writable: OPEN.has(name) });
  }
  return layer;
}

function layerOf(prototype: object, names: readonly string[]): Layer {
  const known = layers.get(prototype) ?? new Map<string, Layer>();
  layers.set(prototype, known);
  const key = names.join();
  const layer = known.get(key) ?? createLayer(prototype, names);
  known.set(key, layer);
  return layer;
}

/**
 * Puts hooks between a client and its class. There they cannot be deleted from the client, proxies of tracing
 * libraries may answer for them as they like, and a client can be wrapped twice. What they do for one client hangs
 * on the client itself.
 *
 * @throws {TypeError} when a hook cannot be put in place
 */
export function installHooks(client: HookedClient, hooks: Hooks): HookedClient {
  const names = Object.keys(hooks) as (keyof Hooks)[];
  // A method that a subclass made a field would hide the hook, which calls it anyway.
  for (const name of names) Reflect.deleteProperty(client, name);
  const layer = layerOf(Object.getPrototypeOf(client) as object, names);
  Object.defineProperty(client, layer.key, { value: hooks, configurable: true });
  Object.setPrototypeOf(client, layer.prototype);
  for (const name of names) {
    if (client[name] !== Reflect.get(layer.prototype, name))
      throw new TypeError(`wrapOpenAI() cannot govern this client: its ${name}() cannot be replaced.`);
  }
  return client;
}

/** Whether a method is the one that the class of the package brings, the last of the chain: nobody overrode it. */
export function isOfPackage(client: HookedClient, name: 'makeRequest' | 'buildBody'): boolean {
  let root: object = client;
  for (let at: unknown = client; typeof at === 'object' && at !== null && at !== Object.prototype;) {
    root = at;
    at = Object.getPrototypeOf(at);
  }
  const { constructor } = root;
  return Reflect.get(constructor, 'OpenAI') === constructor && client[name] === Reflect.get(root, name);
}
