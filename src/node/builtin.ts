import { ConfigurationError } from '../errors.ts';

type Builtins = {
  readonly 'node:async_hooks': typeof import('node:async_hooks');
  readonly 'node:fs/promises': typeof import('node:fs/promises');
  readonly 'node:path': typeof import('node:path');
};

/**
 * A module of Node, or undefined on a runtime that lacks it. Asked for at the moment of use, so that
 * neither a bundler nor an edge build ever sees an import of it.
 */
export function findBuiltin<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined {
  const { process } = globalThis as { readonly process?: Pick<NodeJS.Process, 'getBuiltinModule'> };
  return process?.getBuiltinModule?.(name) as Builtins[Name] | undefined;
}

/**
 * A module of Node that a feature cannot do without.
 * @throws {ConfigurationError} `ERR_CZ_CONFIGURATION` on a runtime that lacks it
 */
export function requireBuiltin<Name extends keyof Builtins>(name: Name, feature: string): Builtins[Name] {
  const builtin = findBuiltin(name);
  if (builtin) return builtin;
  throw new ConfigurationError(`${feature} needs ${name}, which this runtime does not have. Use Node 22.3 or newer, or give the policy option instead.`);
}
