import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { TestProject } from 'vitest/node';

import { APP, NEXT, cleanEnvironment, copyApp } from './app-copy.ts';

/** Loaded into a Node process, it writes the connections that would leave the machine to `CONNECTIONS_FILE`. */
export const RECORDER: string = join(import.meta.dirname, 'record-connections.cjs');

/** How the build went. */
export interface Build {
  readonly status: number | null;
  readonly output: string;
  /** Whether the kernel took the network away as well. */
  readonly isIsolated: boolean;
  /** Connections that Node processes of the build tried to open. */
  readonly connections: readonly string[];
}

declare module 'vitest' {
  interface ProvidedContext {
    readonly build: Build;
  }
}

function isolation(): readonly string[] {
  return spawnSync('unshare', ['-rn', 'true']).status === 0 ? ['unshare', '-rn'] : [];
}

/** Builds once for all tests, with neither policy nor key nor network. */
export function setup(project: TestProject): void {
  copyApp();
  const connectionsFile = join(APP, 'connections.txt');
  const prefix = isolation();
  const [command, ...args] = [...prefix, process.execPath, NEXT, 'build'];
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: APP,
    encoding: 'utf8',
    env: cleanEnvironment({ NODE_OPTIONS: `--require ${RECORDER}`, CONNECTIONS_FILE: connectionsFile }),
  });
  const connections = existsSync(connectionsFile) ? readFileSync(connectionsFile, 'utf8').trim().split('\n') : [];
  project.provide('build', { status, output: `${stdout}${stderr}`, isIsolated: prefix.length > 0, connections });
}
