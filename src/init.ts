import { ControlZero } from './client.ts';
import type { ControlZeroOptions } from './options.ts';

/**
 * Makes a client and initializes it.
 *
 * @throws {ConfigurationError} `ERR_CZ_CONFIGURATION` for options of the wrong kind
 * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE` when no policy is configured or it cannot be read
 * @throws {PolicyInvalidError} `ERR_CZ_POLICY_INVALID` when the policy has problems
 *
 * @example
 * ```ts
 * import { init } from '@controlzero/sdk';
 *
 * const cz = await init({ policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/*' }] } });
 * ```
 */
export async function init(options?: ControlZeroOptions): Promise<ControlZero> {
  const cz = new ControlZero(options);
  try {
    return await cz.initialize();
  } catch (error) {
    // Nobody else holds this client, so nobody could close it.
    await cz.close();
    throw error;
  }
}
