import type { AsyncLocalStorage } from 'node:async_hooks';

import { ConfigurationError } from './errors.ts';
import { requireBuiltin } from './node/builtin.ts';
import type { Context } from './policy/types.ts';

type IdentityStorage = AsyncLocalStorage<Context>;

// One storage per process, whichever copy of the package asks: an identity set by one must hold in all.
const STORAGE: unique symbol = Symbol.for('controlzero.identity') as never;

interface StorageHolder {
  [STORAGE]?: IdentityStorage;
}

function identityStorage(): IdentityStorage {
  const holder = globalThis as StorageHolder;
  if (!holder[STORAGE]) {
    const { AsyncLocalStorage: Storage } = requireBuiltin('node:async_hooks', 'runAs()');
    Object.defineProperty(holder, STORAGE, { value: new Storage<Context>() });
  }
  return holder[STORAGE] as IdentityStorage;
}

/** The context that `runAs` set for the running code, if any. */
export function currentIdentity(): Context | undefined {
  return (globalThis as StorageHolder)[STORAGE]?.getStore();
}

/** A context that names an agent. */
export function agentContext(agent: string): Context {
  return Object.freeze({ agent_id: agent });
}

/**
 * Runs a function as an agent: every decision inside it, across `await` and callbacks, sees this
 * identity. It replaces an outer `runAs` completely and loses only to an `agentId` given when wrapping.
 *
 * @param agent the agent id, or a context with `agent_id` and further attributes
 * @returns what the function returns
 * @throws {ConfigurationError} `ERR_CZ_CONFIGURATION` for an empty agent, and on runtimes without AsyncLocalStorage
 *
 * @example
 * ```ts
 * import { init, modelRequest, runAs } from '@controlzero/sdk';
 *
 * const cz = await init({ policy: { rules: [
 *   { effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4', conditions: { agent_id: 'premium-*' } },
 * ] } });
 * const request = modelRequest({ action: 'llm.generate', model: 'gpt-4' });
 * runAs('premium-support', () => cz.evaluate(request).allowed); // true
 * ```
 */
export function runAs<Result>(agent: string | Context, run: () => Result): Result {
  if (agent === '' || (typeof agent !== 'string' && (typeof agent !== 'object' || agent === null))) {
    throw new ConfigurationError('runAs() takes an agent id or a context object; it got neither.');
  }
  const context = typeof agent === 'string' ? agentContext(agent) : Object.freeze({ ...agent });
  return identityStorage().run(context, run);
}
