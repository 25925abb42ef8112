import { isSpanContextValid, trace } from '@opentelemetry/api';

import type { TraceContext } from '../../src/index.ts';

/**
 * The ids of the span that is active in OpenTelemetry; undefined when none is. Given to a client as its
 * option `traceContext`, it puts them into every decision event and decision record.
 *
 * @example
 * ```ts
 * import { init } from '@controlzero/sdk';
 * import { activeTraceContext } from '@controlzero/sdk/otel';
 *
 * const cz = await init({ traceContext: activeTraceContext });
 * ```
 */
export function activeTraceContext(): TraceContext | undefined {
  const active = trace.getActiveSpan()?.spanContext();
  return active && isSpanContextValid(active) ? { traceId: active.traceId, spanId: active.spanId } : undefined;
}
