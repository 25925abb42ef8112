import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ALL_PEERS } from './peers/all-peers.ts';
import { ALL_TRACERS } from './peers/all-tracers.ts';
import type { Peer } from './peers/peer.ts';
import type { OpenTracer, Tracer } from './peers/tracer.ts';

const folder = join(dirname(fileURLToPath(import.meta.url)), 'peers');

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
}

interface InstalledManifest {
  readonly version: string;
}

function read(file: string): unknown {
  return JSON.parse(readFileSync(join(folder, file), 'utf8'));
}

function isInstalled(): boolean {
  const { dependencies } = read('package.json') as Manifest;
  return Object.entries(dependencies).every(([name, wanted]) => {
    const file = join('node_modules', name, 'package.json');
    return existsSync(join(folder, file)) && (read(file) as InstalledManifest).version === wanted;
  });
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

/** A tracing product that is ready to be measured. */
export type InstalledTracer = OpenTracer & Pick<Tracer, 'name' | 'isOn'>;

/** Every tracing product we are measured beside. */
export async function installedTracers(): Promise<readonly InstalledTracer[]> {
  const opened: InstalledTracer[] = [];
  if (!install()) return opened;
  for (const { name, isOn, open } of ALL_TRACERS) opened.push({ name, isOn, ...(await open()) });
  return opened;
}
