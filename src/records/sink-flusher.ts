import { toDecisionRecord } from '../events/decision-record.ts';
import type { DecisionRecord } from '../events/decision-record.ts';
import type { Clock, Moment } from '../sync/clock.ts';
import { momentOf, since } from '../sync/clock.ts';
import { NetworkPacing } from '../sync/network-pacing.ts';
import { untilAborted } from '../sync/until-aborted.ts';
import type { RecordsFailure, SinkStatus } from './audit-status.ts';
import type { QueuedRecord } from './record-queue.ts';
import { RecordQueue } from './record-queue.ts';
import type { RecordSink } from './record-sink.ts';
import type { WriteFailure } from './write-failure.ts';
import { writeFailure } from './write-failure.ts';

function tooLate(): Error {
  return new Error('The records were not taken in time.');
}

/** What a flusher is made of. */
export interface SinkFlusherOptions {
  readonly name: string;
  readonly clock: Clock;
  /** Told what an operator should know. */
  readonly report: (message: string) => void;
  /** Told when records begin to wait, and when none do any more. */
  readonly waiting: (isWaiting: boolean) => void;
}

interface Gate {
  readonly from: Moment;
  readonly delayMs: number;
}

const FLUSH_INTERVAL_MS = 1000;
const FLUSH_AT = 50;
const MOST_IN_BATCH = 500;
const WRITE_LIMIT_MS = 30_000;
// A sink that refuses so many records one after the other refuses everything.
const MOST_REFUSED = 3;
const AT_ONCE_MS = 1;

function recordsOf(batch: readonly QueuedRecord[]): DecisionRecord[] {
  return batch.map(({ event, context }) => toDecisionRecord(event, context));
}

/**
 * Brings the records of one queue to its sink: one batch at a time, none before its time is over or
 * enough of them wait, and after a failure as late as a network source would be asked again. It never
 * gives up.
 */
export class SinkFlusher {
  readonly #options: SinkFlusherOptions;
  readonly #queue = new RecordQueue();
  readonly #closing = new AbortController();
  #sink: RecordSink | undefined;
  #pacing: NetworkPacing | undefined;
  #running: Promise<void> | undefined;
  #endWrite: (() => void) | undefined;
  #cancelTimer: (() => void) | undefined;
  #dueMs = Infinity;
  #gate: Gate | undefined;
  #retryAt: number | null = null;
  // Records up to here do not wait for others.
  #goal = 0;
  #batchLimit = MOST_IN_BATCH;
  #refusedInRow = 0;
  #isFullTold = false;
  #lastFlushAt: number | null = null;
  #lastError: RecordsFailure | null = null;

  constructor(options: SinkFlusherOptions) {
    this.#options = options;
  }

  get status(): SinkStatus {
    const { name } = this.#options;
    const retryAt = this.#queue.length > 0 ? this.#retryAt : null;
    // A copy: whoever shows it may take secrets out of it.
    const lastError = this.#lastError && { ...this.#lastError };
    return { name, ...this.#queue.counts, lastFlushAt: this.#lastFlushAt, lastError, retryAt };
  }

  /** Says where records go. Until then they wait. */
  attach(sink: RecordSink): void {
    this.#sink = sink;
    const { flushIntervalMs: intervalMs = FLUSH_INTERVAL_MS } = sink;
    this.#pacing = new NetworkPacing({ intervalMs, clock: this.#options.clock });
    this.#schedule();
  }

  /** @returns false when there is no room for the record, which is counted as dropped */
  add(record: QueuedRecord): boolean {
    const isAdded = this.#queue.add(record);
    if (!isAdded) {
      this.#tellFull();
      return false;
    }
    const { length } = this.#queue;
    if (length === 1) this.#options.waiting(true);
    // All others change nothing about when the next batch is due.
    if (length === 1 || length === this.#flushAt) this.#schedule();
    return true;
  }

  /** So many records were dropped before there was a queue. */
  countDropped(count: number): void {
    this.#queue.countDropped(count);
  }

  /**
   * Writes what is queued by now without waiting for more. Resolves when that is done, or has failed. A
   * sink that has to be spared after a failure is left alone.
   */
  async flush(): Promise<void> {
    if (this.#queue.length === 0 || !this.#sink || this.#isGated()) return;
    this.#goal = this.#queue.accepted;
    await this.#start();
  }

  /** One last attempt, whatever the sink has to be spared for; what it does not take is dropped. */
  async flushLast(): Promise<void> {
    this.#gate = undefined;
    await this.flush();
  }

  /** Ends the write that is under way as one that took too long. */
  giveUp(): void {
    this.#endWrite?.();
  }

  /** Writes at once what no write has confirmed, where the sink can do that. */
  flushSync(): void {
    const sink = this.#sink;
    if (!sink?.writeSync) return;
    try {
      while (this.#queue.length > 0) {
        const batch = this.#queue.oldest(MOST_IN_BATCH);
        sink.writeSync(recordsOf(batch));
        this.#deliver(batch.length, 0);
      }
    } catch (error) {
      this.#note(writeFailure(error));
    }
  }

  /** Ends a write that is under way, and drops what is queued. */
  close(): void {
    this.#closing.abort(new Error('The client was closed.'));
    this.#cancelTimer?.();
    this.#queue.close();
    this.#options.waiting(false);
  }

  get #flushAt(): number {
    return this.#sink?.flushAt ?? FLUSH_AT;
  }

  #isGated(): boolean {
    return this.#gateMs() > 0;
  }

  #gateMs(): number {
    return this.#gate ? this.#gate.delayMs - since(this.#gate.from, momentOf(this.#options.clock)) : 0;
  }

