/**
 * OpenTelemetry: decisions in traces, and metrics of decisions, policy and sync.
 *
 * @module @controlzero/sdk/otel
 */
export { activeTraceContext } from './active-trace-context.ts';
export { instrumentControlZero } from './instrument-control-zero.ts';
export type { DecisionSpans, InstrumentControlZeroOptions } from './instrumentation-options.ts';
