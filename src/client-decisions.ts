import type { ClientSecrets } from './client-secrets.ts';
import { decisionMade } from './decision-made.ts';
import { messageOf } from './errors.ts';
import type { DecisionEvent, TraceContext } from './events/decision-event.ts';
import type { ListenOptions, Listener } from './events/emitter.ts';
import { Emitter } from './events/emitter.ts';
import type { Judgement } from './judge.ts';
import type { ResolvedOptions } from './options.ts';
import type { Clock } from './sync/clock.ts';

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
  readonly denied?: Judgement;
  readonly adapter?: string | undefined;
  /** What `begin()` gave when the request was first looked at. */
  readonly begunAt: number;
}

/** The part of a client that tells which decisions it made. While nobody wants to know it costs nothing. */
export class ClientDecisions {
  readonly #options: ClientDecisionsOptions;
  readonly #events: Emitter<DecisionEvent>;
  #failedTraces = 0;

  constructor(options: ClientDecisionsOptions) {
    this.#options = options;
    this.#events = new Emitter(options.report);
  }

  get events(): { readonly queued: number; readonly dropped: number } {
    const { queued, dropped } = this.#events;
    return { queued, dropped };
  }

  on(listener: Listener<DecisionEvent>, options?: ListenOptions): () => void {
    return this.#events.on(listener, options);
  }

  /** The moment from which the time of a decision counts; reads no clock while nobody wants to know. */
  begin(): number {
    return this.#events.hasListeners ? this.#options.clock.elapsed() : 0;
  }

  /** Tells the listeners of a decision. */
  tell({ judgement, denied, adapter, begunAt }: ToldDecision): void {
    if (!this.#events.hasListeners) return;
    const { options, secrets, clock } = this.#options;
    // Whoever began to listen in the meantime has no beginning to measure from.
    const latencyMs = begunAt === 0 ? 0 : clock.elapsed() - begunAt;
    const { mode } = options;
    const trace = this.#trace();
    this.#events.emit(decisionMade({ judgement, denied, adapter, mode, secrets, trace, at: Date.now(), latencyMs }));
  }

  async flush(): Promise<void> {
    await this.#events.flush();
  }

  #trace(): TraceContext | undefined {
    try {
      return readTrace(this.#options.options.traceContext?.());
    } catch (error) {
      // It would fail at every call; an operator needs to hear it once.
      if (this.#failedTraces === 0) this.#options.options.logger.error(`traceContext() failed: ${messageOf(error)}`);
      this.#failedTraces += 1;
      return undefined;
    }
  }
}

// A copy of the two ids: what comes may be a living object of a tracing library.
function readTrace(given: TraceContext | undefined): TraceContext | undefined {
  if (typeof given?.traceId !== 'string' || typeof given.spanId !== 'string') return undefined;
  return { traceId: given.traceId, spanId: given.spanId };
}
