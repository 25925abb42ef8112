import type { Attributes } from '@opentelemetry/api';
import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import type { Histogram } from '@opentelemetry/sdk-metrics';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

/** A telemetry that stays in the process. */
export interface LocalTelemetry {
  /** What it was told, as text. */
  report(): Promise<string>;
  shutdown(): Promise<void>;
}

function pairs(attributes: Attributes = {}): string[] {
  return Object.entries(attributes).map(([name, value]) => `${name}=${String(value)}`);
}

// A line for what happened, and one for each attribute.
function told(title: string, attributes: Attributes | undefined, indent: string): string[] {
  return [indent + title, ...pairs(attributes).map((pair) => `${indent}    ${pair}`)];
}

/**
 * Sets up OpenTelemetry with exporters that keep everything in memory. An application has one that sends
 * in their place, or `NodeSDK` of `@opentelemetry/sdk-node`, which sets up all of it.
 */
export function startTelemetry(): LocalTelemetry {
  const spans = new InMemorySpanExporter();
  const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spans })] });
  const numbers = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: numbers });
  const meterProvider = new MeterProvider({ readers: [reader] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(tracerProvider);
  metrics.setGlobalMeterProvider(meterProvider);
  return {
    report: async () => {
      await reader.forceFlush();
      const traces = spans
        .getFinishedSpans()
        .flatMap(({ name, attributes, events }) =>
          told(`span "${name}"`, attributes, '').concat(
            events.flatMap((event) => told(`event "${event.name}"`, event.attributes, '  ')),
          ),
        );
      const counts = numbers
        .getMetrics()
        .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
        .flatMap(({ descriptor: { name }, dataPoints }) =>
          dataPoints.map(({ attributes, value }) => {
            const number = typeof value === 'number' ? value : (value as Histogram).count;
            return [`${name}: ${number}`, ...pairs(attributes)].join(' ');
          }),
        );
      return [...traces, ...counts].join('\n');
    },
    shutdown: async () => {
      await tracerProvider.shutdown();
      await meterProvider.shutdown();
    },
  };
}
