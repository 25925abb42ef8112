import type { ControlZero, GovernanceOptions } from '../../src/index.ts';
import { Gate, beginSending } from '../../src/index.ts';
import { asClientError } from './client-error.ts';
import type { HookedClient } from './hooked-client.ts';
import { installHooks, isHookedClient, isOfPackage } from './hooked-client.ts';
import type { BuiltRequest } from './request-gate.ts';
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

// The last point before `fetch` sees what is sent, and what was judged takes its place. Where a client is not
// known to come by there, the request itself is closed to changes instead.
function admission(client: HookedClient, gate: RequestGate): HookedClient['fetchWithAuth'] | undefined {
  const { fetchWithAuth } = client;
  if (client._workloadIdentityAuth || !isOfPackage(client, 'makeRequest')) return undefined;
  // What the client makes of a rejection is a failed connection, and what it makes of an exception is none.
  return function (this: unknown, ...[url, request, ...rest]) {
    try {
      return gate.send(request, (admitted) => fetchWithAuth.call(this, url, admitted, ...rest));
    } catch (error) {
      throw asClientError(error, client);
    }
  };
}

// Whoever patches or replaces the method is asked instead, and its text is read like any other.
function serialization(client: HookedClient, { bodies }: RequestGate): HookedClient['buildBody'] | undefined {
  if (!isOfPackage(client, 'buildBody')) return undefined;
  const { buildBody } = client;
  const parent = Object.getPrototypeOf(client) as HookedClient;
  return function (this: unknown, parameters) {
    const isOwn = parent.buildBody === buildBody;
    return isOwn ? bodies.build(buildBody, this, parameters.options) : parent.buildBody.call(this, parameters);
  };
}

function govern(client: HookedClient, gate: RequestGate): HookedClient {
  const { buildRequest, prepareRequest, withOptions, makeRequest } = client;
  const fetchWithAuth = admission(client, gate);
  const buildBody = serialization(client, gate);
  const hook: HookedClient['prepareRequest'] = async function (this: unknown, request, info) {
    const noteJudged = beginSending();
    // The client's own hook comes first: what it changes has to be judged as well.
    await prepareRequest.call(client, request, info);
    const isUndisturbed = client.fetchWithAuth === installed && client.makeRequest === makeRequest;
    try {
      const isAdmitted = fetchWithAuth !== undefined && this === client && isUndisturbed;
      const waiting = gate.pass(request, info, { isAdmitted, noteJudged });
      if (waiting) await waiting;
    } catch (error) {
      throw asClientError(error, client);
    }
  };
  const reroute = async (options: object, extra?: object): Promise<BuiltRequest> => {
    const built = await buildRequest.call(client, options, extra);
    return { ...built, url: await gate.route(built) };
  };
  installHooks(client, {
    ...(fetchWithAuth && { fetchWithAuth }),
    ...(buildBody && { buildBody }),
    prepareRequest: hook,
    withOptions: (options) => govern(withOptions.call(client, { ...azureOptions(client), ...options }), gate),
    ...(gate.hasFallback && { buildRequest: reroute }),
  });
  const installed = client.fetchWithAuth;
  return client;
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
  const gate = new Gate({ owner: 'wrapOpenAI()', adapter: 'openai', cz, options });
  return govern(cloneClient(given), new RequestGate(gate)) as unknown as Client;
}
