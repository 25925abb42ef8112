import type {
  Attributes,
  MeterProvider as APIMeterProvider,
  TracerProvider as APITracerProvider,
} from '@opentelemetry/api';
import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import type { DataPoint, Histogram, MetricData } from '@opentelemetry/sdk-metrics';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import * as tracing from '@opentelemetry/sdk-trace';
import type { ReadableSpan, Sampler, SpanProcessor, TracerProviderOptions } from '@opentelemetry/sdk-trace';
import { onTestFinished } from 'vitest';

/** Whether these tests run on the oldest OpenTelemetry that is supported. */
export const isOldest: boolean = process.env['OPENTELEMETRY'] === 'oldest';

/** One number of a metric. */
export interface MetricPoint {
  readonly attributes: Attributes;
  readonly value: number;
}

/** A real SDK that keeps in memory what it is told. */
export interface TelemetryStage {
  readonly tracerProvider: APITracerProvider;
  readonly meterProvider: APIMeterProvider;
  /** The spans that have ended, in order. */
  spans(): readonly ReadableSpan[];
  /** Runs something inside an active span of the application. */
  inSpan<Result>(name: string, run: () => Promise<Result>): Promise<Result>;
  /** Collects the metrics, and gives the numbers of one; of a histogram, how many there were. */
  points(metric: string): Promise<readonly MetricPoint[]>;
  /** Collects the metrics, and gives the histograms of one. */
  histograms(metric: string): Promise<readonly DataPoint<Histogram>[]>;
  /** Name, unit and description of every metric that was collected. */
  metrics(): Promise<readonly { readonly name: string; readonly unit: string; readonly description: string }[]>;
}

/** What of it becomes global. */
export interface TelemetryStageOptions {
  /** Registers the SDK as the one of the process, until the test is over. Default: true. */
  readonly isGlobal?: boolean;
  readonly sampler?: Sampler;
}

type Provider = APITracerProvider & { shutdown(): Promise<void> };

// Both classes were given other names and forms later.
function openTracing(exporter: tracing.InMemorySpanExporter, options: TracerProviderOptions): Provider {
  const Processor = tracing.SimpleSpanProcessor as unknown as new (options: unknown) => SpanProcessor;
  const spanProcessors = [new Processor(isOldest ? exporter : { exporter })];
  const name = isOldest ? 'BasicTracerProvider' : 'TracerProvider';
  const Provider = Reflect.get(tracing, name) as new (options: TracerProviderOptions) => Provider;
  return new Provider({ ...options, spanProcessors });
}

function register(providers: { readonly tracerProvider: Provider; readonly meterProvider: MeterProvider }): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(providers.tracerProvider);
  metrics.setGlobalMeterProvider(providers.meterProvider);
  onTestFinished(() => {
    context.disable();
    trace.disable();
    metrics.disable();
  });
}

/** Sets an SDK up for the running test. */
export function telemetryStage({ isGlobal = true, sampler }: TelemetryStageOptions = {}): TelemetryStage {
  const spanExporter = new tracing.InMemorySpanExporter();
  const tracerProvider = openTracing(spanExporter, sampler ? { sampler } : {});
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 2 ** 30 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  if (isGlobal) register({ tracerProvider, meterProvider });
  onTestFinished(async () => {
    await tracerProvider.shutdown();
    await meterProvider.shutdown();
  });
  const collect = async (): Promise<readonly MetricData[]> => {
    metricExporter.reset();
    await reader.forceFlush();
    return metricExporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
  };
  const pointsOf = async (name: string): Promise<readonly DataPoint<unknown>[]> =>
    (await collect()).flatMap(({ descriptor, dataPoints }): readonly DataPoint<unknown>[] =>
      descriptor.name === name ? dataPoints : [],
    );
  return {
    tracerProvider,
    meterProvider,
    spans: () => spanExporter.getFinishedSpans(),
    inSpan: async (name, run) =>
      tracerProvider.getTracer('application').startActiveSpan(name, async (span) => run().finally(() => span.end())),
    points: async (name) =>
      (await pointsOf(name)).map(({ attributes, value }) => ({
        attributes,
        value: typeof value === 'number' ? value : (value as Histogram).count,
      })),
    histograms: async (name) => (await pointsOf(name)) as readonly DataPoint<Histogram>[],
    metrics: async () =>
      (await collect()).map(({ descriptor: { name, unit, description } }) => ({ name, unit, description })),
  };
}
