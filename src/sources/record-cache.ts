import type { CacheFault } from './source.ts';

/** Where a record stands among all of its scope: by epoch, then version, then the time of its signature. */
export interface RecordPlace {
  readonly epoch: number;
  readonly version: number;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
}

/**
 * Keeps verified bundles between processes. It only stores bytes: what it gives back is verified like
 * bytes from the network. Nothing of it throws; without a disk it holds nothing.
 */
export interface RecordCache {
  /** Why nothing is kept at present; null while all is well. */
  readonly fault: CacheFault | null;
  /** The place of the newest record, unread. */
  newest(): Promise<RecordPlace | undefined>;
  /** The newest records, newest first. */
  load(): Promise<readonly Uint8Array<ArrayBuffer>[]>;
  store(place: RecordPlace, record: Uint8Array): Promise<void>;
}

/** For runtimes without files. */
export const noCache: RecordCache = {
  fault: null,
  newest: async () => undefined,
  load: async () => [],
  store: async () => undefined,
};

/** Orders places, older ones first. */
export function comparePlaces(left: RecordPlace, right: RecordPlace): number {
  return left.epoch - right.epoch || left.version - right.version || left.issuedAt - right.issuedAt;
}
