import type { ControlZero, GovernanceOptions } from '../../src/index.ts';
import { Gate, beginSending } from '../../src/index.ts';
import { asClientError } from './client-error.ts';
import type { BuiltRequest, OutgoingInfo, OutgoingRequest } from './request-gate.ts';
import { RequestGate } from './request-gate.ts';

/**
 * What an OpenAI client looks like, of either major version and either module format. Structural on
 * purpose: the classes of the two formats are different types to the compiler.
 */
export interface OpenAIClient {
  readonly chat: { readonly completions: object };
  readonly embeddings: object;
  readonly baseURL: string;
  withOptions(options: never): unknown;
}

/** Options of one wrapped client. */
export type WrapOpenAIOptions = GovernanceOptions;

type Hook = (request: OutgoingRequest, info: OutgoingInfo) => Promise<void>;

interface HookedClient {
  readonly baseURL: string;
  apiKey?: unknown;
  readonly apiVersion?: unknown;
  readonly deploymentName?: unknown;
  prepareRequest: Hook;
  buildRequest: (options: object, extra?: object) => Promise<BuiltRequest>;
  withOptions: (options: object) => HookedClient;
}

const METHODS = ['withOptions', 'prepareRequest', 'buildRequest'] as const;

function isHookedClient(client: unknown): client is HookedClient {
  if (typeof client !== 'object' || client === null) return false;
  return METHODS.every((method) => typeof Reflect.get(client, method) === 'function');
}

type Hooks = Partial<Pick<HookedClient, (typeof METHODS)[number]>>;

// The hooks stand between the client and its class. There they cannot be deleted from the client, proxies of
// tracing libraries may answer for them as they like, and a client can be wrapped twice.
function install(client: HookedClient, hooks: Hooks): HookedClient {
  const prototype: object = Object.getPrototypeOf(client);
  const names = Object.keys(hooks);
  // A method that a subclass made a field would hide the hook, which calls it anyway.
  for (const name of names) Reflect.deleteProperty(client, name);
  const layer = Object.fromEntries(Object.entries(hooks).map(([name, value]) => [name, { value }]));
  Object.setPrototypeOf(client, Object.create(prototype, layer));
  for (const [name, hook] of Object.entries(hooks)) {
    if (Reflect.get(client, name) !== hook)
      throw new TypeError(`wrapOpenAI() cannot govern this client: its ${name}() cannot be replaced.`);
  }
  return client;
}

// Before 7.11 the client for Azure forgets its version and deployment when it is cloned.
function azureOptions(client: HookedClient): object {
  if (typeof client.apiVersion !== 'string') return {};
  return { apiVersion: client.apiVersion, deployment: client.deploymentName };
}

function cloneClient(client: HookedClient): HookedClient {
  const clone = client.withOptions(azureOptions(client));
  if (!isHookedClient(clone) || clone === client || clone.baseURL !== client.baseURL) {
    throw new TypeError(
      'wrapOpenAI() could not clone this client: its withOptions() gives back another kind of client. A subclass must take the options object of OpenAI as the first parameter of its constructor.',
    );
  }
  // A key that was assigned after construction is not among the options that a clone is made from.
  if (typeof client.apiKey === 'string' && clone.apiKey !== client.apiKey) clone.apiKey = client.apiKey;
  return clone;
}

function govern(client: HookedClient, gate: RequestGate): HookedClient {
  const { buildRequest, prepareRequest, withOptions } = client;
  const hook: Hook = async (request, info) => {
    const noteJudged = beginSending();
    // The client's own hook comes first: what it changes has to be judged as well.
    await prepareRequest.call(client, request, info);
    try {
      const passed = await gate.pass(request, info);
      if (passed) noteJudged?.(passed.models);
    } catch (error) {
      throw asClientError(error, client);
    }
  };
  const reroute = async (options: object, extra?: object): Promise<BuiltRequest> => {
    const built = await buildRequest.call(client, options, extra);
    return { ...built, url: await gate.route(built) };
  };
  return install(client, {
    prepareRequest: hook,
    withOptions: (options) => govern(withOptions.call(client, { ...azureOptions(client), ...options }), gate),
    ...(gate.hasFallback && { buildRequest: reroute }),
  });
}

/**
 * Puts every model call of an OpenAI client under the policy. Gives back a client of the same type;
 * the one that was passed stays as it is.
 *
 * Governed are chat completions, completions, responses (all of them with their helpers: `parse`,
 * `stream`, every turn of `runTools`) as `llm.generate`, and embeddings as `embedding.generate`, on
 * `model/<id>`. Everything else passes through unchanged. WebSockets (realtime) do not pass through HTTP
 * requests and cannot be governed here. The decision is made on the final URL and the bytes of the body,
 * so nothing that changes a request on its way can get past it. Fails closed: a call whose model cannot
 * be determined is denied, and so is every call while no policy is active.
 *
 * Wrap with Control Zero first and put tracing libraries around the result.
 *
 * @throws {TypeError} when `client` is not an OpenAI client (version 6 or 7), `cz` not a `ControlZero`, or an
 * option of the wrong kind: a client is never handed back unguarded
 *
 * A denied call rejects with `PolicyDeniedError` (`ERR_CZ_POLICY_DENIED`), or with
 * `PolicyUnavailableError` (`ERR_CZ_POLICY_UNAVAILABLE`) when no policy is active. Both are also
 * instances of the client's own `OpenAIError`, which is how its stream helpers let them through.
 *
 * @example
 * ```ts
 * import { init } from '@controlzero/sdk';
 * import { wrapOpenAI } from '@controlzero/sdk/openai';
 * import OpenAI from 'openai';
 *
 * const cz = await init({ policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] } });
 * const openai = wrapOpenAI(new OpenAI({ apiKey: 'sk-example' }), cz, { agentId: 'support' });
 * ```
 */
export function wrapOpenAI<Client extends OpenAIClient>(
  client: Client,
  cz: ControlZero,
  options: WrapOpenAIOptions = {},
): Client {
  const given: unknown = client;
  if (!isHookedClient(given)) {
    throw new TypeError(
      'wrapOpenAI() takes a client of the openai package, version 6 or 7. Wrap the client first, and put tracing wrappers around the result.',
    );
  }
  const gate = new Gate({ owner: 'wrapOpenAI()', cz, options });
  return govern(cloneClient(given), new RequestGate(gate)) as unknown as Client;
}
