import type { DecisionEvent } from '../events/decision-event.ts';
import type { RecordedContext } from '../events/decision-record.ts';
import type { Logger } from '../logger.ts';
import type { Clock } from '../sync/clock.ts';
import { isFrozenBetweenRequests, waitUntil } from '../sync/wait-until.ts';
import type { AuditStatus, SinkStatus } from './audit-status.ts';
import { flushBeforeExit, nothingToFlush } from './flush-before-exit.ts';
import { queuedRecord } from './record-queue.ts';
import type { RecordSink, WriteRecords } from './record-sink.ts';
import { SinkFlusher } from './sink-flusher.ts';

/** What a log is made of. */
export interface DecisionLogOptions {
  readonly sinks: readonly (RecordSink | WriteRecords)[];
  /** Whether the source of the policy brings one more sink, later. */
  readonly expectsSink: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

const EXPECTED_NAME = 'control-plane';

function sinkOf(given: RecordSink | WriteRecords): RecordSink {
  return typeof given === 'function' ? { name: given.name || 'function', write: given } : given;
}

function sum(sinks: readonly SinkStatus[], key: 'emitted' | 'delivered' | 'dropped' | 'queued'): number {
  return sinks.reduce((total, sink) => total + sink[key], 0);
}

/** Records decisions in every sink, each with a queue of its own, so that a dead one stops no other. */
export class DecisionLog {
  readonly #options: DecisionLogOptions;
  readonly #flushers: SinkFlusher[] = [];
  readonly #expected: SinkFlusher | undefined;

  constructor(options: DecisionLogOptions) {
    this.#options = options;
    for (const sink of options.sinks.map(sinkOf)) this.#open(sink.name).attach(sink);
    if (options.expectsSink) this.#expected = this.#open(EXPECTED_NAME);
  }

  get status(): Omit<AuditStatus, 'required'> {
    const sinks = this.#flushers.map(({ status }) => status);
    const flushes = sinks.map(({ lastFlushAt }) => lastFlushAt).filter((at) => at !== null);
    const errors = sinks.map(({ lastError }) => lastError).filter((error) => error !== null);
    return {
      emitted: sum(sinks, 'emitted'),
      delivered: sum(sinks, 'delivered'),
      dropped: sum(sinks, 'dropped'),
      queued: sum(sinks, 'queued'),
      lastFlushAt: flushes.length > 0 ? Math.max(...flushes) : null,
      lastError: errors.toSorted((left, right) => right.at - left.at)[0] ?? null,
      sinks,
    };
  }

  /** The sink that the source of the policy brings is there. */
  attach(sink: RecordSink): void {
    this.#expected?.attach(sink);
  }

  /** @returns whether at least one sink will get the record */
  add(event: DecisionEvent, context: RecordedContext | undefined): boolean {
    const record = queuedRecord(event, context);
    let isTaken = false;
    for (const flusher of this.#flushers) isTaken = flusher.add(record) || isTaken;
    return isTaken;
  }

  /** So many decisions were dropped before there was a log. */
  countDropped(count: number): void {
    for (const flusher of this.#flushers) flusher.countDropped(count);
  }

  /** Writes what is queued. Resolves when that is done, or has failed. */
  async flush(): Promise<void> {
    await Promise.all(this.#flushers.map(async (flusher) => flusher.flush()));
  }

  /** The last attempt. */
  async flushLast(): Promise<void> {
    await Promise.all(this.#flushers.map(async (flusher) => flusher.flushLast()));
  }

  /** Takes nothing more, and drops what was not delivered. */
  close(): void {
    for (const flusher of this.#flushers) flusher.close();
  }

  #open(name: string): SinkFlusher {
    const flusher = new SinkFlusher({
      name,
      clock: this.#options.clock,
      report: (message) => this.#report(message),
      waiting: (isWaiting) => {
        if (isWaiting) this.#begun(flusher);
        else nothingToFlush(flusher);
      },
    });
    this.#flushers.push(flusher);
    return flusher;
  }

  // A flusher has something to write.
  #begun(flusher: SinkFlusher): void {
    flushBeforeExit(flusher);
    // Timers stand still there between requests.
    if (isFrozenBetweenRequests()) waitUntil(nextTurn().then(async () => flusher.flush()));
  }

  // A logger that throws must not end the flusher.
  #report(message: string): void {
    try {
      this.#options.logger.error(message);
    } catch {
      // There is nobody else to tell.
    }
  }
}

async function nextTurn(): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve);
  });
}
