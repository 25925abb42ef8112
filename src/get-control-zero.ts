import { ControlZero } from './client.ts';
import type { ControlZeroOptions } from './options.ts';
import { resolveOptions } from './options.ts';
import { plainCopy } from './policy/plain-copy.ts';
import { revisionOf } from './sources/revision.ts';

// On globalThis, because a dev server that reloads modules would otherwise make a client per reload.
// The number is the major version whose instances may be shared.
const INSTANCES: unique symbol = Symbol.for('controlzero.instances.0') as never;

interface Registry {
  readonly clients: Map<string, ControlZero>;
  readonly identities: WeakMap<object, number>;
  next: number;
}

interface RegistryHolder {
  [INSTANCES]?: Registry;
}

function registry(): Registry {
  const holder = globalThis as RegistryHolder;
  if (!holder[INSTANCES]) {
    const made: Registry = { clients: new Map(), identities: new WeakMap(), next: 0 };
    Object.defineProperty(holder, INSTANCES, { value: made });
  }
  return holder[INSTANCES] as Registry;
}

function identityOf(value: object, instances: Registry): number {
  const known = instances.identities.get(value);
  if (known !== undefined) return known;
  const identity = instances.next;
  instances.next += 1;
  instances.identities.set(value, identity);
  return identity;
}

// Plain options count by value, objects that do something count by identity. A hash, because the API
// key is among them and the registry can be reached from everywhere.
async function configurationKey(options: ControlZeroOptions | undefined, instances: Registry): Promise<string> {
  const { logger: _, source: __, secretsSource: ___, ...plain } = resolveOptions(options);
  // As they were given: the default logger is another object in each copy of the package.
  const identities = [options?.logger, options?.source, options?.secretsSource].map((value) =>
    value === undefined ? null : identityOf(value, instances),
  );
  return revisionOf(JSON.stringify([plainCopy(plain).copy, identities]));
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
  const key = await configurationKey(options, instances);
  let cz = instances.clients.get(key);
  if (cz === undefined || cz.status().state === 'closed') {
    cz = new ControlZero(options);
    instances.clients.set(key, cz);
  }
  return cz.initialize();
}
