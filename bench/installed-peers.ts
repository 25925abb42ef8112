import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ALL_PEERS } from './peers/all-peers.ts';
import type { Peer } from './peers/peer.ts';

const folder = join(dirname(fileURLToPath(import.meta.url)), 'peers');

/** Everything we are measured beside, installed when it is asked for first; nothing where that is not wanted. */
export async function installedPeers(): Promise<readonly Peer[]> {
  if (process.env['BENCH_WITHOUT_PEERS'] !== undefined) return [];
  if (!existsSync(join(folder, 'node_modules'))) {
    const options = ['ci', '--no-audit', '--no-fund', '--workspaces=false'];
    execFileSync('npm', options, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  return ALL_PEERS;
}
