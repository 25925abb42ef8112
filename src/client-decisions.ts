import type { ClientSecrets } from './client-secrets.ts';
import { decisionMade } from './decision-made.ts';
import { ConfigurationError, messageOf } from './errors.ts';
import type { DecisionEvent, TraceContext } from './events/decision-event.ts';
import type { RecordedContext } from './events/decision-record.ts';
import type { ListenOptions, Listener } from './events/emitter.ts';
import { Emitter } from './events/emitter.ts';
import type { Judgement } from './judge.ts';
import type { ResolvedOptions } from './options.ts';
import type { Decision } from './policy/decision.ts';
import { createDecision } from './policy/decision.ts';
import { recordedContext } from './recorded-context.ts';
import type { AuditStatus } from './records/audit-status.ts';
import type { DecisionLog } from './records/decision-log.ts';
import type { PolicySource } from './sources/source.ts';
import type { Clock } from './sync/clock.ts';
import { CLOSING_MS, withLimits } from './with-limits.ts';

/** What the decisions of a client are told with. */
export interface ClientDecisionsOptions {
  readonly options: ResolvedOptions;
  readonly secrets: ClientSecrets;
  readonly clock: Clock;
  readonly report: (error: unknown) => void;
}

/** A decision that was made, and how it came about. */
export interface ToldDecision {
  readonly judgement: Judgement;
  /** The denial that this decision is a fallback for. */
  readonly denied?: Judgement | undefined;
  readonly adapter?: string | undefined;
  /** What `begin()` gave when the request was first looked at. */
  readonly begunAt: number;
}

interface Held {
  readonly event: DecisionEvent;
  readonly context: RecordedContext | undefined;
}

const MOST_HELD = 10_000;
const UNRECORDED = createDecision({
  effect: 'deny',
  reasonCode: 'AUDIT_UNAVAILABLE',
  reason: 'The decision cannot be recorded, and audit is "required".',
});

// Whether the source that will be picked brings a sink of its own.
function expectsSink({ logDecisions, source, policy, policyFile, apiKey }: ResolvedOptions): boolean {
  if (!logDecisions) return false;
  if (source) return source.openRecords !== undefined;
  return apiKey !== undefined && policy === undefined && policyFile === undefined;
}

/**
 * The part of a client that tells and records which decisions it made. While nobody wants to know it
 * costs nothing; what records is loaded when there is something to record.
 */
export class ClientDecisions {
  readonly #options: ClientDecisionsOptions;
  readonly #events: Emitter<DecisionEvent>;
  readonly #expectsSink: boolean;
  readonly #isRecording: boolean;
  readonly #isRequired: boolean;
  readonly #isAlwaysWatched: boolean;
  #opening: Promise<DecisionLog> | undefined;
  #log: DecisionLog | undefined;
  // What was decided before the log was loaded.
  #held: Held[] = [];
  #heldDropped = 0;
  #hasFailedTrace = false;

  constructor(options: ClientDecisionsOptions) {
    this.#options = options;
    this.#events = new Emitter(options.report);
    const { records, audit } = options.options;
    this.#expectsSink = expectsSink(options.options);
    this.#isRequired = audit === 'required';
    this.#isRecording = records.length > 0 || this.#expectsSink;
    this.#isAlwaysWatched = this.#isRecording || this.#isRequired;
  }

  get events(): { readonly queued: number; readonly dropped: number } {
    const { queued, dropped } = this.#events;
    return { queued, dropped };
  }

