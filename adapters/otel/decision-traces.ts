import type { Span, Tracer } from '@opentelemetry/api';
import { SpanStatusCode, trace } from '@opentelemetry/api';

import type { DecisionEvent } from '../../src/index.ts';
import { VERSION, isUndecided } from '../../src/index.ts';
import { decisionAttributes } from './decision-attributes.ts';
import type { DecisionSpans, InstrumentControlZeroOptions } from './instrumentation-options.ts';

/** The instrumentation scope of everything that is told to OpenTelemetry. */
export const SCOPE = '@controlzero/sdk';

const DECISION = 'controlzero.decision';
// On every span with a denial, so that one search finds them all, and a sampler can keep their traces.
const DENIED = 'controlzero.denied';

const isEnforcedDenial = ({ decision, enforced }: DecisionEvent): boolean => !decision.allowed && enforced;

function addEvent(span: Span, event: DecisionEvent): void {
  span.addEvent(DECISION, decisionAttributes(event));
  if (isEnforcedDenial(event)) span.setAttribute(DENIED, true);
}

/** Puts decisions into traces: as events on the span that is active around a call, or as spans. */
export class DecisionTraces {
  readonly #tracer: Tracer;
  readonly #spans: DecisionSpans | undefined;

  constructor({ tracerProvider = trace.getTracerProvider(), spans }: InstrumentControlZeroOptions) {
    this.#tracer = tracerProvider.getTracer(SCOPE, VERSION);
    this.#spans = spans;
  }

  /** To be called where the decision is made, because the active span is looked up here. */
  add(event: DecisionEvent): void {
    const active = trace.getActiveSpan();
    // A span that has ended, or that is not sampled, takes no events.
    const recording = active?.isRecording() === true ? active : undefined;
    if (this.#getsSpan(event, recording)) this.#addSpan(event);
    else if (recording) addEvent(recording, event);
  }

  #getsSpan({ decision }: DecisionEvent, recording: Span | undefined): boolean {
    if (this.#spans === 'all') return true;
    return !decision.allowed && (this.#spans === 'denials' || !recording);
  }

  #addSpan(event: DecisionEvent): void {
    const { at, latencyMs, decision } = event;
    const attributes = decisionAttributes(event);
    if (isEnforcedDenial(event)) attributes[DENIED] = true;
    // A denial by the policy is an answer, as 403 is one of a server. Having nothing to decide by is a failure.
    const isFailure = isUndecided(decision);
    if (isFailure) attributes['error.type'] = decision.reasonCode;
    const span = this.#tracer.startSpan(DECISION, { attributes, startTime: at });
    if (isFailure) span.setStatus({ code: SpanStatusCode.ERROR, message: decision.reasonCode });
    span.end(at + latencyMs);
  }
}
