import type { ClientDecisions } from './client-decisions.ts';
import type { ClientSecrets } from './client-secrets.ts';
import type { ResolvedOptions } from './options.ts';
import { resolveSource } from './resolve-source.ts';
import type { Clock } from './sync/clock.ts';
import type { RefresherListener } from './sync/refresher.ts';
import { Refresher } from './sync/refresher.ts';

/** What the loop of a client is made of. */
export interface OpenRefresherOptions {
  readonly options: ResolvedOptions;
  readonly clock: Clock;
  readonly secrets: ClientSecrets;
  readonly decisions: ClientDecisions;
  readonly listener: RefresherListener;
}

/**
 * Finds the policy that applies and makes the loop that keeps it fresh.
 * @throws {PolicyUnavailableError} `ERR_CZ_POLICY_UNAVAILABLE` when nothing names a policy
 */
export async function openRefresher(made: OpenRefresherOptions): Promise<Refresher> {
  const { options, clock, secrets, decisions, listener } = made;
  const { refreshIntervalMs, onExpired } = options;
  const source = await resolveSource(options, clock);
  await secrets.connect(source);
  await decisions.connect(source);
  return new Refresher({
    source,
    // A source that sets its own pace has taken the option into account.
    intervalMs: source.pacing
      ? source.refreshIntervalMs
      : (refreshIntervalMs ?? secrets.shorten(source.refreshIntervalMs)),
    keepsExpired: onExpired === 'keep',
    clock,
    listener,
  });
}
