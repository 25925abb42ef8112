import type { ControlZero } from '../../src/index.ts';
import { DecisionMetrics } from './decision-metrics.ts';
import { DecisionTraces } from './decision-traces.ts';
import type { InstrumentControlZeroOptions } from './instrumentation-options.ts';
import { checkInstrumentation } from './instrumentation-options.ts';

interface Instrumentation {
  users: number;
  readonly stop: () => void;
}

const running = new WeakMap<ControlZero, Instrumentation>();

function start(cz: ControlZero, options: InstrumentControlZeroOptions): Instrumentation {
  const stops: (() => void)[] = [];
  // Two listeners, so that a fault of the one leaves the other alone.
  if (options.traces !== false) {
    const traces = new DecisionTraces(options);
    stops.push(cz.onDecision((event) => traces.add(event), { immediate: true }));
  }
  if (options.metrics !== false) {
    const metrics = new DecisionMetrics(cz, options);
    stops.push(cz.onDecision((event) => metrics.add(event), { immediate: true }));
    stops.push(() => metrics.stop());
  }
  return { users: 0, stop: () => stops.forEach((stop) => stop()) };
}

/**
 * Tells OpenTelemetry what a client decides: an event `controlzero.decision` on the span that is active
 * around each call, and metrics of decisions, denials, the age of the policy and failures of its sync.
 * Attributes are ids and names; no prompt and no text of a rule is among them.
 *
 * Without an SDK nobody is told and nothing is kept. What OpenTelemetry throws goes to the logger of the client and
 * never breaks a call. A client that is instrumented twice is told once, with the options of the first
 * time, until both are over.
 *
 * @returns a function that ends it
 * @throws {TypeError} when `cz` is no `ControlZero`, or an option is unknown or of the wrong kind
 *
 * @example
 * ```ts
 * import { init } from '@controlzero/sdk';
 * import { activeTraceContext, instrumentControlZero } from '@controlzero/sdk/otel';
 *
 * const cz = await init({ traceContext: activeTraceContext });
 * const stop = instrumentControlZero(cz);
 * ```
 */
export function instrumentControlZero(cz: ControlZero, options: InstrumentControlZeroOptions = {}): () => void {
  checkInstrumentation(cz, options);
  const instrumentation = running.get(cz) ?? start(cz, options);
  running.set(cz, instrumentation);
  instrumentation.users += 1;
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    instrumentation.users -= 1;
    if (instrumentation.users > 0) return;
    running.delete(cz);
    instrumentation.stop();
  };
}
