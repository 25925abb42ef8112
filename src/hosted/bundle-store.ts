import type { RecordCache, RecordPlace } from '../sources/record-cache.ts';
import { comparePlaces } from '../sources/record-cache.ts';
import type { CacheFault } from '../sources/source.ts';
import type { Clock } from '../sync/clock.ts';
import type { BundleRecord, RecordKey } from './bundle-record.ts';
import { decodeRecord, deriveRecordKey, encodeRecord } from './bundle-record.ts';

/** What a store is made of. */
export interface BundleStoreOptions {
  readonly cache: RecordCache;
  readonly clock: Clock;
  readonly apiKey: string;
}

interface Unstored {
  readonly place: RecordPlace;
  readonly record: BundleRecord;
}

const STORE_WITHIN_MS = 1000;

/**
 * Puts bundles into a cache that many processes share, and gets them out again. Each record is sealed
 * with the API key; whether its bundle may be used is for the reader to verify.
 */
export class BundleStore {
  readonly #options: BundleStoreOptions;
  #key: Promise<RecordKey> | undefined;
  #unstored: Unstored | undefined;
  #storing: Promise<void> | undefined;
  #isSound = false;
  #isNewestWhole = false;
  #cancel: () => void = () => undefined;

  constructor(options: BundleStoreOptions) {
    this.#options = options;
  }

  get fault(): CacheFault | null {
    return this.#options.cache.fault;
  }

  /** The records that can be read, newest first, when there is a newer one than at a place. */
  async load(after: RecordPlace | undefined): Promise<readonly BundleRecord[]> {
    const { cache } = this.#options;
    if (after) {
      const newest = await cache.newest();
      if (!newest || comparePlaces(newest, after) <= 0) return [];
    }
    const key = await this.#getKey();
    const records = await Promise.all((await cache.load()).map(async (bytes) => decodeRecord(bytes, key)));
    this.#isNewestWhole = records[0] !== undefined;
    return records.filter((record) => record !== undefined);
  }

  /** Says that what was loaded is in force, so that it need not be written again. */
  trust(): void {
    this.#isSound = this.#isNewestWhole;
  }

  keep(place: RecordPlace, record: BundleRecord): void {
    const { clock } = this.#options;
    this.#unstored = { place, record };
    this.#cancel();
    // Of the many processes that have just got it one has to write, unless there is nothing yet.
    if (this.#isSound) this.#cancel = clock.after(STORE_WITHIN_MS * clock.random(), () => this.#start());
    else this.#start();
  }

  /** Resolves when everything is written. */
  async close(): Promise<void> {
    this.#cancel();
    this.#start();
    await this.#storing;
  }

  #start(): void {
    this.#storing ??= this.#store().finally(() => {
      this.#storing = undefined;
    });
  }

  // One write at a time. On a disk that hangs only the newest record waits.
  async #store(): Promise<void> {
    const { cache } = this.#options;
    for (let next = this.#unstored; next; next = this.#unstored) {
      this.#unstored = undefined;
      // Not trusted at first: what is there may be damaged.
      const newest = this.#isSound ? await cache.newest() : undefined;
      if (newest && comparePlaces(newest, next.place) >= 0) continue;
      await cache.store(next.place, await encodeRecord(next.record, await this.#getKey()));
      this.#isSound = true;
    }
  }

  async #getKey(): Promise<RecordKey> {
    return (this.#key ??= deriveRecordKey(this.#options.apiKey));
  }
}
