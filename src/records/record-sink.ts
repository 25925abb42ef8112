import type { DecisionRecord } from '../events/decision-record.ts';

/** How records are written. */
export interface WriteRecordsOptions {
  /** Aborted when the time for the write is over: after 30 seconds, or when the client is closed. */
  readonly signal: AbortSignal;
}

/** What became of records that were taken. */
export interface WriteResult {
  /** How many of them the other side threw away. They count as dropped. */
  readonly refused: number;
}

/**
 * Takes records, at most 500 of about 1 MiB at a time and one call after the other. Once it returns or
 * resolves they count as delivered. When it throws, the same records come again later, with the same
 * ids, after a delay that grows.
 *
 * An error with the number 400, 413 or 422 as `httpStatus` or `status` says that the records are too
 * many or one of them is wrong: they come again in smaller batches, and one that is refused alone is
 * dropped and counted.
 */
export type WriteRecords = (
  records: readonly DecisionRecord[],
  options: WriteRecordsOptions,
) => Promise<WriteResult | void> | WriteResult | void;

/**
 * Where decision records go.
 *
 * @example
 * ```ts
 * import type { RecordSink } from '@controlzero/sdk';
 * import { init } from '@controlzero/sdk';
 *
 * const collector: RecordSink = {
 *   name: 'collector',
 *   write: async (records, { signal }) => {
 *     const body = JSON.stringify(records);
 *     const answer = await fetch('https://collector.example/records', { method: 'POST', body, signal });
 *     if (!answer.ok) throw Object.assign(new Error(`The collector answered ${answer.status}.`), { status: answer.status });
 *   },
 * };
 * const cz = await init({ policy: { rules: [] }, records: collector });
 * await cz.close();
 * ```
 */
export interface RecordSink {
  /** One word for status and messages. */
  readonly name: string;
  /** Milliseconds that a record waits for others. Default: 1000. */
  readonly flushIntervalMs?: number;
  /** So many records do not wait any longer. Default: 50. */
  readonly flushAt?: number;
  write: WriteRecords;
  /**
   * Writes at once, while the process ends. Gets what is queued, and what is being written at that
   * moment once more. Only for sinks that can.
   */
  writeSync?(records: readonly DecisionRecord[]): void;
}
