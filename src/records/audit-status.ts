/** Why records were dropped, and how many. */
export interface DroppedRecords {
  /** 10,000 records or 16 MiB were waiting already. */
  readonly queueFull: number;
  /** Refused by the sink, each of them alone. */
  readonly refused: number;
  /** Made after `close()`, or not delivered within it. */
  readonly closed: number;
}

/** What became of records. At every moment `emitted` is `delivered` + `dropped` + `queued`. */
export interface RecordCounts {
  readonly emitted: number;
  readonly delivered: number;
  readonly dropped: number;
  /** Those that are being written at this moment included. */
  readonly queued: number;
}

/** Why records could not be written. */
export interface RecordsFailure {
  readonly message: string;
  /** The status that was answered. */
  readonly httpStatus?: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Delivery of decision records to one sink. Times are milliseconds since the epoch. */
export interface SinkStatus extends RecordCounts {
  readonly name: string;
  readonly droppedBy: DroppedRecords;
  /** When records were delivered last; null before the first time. */
  readonly lastFlushAt: number | null;
  /** What went wrong last; null once records are delivered again. */
  readonly lastError: RecordsFailure | null;
  /** When failed records are tried again; null while nothing has to be. */
  readonly retryAt: number | null;
}

/** Delivery of decision records: the sums over all sinks, and each of them. */
export interface AuditStatus extends RecordCounts {
  /** Whether a decision that cannot be recorded is a denial. */
  readonly required: boolean;
  readonly lastFlushAt: number | null;
  readonly lastError: RecordsFailure | null;
  /** Empty until the first record, or `initialize()`. */
  readonly sinks: readonly SinkStatus[];
}