  // Sets the timer to when the next batch is due, unless it goes off sooner.
  #schedule(): void {
    if (!this.#sink || this.#running || this.#queue.length === 0 || this.#closing.signal.aborted) return;
    const { flushIntervalMs = FLUSH_INTERVAL_MS } = this.#sink;
    const waitMs = this.#isEnough() ? AT_ONCE_MS : flushIntervalMs;
    this.#setTimer(Math.max(waitMs, this.#gateMs()));
  }

  #setTimer(delayMs: number): void {
    const { clock } = this.#options;
    const dueMs = clock.elapsed() + delayMs;
    if (dueMs >= this.#dueMs) return;
    this.#cancelTimer?.();
    this.#dueMs = dueMs;
    this.#cancelTimer = clock.after(delayMs, () => {
      this.#dueMs = Infinity;
      // What waits has waited long enough.
      this.#goal = this.#queue.accepted;
      void this.#start();
    });
  }

  #isEnough(): boolean {
    return this.#queue.length >= this.#flushAt || this.#goal > this.#queue.left;
  }

  async #start(): Promise<void> {
    this.#running ??= this.#run();
    await this.#running;
  }

  async #run(): Promise<void> {
    // What is started must be known as such before it can end.
    await Promise.resolve();
    let goesOn = true;
    while (goesOn && this.#queue.length > 0 && this.#isEnough()) goesOn = await this.#writeBatch();
    this.#running = undefined;
    this.#schedule();
  }

  async #writeBatch(): Promise<boolean> {
    const batch = this.#queue.oldest(this.#batchLimit);
    try {
      const refused = await this.#write(recordsOf(batch));
      if (this.#closing.signal.aborted) return false;
      this.#succeeded(batch.length, refused);
      return true;
    } catch (error) {
      return !this.#closing.signal.aborted && this.#failed(error, batch.length);
    }
  }

  async #write(records: readonly DecisionRecord[]): Promise<number> {
    const limit = new AbortController();
    const stop = (): void => limit.abort(this.#closing.signal.reason);
    const end = (): void => limit.abort(tooLate());
    this.#endWrite = end;
    const cancel = this.#options.clock.after(WRITE_LIMIT_MS, end);
    this.#closing.signal.addEventListener('abort', stop, { once: true });
    try {
      const { signal } = limit;
      const written = Promise.resolve(this.#sink?.write(records, { signal }));
      const result = await untilAborted(written, signal);
      return result?.refused ?? 0;
    } finally {
      cancel();
      this.#endWrite = undefined;
      this.#closing.signal.removeEventListener('abort', stop);
    }
  }

  #succeeded(count: number, refused: number): void {
    this.#pacing?.next({});
    this.#refusedInRow = 0;
    this.#batchLimit = Math.min(this.#batchLimit * 2, MOST_IN_BATCH);
    this.#gate = undefined;
    this.#retryAt = null;
    this.#lastError = null;
    this.#deliver(count, Math.min(refused, count));
  }

  #deliver(count: number, refused: number): void {
    this.#queue.deliver(count, refused);
    this.#lastFlushAt = this.#options.clock.now();
    this.#lookEmpty();
  }

  #lookEmpty(): void {
    if (this.#queue.length > 0) return;
    this.#isFullTold = false;
    this.#options.waiting(false);
  }

  /** @returns whether to go on at once */
  #failed(error: unknown, count: number): boolean {
    const failure = writeFailure(error);
    this.#note(failure);
    if (failure.isRefusal && count > 1) {
      this.#batchLimit = Math.ceil(count / 2);
      return true;
    }
    if (failure.isRefusal) {
      this.#queue.refuse();
      this.#lookEmpty();
      this.#refusedInRow += 1;
      if (this.#refusedInRow < MOST_REFUSED) return true;
    }
    this.#wait(failure);
    return false;
  }

  #wait({ outcome }: WriteFailure): void {
    const { clock } = this.#options;
    const delayMs = this.#pacing?.next(outcome).delayMs ?? 0;
    this.#gate = { from: momentOf(clock), delayMs };
    this.#retryAt = Math.round(clock.now() + delayMs);
  }

  #note({ message, httpStatus }: WriteFailure): void {
    const { name, clock, report } = this.#options;
    const isNews = this.#lastError?.message !== message;
    this.#lastError = { message, ...(httpStatus !== undefined && { httpStatus }), at: clock.now() };
    if (isNews) report(`Decision records cannot be delivered to ${name}: ${message}`);
  }

  #tellFull(): void {
    if (this.#isFullTold || this.#closing.signal.aborted) return;
    this.#isFullTold = true;
    const { name, report } = this.#options;
    report(`Too many decision records wait for ${name}; new ones are dropped. See status().audit.`);
  }
}
