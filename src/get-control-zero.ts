import { ControlZero } from './client.ts';
import type { ControlZeroOptions } from './options.ts';
import type { KnownObjects } from './configuration-key.ts';

// On globalThis, because a dev server that reloads modules would otherwise make a client per reload.
// The number is the major version whose instances may be shared.
const INSTANCES: unique symbol = Symbol.for('controlzero.instances.0') as never;

interface Registry {
  readonly clients: Map<string, ControlZero>;
  readonly known: KnownObjects;
}

interface RegistryHolder {
  [INSTANCES]?: Registry;
}

function registry(): Registry {
  const holder = globalThis as RegistryHolder;
  if (!holder[INSTANCES]) {
    const made: Registry = { clients: new Map(), known: { identities: new WeakMap(), next: 0 } };
    Object.defineProperty(holder, INSTANCES, { value: made });
  }
  return holder[INSTANCES] as Registry;
}

/**
 * The client of this process for a configuration: made and initialized on first use, the same one
 * afterwards. Fit for places that run often, such as a route handler. A client that was closed is
 * replaced by a new one.
 *
 * @throws as `init()`; the next call tries again with the same client
 *
 * @example
 * ```ts
 * import { getControlZero } from '@controlzero/sdk';
 *
 * export async function handler(): Promise<boolean> {
 *   const cz = await getControlZero({ policyFile: 'controlzero.yaml' });
 *   return (await cz.check({ action: 'llm.generate', resource: 'model/gpt-4' })).allowed;
 * }
 * ```
 */
export async function getControlZero(options?: ControlZeroOptions): Promise<ControlZero> {
  const instances = registry();
  const { configurationKey } = await import('./configuration-key.ts');
  const key = await configurationKey(options, instances.known);
  let cz = instances.clients.get(key);
  if (cz === undefined || cz.status().state === 'closed') {
    cz = new ControlZero(options);
    instances.clients.set(key, cz);
  }
  return cz.initialize();
}
