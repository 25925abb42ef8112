import { sha256, utf8 } from '../bundle/bytes.ts';
import { findBuiltin } from '../node/builtin.ts';
import type { ResolvedOptions } from '../options.ts';
import type { RecordCache } from '../sources/record-cache.ts';
import { noCache } from '../sources/record-cache.ts';
import { pollIntervalMs } from '../sync/back-off.ts';
import type { Clock } from '../sync/clock.ts';
import { NetworkPacing } from '../sync/network-pacing.ts';
import { isBuildPhase, isFrozenBetweenRequests } from '../sync/wait-until.ts';
import { ActivationReport } from './activation-report.ts';
import type { Endpoint } from './endpoint.ts';
import { readEndpoint } from './endpoint.ts';
import { Exchange } from './exchange.ts';
import type { ListenForHints } from './hint.ts';
import { HostedSource } from './hosted-source.ts';

/** How often the control plane is asked, unless the options say otherwise. */
const POLL_INTERVAL_MS = 60_000;

async function openCache(
  { cacheDir, projectId = '', logger }: ResolvedOptions,
  endpoint: Endpoint,
): Promise<RecordCache> {
  if (!findBuiltin('node:fs/promises')) return noCache;
  const { DiskCache } = await import('../node/disk-cache.ts');
  // The hash of the whole key: two keys that look alike must never share a folder.
  const scope = await sha256(utf8(JSON.stringify([endpoint.baseUrl, endpoint.apiKey, projectId])));
  return new DiskCache({ folder: cacheDir, scope, warn: (message) => logger.warn(message) });
}

async function openHints(
  { hints }: ResolvedOptions,
  endpoint: Endpoint,
  clock: Clock,
): Promise<ListenForHints | undefined> {
  if (!hints || isBuildPhase() || isFrozenBetweenRequests() || !findBuiltin('node:http')) return undefined;
  const { HintStream } = await import('../node/hint-stream.ts');
  return (onHint) => {
    const stream = new HintStream({ endpoint, clock, onHint });
    return () => stream.close();
  };
}

/**
 * Opens the policy of a control plane.
 * @throws {ConfigurationError} `ERR_CZ_CONFIGURATION` for a key or a URL that cannot be used
 */
export async function openHostedSource(apiKey: string, options: ResolvedOptions, clock: Clock): Promise<HostedSource> {
  const endpoint = readEndpoint(options.baseUrl, apiKey);
  const exchange = new Exchange({ endpoint, clock });
  const intervalMs = pollIntervalMs(options.refreshIntervalMs ?? POLL_INTERVAL_MS);
  return new HostedSource({
    exchange,
    report: new ActivationReport(exchange, clock),
    cache: await openCache(options, endpoint),
    clock,
    pacing: new NetworkPacing({ intervalMs, clock }),
    intervalMs,
    apiKey: endpoint.apiKey,
    projectId: options.projectId,
    trustedKeys: options.trustedKeys,
    keyTrust: options.keyTrust,
    minBundleVersion: options.minBundleVersion,
    listen: await openHints(options, endpoint, clock),
  });
}
