import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ALL_PEERS } from './peers/all-peers.ts';
import type { Peer } from './peers/peer.ts';
import type { Tracer } from './peers/tracers.ts';
import { ALL_TRACERS } from './peers/tracers.ts';

const folder = join(dirname(fileURLToPath(import.meta.url)), 'peers');

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
}

function isInstalled(): boolean {
  const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  return Object.keys(dependencies).every((name) => existsSync(join(folder, 'node_modules', name)));
}

// Installed when it is asked for first; false where that is not wanted.
function install(): boolean {
  if (process.env['BENCH_WITHOUT_PEERS'] !== undefined) return false;
  if (!isInstalled()) {
    const options = ['ci', '--no-audit', '--no-fund', '--workspaces=false', '--ignore-scripts'];
    execFileSync('npm', options, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  return true;
}

/** Every engine we are measured beside. */
export async function installedPeers(): Promise<readonly Peer[]> {
  return install() ? ALL_PEERS : [];
}

/** Every tracing wrapper we are measured beside. */
export async function installedTracers(): Promise<readonly Tracer[]> {
  return install() ? ALL_TRACERS : [];
}
