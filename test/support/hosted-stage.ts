import { vi } from 'vitest';

import { ActivationReport } from '../../src/hosted/activation-report.ts';
import { readEndpoint } from '../../src/hosted/endpoint.ts';
import { Exchange } from '../../src/hosted/exchange.ts';
import type { HostedSourceOptions } from '../../src/hosted/hosted-source.ts';
import { HostedSource } from '../../src/hosted/hosted-source.ts';
import type { RecordCache, RecordPlace } from '../../src/sources/record-cache.ts';
import { comparePlaces } from '../../src/sources/record-cache.ts';
import { NetworkPacing } from '../../src/sync/network-pacing.ts';
import { Refresher } from '../../src/sync/refresher.ts';
import { decide } from './decide.ts';
import type { FakeClock } from './fake-clock.ts';
import { createFakeClock, seededRandom, settle } from './fake-clock.ts';
import { FakePlane } from './fake-plane.ts';

const MINUTE = 60_000;

/** A cache that lives as long as the test. */
export class MemoryCache implements RecordCache {
  readonly fault: null = null;
  readonly records: { place: RecordPlace; record: Uint8Array<ArrayBuffer> }[] = [];

  async newest(): Promise<RecordPlace | undefined> {
    return this.records[0]?.place;
  }

  async load(): Promise<readonly Uint8Array<ArrayBuffer>[]> {
    return this.records.map(({ record }) => record);
  }

  async store(place: RecordPlace, record: Uint8Array): Promise<void> {
    const others = this.records.filter((other) => comparePlaces(other.place, place) !== 0);
    this.records.splice(0, Infinity, ...others, { place, record: Uint8Array.from(record) });
    this.records.sort((left, right) => comparePlaces(right.place, left.place));
    this.records.splice(2);
  }
}

/** A client's sync with a fake control plane, on a clock that a test moves. */
export interface HostedStage {
  readonly clock: FakeClock;
  readonly plane: FakePlane;
  readonly cache: MemoryCache;
  readonly source: HostedSource;
  readonly refresher: Refresher;
  readonly failures: unknown[];
  /** The versions that were activated, in order. */
  readonly versions: (number | null | undefined)[];
  /** Which of the versions 1 to 9 decide at present, read off decisions. */
  enforced(): readonly number[];
}

/** What a test may give instead of the usual. */
export interface HostedStageOptions {
  readonly plane?: FakePlane;
  readonly cache?: MemoryCache;
  readonly seed?: number;
  readonly source?: Partial<HostedSourceOptions>;
  readonly keepsExpired?: boolean;
}

export const API_KEY: string = `cz_test_${'a'.repeat(64)}`;

function allows(refresher: Refresher, version: number): boolean {
  const policy = refresher.active?.compiled;
  if (!policy || !refresher.isUsable) return false;
  return decide(policy, { action: 'llm.generate', resource: `model/v${version}` }).allowed;
}

/** Sets a client's sync up; nothing is asked for yet. */
export async function hostedStage(options: HostedStageOptions = {}): Promise<HostedStage> {
  const { cache = new MemoryCache(), seed = 1, keepsExpired = false } = options;
  let isReading = false;
  // Attempts need many turns for their cryptography; between attempts one is enough.
  const clock =
    options.plane?.clock ??
    createFakeClock(seededRandom(seed), async () =>
      isReading ? settle() : new Promise((resolve) => setImmediate(resolve)),
    );
  const plane = options.plane ?? (await FakePlane.create(clock));
  vi.stubGlobal('fetch', plane.fetch);
  const exchange = new Exchange({ endpoint: readEndpoint(FakePlane.url, API_KEY), clock });
  const source = new HostedSource({
    exchange,
    report: new ActivationReport(exchange, clock),
    cache,
    clock,
    pacing: new NetworkPacing({ intervalMs: MINUTE, clock }),
    intervalMs: MINUTE,
    apiKey: API_KEY,
    projectId: undefined,
    trustedKeys: [],
    keyTrust: 'first-use',
    minBundleVersion: undefined,
    listen: undefined,
    ...options.source,
  });
  const read = source.read.bind(source);
  source.read = async (readOptions) => {
    isReading = true;
    return read(readOptions).finally(() => {
      isReading = false;
    });
  };
  const failures: unknown[] = [];
  const versions: HostedStage['versions'] = [];
  const refresher = new Refresher({
    source,
    intervalMs: MINUTE,
    keepsExpired,
    clock,
    listener: {
      activated: ({ facts }) => void versions.push(facts?.version),
      failed: (error) => void failures.push(error),
      changed: () => undefined,
      noticed: () => undefined,
    },
  });
  const enforced = (): readonly number[] => [1, 2, 3, 4, 5, 6, 7, 8, 9].filter((version) => allows(refresher, version));
  return { clock, plane, cache, source, refresher, failures, versions, enforced };
}
