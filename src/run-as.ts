import { ConfigurationError } from './errors.ts';
import type { Context } from './policy/types.ts';
import { sharedStorage } from './shared-storage.ts';

const identity = sharedStorage<Context>('identity', 'runAs()');

/**
 * The context that `runAs` set for the running code, if any.
 *
 * @example
 * ```ts
 * import { currentIdentity, runAs } from '@controlzero/sdk';
 *
 * runAs('premium-support', () => console.log(currentIdentity()?.['agent_id'])); // premium-support
 * ```
 */
export function currentIdentity(): Context | undefined {
  return identity.current();
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
  return identity.run(context, run);
}