  /** Delivery of records; null where there is nowhere to deliver them to. */
  get audit(): AuditStatus | null {
    if (!this.#isRecording) return null;
    const required = this.#isRequired;
    if (this.#log) return { required, ...this.#log.status };
    const sinks = this.#options.options.records.length + (this.#expectsSink ? 1 : 0);
    const queued = this.#held.length * sinks;
    const dropped = this.#heldDropped * sinks;
    const emitted = queued + dropped;
    return { required, emitted, delivered: 0, dropped, queued, lastFlushAt: null, lastError: null, sinks: [] };
  }

  on(listener: Listener<DecisionEvent>, options?: ListenOptions): () => void {
    return this.#events.on(listener, options);
  }

  /** Gets ready what records, with the sink that the source brings. */
  async connect(source: PolicySource): Promise<void> {
    if (!this.#isRecording) return;
    const log = await this.#open();
    if (this.#expectsSink && source.openRecords) log.attach(await source.openRecords());
  }

  /** @throws {ConfigurationError} `ERR_CZ_CONFIGURATION` when records are required and have nowhere to go */
  checkSinks(): void {
    if (!this.#isRequired || this.#isRecording) return;
    throw new ConfigurationError(
      'audit is "required" and decisions have nowhere to be recorded. Give the records option a sink, such as recordFile() of @controlzero/sdk/node, or use a hosted policy. Until then every call is denied.',
    );
  }

  /** Whether anybody wants to know of decisions. */
  get isWatched(): boolean {
    return this.#isAlwaysWatched || this.#events.hasListeners;
  }

  /** The moment from which the time of a decision counts; reads no clock while nobody wants to know. */
  begin(): number {
    return this.isWatched ? this.#options.clock.elapsed() : 0;
  }

  /**
   * Records a decision and tells the listeners of it.
   * @returns the decision that holds: a denial where it has to be recorded and cannot be
   */
  tell(told: ToldDecision): Decision {
    // Small enough to cost nothing where nobody wants to know.
    return this.isWatched ? this.#tellAll(told) : told.judgement.decision;
  }

  #tellAll(told: ToldDecision): Decision {
    const { decision } = told.judgement;
    const event = this.#eventOf(told);
    const isRecorded = this.#isRecording && this.#record(event, told.judgement);
    if (isRecorded || !this.#isRequired || !decision.allowed) {
      this.#events.emit(event);
      return decision;
    }
    const { fallback: _, ...others } = event;
    this.#events.emit({ ...others, decision: UNRECORDED, enforced: event.mode === 'enforce' });
    return UNRECORDED;
  }

  /** Resolves when all events so far were handed to the listeners and all records to their sinks, or could not be. */
  async flush(): Promise<void> {
    const log = this.#held.length > 0 ? await this.#open() : this.#log;
    await Promise.all([this.#events.flush(), log?.flush()]);
  }

  /** Makes a last attempt to deliver records, for two seconds at most. Later decisions are counted as dropped. */
  async close(): Promise<void> {
    await this.#events.flush();
    if (!this.#isRecording) return;
    const log = await this.#open();
    await withLimits(log.flushLast(), { timeoutMs: CLOSING_MS }).catch(() => undefined);
    log.close();
  }

  async #open(): Promise<DecisionLog> {
    this.#opening ??= this.#load();
    return this.#opening;
  }

  async #load(): Promise<DecisionLog> {
    const { DecisionLog: Log } = await import('./records/decision-log.ts');
    const { options, clock } = this.#options;
    const log = new Log({ sinks: options.records, expectsSink: this.#expectsSink, clock, logger: options.logger });
    for (const { event, context } of this.#held) log.add(event, context);
    this.#held = [];
    log.countDropped(this.#heldDropped);
    this.#log = log;
    return log;
  }

  #eventOf({ judgement, denied, adapter, begunAt }: ToldDecision): DecisionEvent {
    const { options, secrets, clock } = this.#options;
    // Whoever began to listen in the meantime has no beginning to measure from.
    const latencyMs = begunAt === 0 ? 0 : clock.elapsed() - begunAt;
    const { mode } = options;
    return decisionMade({ judgement, denied, adapter, mode, secrets, trace: this.#trace(), at: Date.now(), latencyMs });
  }

  #record(event: DecisionEvent, judgement: Judgement): boolean {
    const { options, secrets } = this.#options;
    const keys = options.recordContext;
    const context = keys.length > 0 ? recordedContext(judgement, keys, (text) => secrets.redact(text)) : undefined;
    if (this.#log) return this.#log.add(event, context);
    void this.#open().catch(() => undefined);
    if (this.#held.length < MOST_HELD) {
      this.#held.push({ event, context });
      return true;
    }
    this.#heldDropped += 1;
    return false;
  }

  #trace(): TraceContext | undefined {
    try {
      return readTrace(this.#options.options.traceContext?.());
    } catch (error) {
      // It would fail at every call; an operator needs to hear it once.
      if (!this.#hasFailedTrace) this.#options.options.logger.error(`traceContext() failed: ${messageOf(error)}`);
      this.#hasFailedTrace = true;
      return undefined;
    }
  }
}

// A copy of the two ids: what comes may be a living object of a tracing library.
function readTrace(given: TraceContext | undefined): TraceContext | undefined {
  if (typeof given?.traceId !== 'string' || typeof given.spanId !== 'string') return undefined;
  return { traceId: given.traceId, spanId: given.spanId };
}
