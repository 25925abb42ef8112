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

/**
 * Puts hooks between a client and its class. There they cannot be deleted from the client, proxies of tracing
 * libraries may answer for them as they like, and a client can be wrapped twice.
 *
 * @throws {TypeError} when a hook cannot be put in place
 */
export function installHooks(client: HookedClient, hooks: Hooks): HookedClient {
  const prototype: object = Object.getPrototypeOf(client);
  const names = Object.keys(hooks);
  // A method that a subclass made a field would hide the hook, which calls it anyway.
  for (const name of names) Reflect.deleteProperty(client, name);
  const layer = Object.entries(hooks).map(([name, value]) => [name, { value, writable: OPEN.has(name) }] as const);
  Object.setPrototypeOf(client, Object.create(prototype, Object.fromEntries(layer)));
  for (const [name, hook] of Object.entries(hooks)) {
    if (Reflect.get(client, name) !== hook)
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
