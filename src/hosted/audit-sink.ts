import { PolicyUnavailableError } from '../errors.ts';
import type { DecisionRecord } from '../events/decision-record.ts';
import { findBuiltin } from '../node/builtin.ts';
import type { RecordSink, WriteRecordsOptions, WriteResult } from '../records/record-sink.ts';
import { auditEntry } from './audit-entry.ts';
import type { Exchange } from './exchange.ts';
import { ROUTES } from './protocol.ts';

/** What the sink of a control plane is made of. */
export interface AuditSinkOptions {
  readonly exchange: Exchange;
  /** The project that the API key is of, as the control plane says. */
  readonly projectId: (signal: AbortSignal) => Promise<string>;
}

const FLUSH_INTERVAL_MS = 30_000;
const FLUSH_AT = 50;
const MOST_BYTES = 1024 * 1024;
const MOST_BYTES_OF_CHARACTER = 3;
const MAX_ANSWER_BYTES = 64 * 1024;

function tooMuch(): PolicyUnavailableError {
  return new PolicyUnavailableError({
    message: 'The control plane takes 1 MiB of records at a time.',
    kind: 'too_large',
    httpStatus: 413,
  });
}

// Encoding is the only way to know, and not needed for a text that is far too short.
function isTooMuch(body: string): boolean {
  return body.length * MOST_BYTES_OF_CHARACTER > MOST_BYTES && new TextEncoder().encode(body).length > MOST_BYTES;
}

function droppedIn(body: Uint8Array): number {
  try {
    const { dropped } = JSON.parse(new TextDecoder().decode(body)) as { readonly dropped?: unknown };
    return Number.isSafeInteger(dropped) ? Math.max(dropped as number, 0) : 0;
  } catch {
    // It has taken them, whatever else it says.
    return 0;
  }
}

/** Sends records to the control plane that the policy comes from. */
export class AuditSink implements RecordSink {
  readonly name: string = 'control-plane';
  readonly flushIntervalMs: number = FLUSH_INTERVAL_MS;
  readonly flushAt: number = FLUSH_AT;
  readonly #options: AuditSinkOptions;
  readonly #hostname = findBuiltin('node:os')?.hostname() ?? '';
  #isRepeated = false;

  constructor(options: AuditSinkOptions) {
    this.#options = options;
  }

  /** @throws {PolicyUnavailableError} when the records were not taken */
  async write(records: readonly DecisionRecord[], { signal }: WriteRecordsOptions): Promise<WriteResult> {
    const { exchange, projectId } = this.#options;
    const origin = { projectId: await projectId(signal), hostname: this.#hostname };
    const body = JSON.stringify({ entries: records.map((record) => auditEntry(record, origin)) });
    if (isTooMuch(body)) throw tooMuch();
    const mayBeKnown = this.#isRepeated;
    this.#isRepeated = true;
    const request = { method: 'POST', path: ROUTES.audit, body, maxBytes: MAX_ANSWER_BYTES, signal } as const;
    const answer = await exchange.send(request);
    this.#isRepeated = false;
    // Of records that are sent again, those that are known already may count as dropped there.
    return { refused: mayBeKnown ? 0 : droppedIn(answer.body) };
  }
}
