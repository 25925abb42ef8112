import type * as asyncHooks from 'node:async_hooks';
import type * as crypto from 'node:crypto';
import type * as syncFiles from 'node:fs';
import type * as diagnostics from 'node:diagnostics_channel';
import type * as files from 'node:fs/promises';
import type * as http from 'node:http';
import type * as https from 'node:https';
import type * as inspector from 'node:inspector';
import type * as modules from 'node:module';
import type * as system from 'node:os';
import type * as paths from 'node:path';
import type * as urls from 'node:url';
import type * as zlib from 'node:zlib';

import { ConfigurationError } from '../errors.ts';

interface Builtins {
  readonly 'node:async_hooks': typeof asyncHooks;
  readonly 'node:crypto': typeof crypto;
  readonly 'node:fs': typeof syncFiles;
  readonly 'node:diagnostics_channel': typeof diagnostics;
  readonly 'node:fs/promises': typeof files;
  readonly 'node:http': typeof http;
  readonly 'node:https': typeof https;
  readonly 'node:inspector': typeof inspector;
  readonly 'node:module': typeof modules;
  readonly 'node:os': typeof system;
  readonly 'node:path': typeof paths;
  readonly 'node:url': typeof urls;
  readonly 'node:zlib': typeof zlib;
}

/**
 * A module of Node, or undefined on a runtime that lacks it. Asked for at the moment of use, so that
 * neither a bundler nor an edge build ever sees an import of it.
 */
export function findBuiltin<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined {
  const { process } = globalThis as { readonly process?: Pick<NodeJS.Process, 'getBuiltinModule'> };
  const builtin: unknown = process?.getBuiltinModule?.(name);
  return builtin as Builtins[Name] | undefined;
}

// What does the same without files.
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ['policyFile', 'policy'],
  ['vaultFile', 'secretsSource'],
]);

/**
 * A module of Node that a feature cannot do without.
 * @throws {ConfigurationError} `ERR_CZ_CONFIGURATION` on a runtime that lacks it
 */
export function requireBuiltin<Name extends keyof Builtins>(name: Name, feature: string): Builtins[Name] {
  const builtin = findBuiltin(name);
  if (builtin) return builtin;
  const instead = INSTEAD.get(feature);
  const hint = instead === undefined ? '' : `, or give the ${instead} option instead`;
  throw new ConfigurationError(
    `${feature} needs ${name}, which this runtime does not have. Use Node 22.3 or newer${hint}.`,
  );
}
