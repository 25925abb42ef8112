import type { DecisionEvent } from '../events/decision-event.ts';
import type { RecordedContext } from '../events/decision-record.ts';
import { ownField } from '../events/own-field.ts';
import type { DroppedRecords, RecordCounts } from './audit-status.ts';

/** A decision that waits to be written. It becomes a record then: what is dropped need not be one. */
export interface QueuedRecord {
  readonly event: DecisionEvent;
  readonly context: RecordedContext | undefined;
  /** About how many bytes it takes, in memory or written. */
  readonly bytes: number;
}

const MOST_RECORDS = 10_000;
const MOST_BYTES = 16 * 1024 * 1024;
const MOST_BATCH_BYTES = 1024 * 1024;
// Names of fields, ids and times; names of policies and rules are shared by all records.
const FIXED_BYTES = 512;
const CHARACTER_BYTES = 2;

function contextLength(context: RecordedContext): number {
  let length = 0;
  for (const [key, value] of Object.entries(context)) length += key.length + String(value).length;
  return length;
}

/** A decision as it is queued. */
export function queuedRecord(event: DecisionEvent, context: RecordedContext | undefined): QueuedRecord {
  const { action, resource } = event;
  const agent = ownField(event, 'agentId')?.length ?? 0;
  const requested = ownField(event, 'fallback')?.requested.length ?? 0;
  const names = action.length + resource.length + agent + requested;
  const characters = names + (context ? contextLength(context) : 0);
  return { event, context, bytes: FIXED_BYTES + CHARACTER_BYTES * characters };
}

/**
 * Records that wait for one sink, at most 10,000 of them or 16 MiB. What does not fit is dropped, the
 * newest first; nothing leaves without being counted.
 */
export class RecordQueue {
  readonly #dropped = { queueFull: 0, refused: 0, closed: 0 };
  #records: QueuedRecord[] = [];
  #bytes = 0;
  #left = 0;
  #emitted = 0;
  #delivered = 0;
  #isClosed = false;

  get length(): number {
    return this.#records.length;
  }

  get isFull(): boolean {
    return this.#records.length >= MOST_RECORDS || this.#bytes >= MOST_BYTES;
  }

  /** So many were taken in so far. */
  get accepted(): number {
    return this.#left + this.#records.length;
  }

  /** So many of them have left, delivered or dropped. */
  get left(): number {
    return this.#left;
  }

  get counts(): RecordCounts & { readonly droppedBy: DroppedRecords } {
    const droppedBy = { ...this.#dropped };
    const dropped = droppedBy.queueFull + droppedBy.refused + droppedBy.closed;
    return { emitted: this.#emitted, delivered: this.#delivered, dropped, queued: this.#records.length, droppedBy };
  }

  /** @returns false when the record was dropped instead */
  add(record: QueuedRecord): boolean {
    this.#emitted += 1;
    if (this.#isClosed) this.#dropped.closed += 1;
    else if (this.isFull) this.#dropped.queueFull += 1;
    else {
      this.#records.push(record);
      this.#bytes += record.bytes;
      return true;
    }
    return false;
  }

  /** So many records found no room before there was a queue. */
  countDropped(count: number): void {
    this.#emitted += count;
    this.#dropped.queueFull += count;
  }

  /** The oldest records, so many of them or 1 MiB; at least one. They stay in the queue. */
  oldest(most: number): readonly QueuedRecord[] {
    let count = 0;
    for (let bytes = 0; count < Math.min(most, this.#records.length); count += 1) {
      bytes += this.#records[count]?.bytes ?? 0;
      if (bytes > MOST_BATCH_BYTES && count > 0) break;
    }
    return this.#records.slice(0, count);
  }

  /** The oldest records were taken, all but so many that were refused. */
  deliver(count: number, refused: number): void {
    this.#remove(count);
    this.#delivered += count - refused;
    this.#dropped.refused += refused;
  }

  /** The oldest record was refused for good. */
  refuse(): void {
    this.deliver(1, 1);
  }

  /** Drops what is left and takes nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#dropped.closed += this.#records.length;
    this.#remove(this.#records.length);
  }

  #remove(count: number): void {
    this.#left += count;
    for (const { bytes } of this.#records.splice(0, count)) this.#bytes -= bytes;
  }
}
