import type { ControlZero } from '@controlzero/sdk';
import { init } from '@controlzero/sdk';
import { wrapOpenAI } from '@controlzero/sdk/openai';
import type { InstrumentControlZeroOptions } from '@controlzero/sdk/otel';
import { activeTraceContext, instrumentControlZero } from '@controlzero/sdk/otel';
import type { Tracer } from '@opentelemetry/api';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { AlwaysOffSampler, NoopSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import OpenAI from 'openai';

import { modelAllowlist } from '../test/support/specification-policies.ts';
import type { Bench, BenchCase, BenchGroup } from './bench-case.ts';
import { asyncCase, syncCase } from './bench-case.ts';
import { FetchStub } from './fetch-stub.ts';
import { inContexts } from './in-contexts.ts';

const REQUEST = { action: 'llm.generate', resource: 'model/gpt-4', context: { agent_id: 'support' } };
// As many decisions as a request of an application may cause.
const DECISIONS_PER_SPAN = 10;

/** Keeps what it is told, and asks for it never. */
class IdleReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {
    return undefined;
  }
  protected override async onShutdown(): Promise<void> {
    return undefined;
  }
}

const sampled = new TracerProvider({ spanProcessors: [new NoopSpanProcessor()] });
const unsampled = new TracerProvider({ sampler: new AlwaysOffSampler() });
const meterProvider = new MeterProvider({ readers: [new IdleReader()] });

async function client(options?: InstrumentControlZeroOptions): Promise<ControlZero> {
  const cz = await init({ policy: modelAllowlist, ...(options && { traceContext: activeTraceContext }) });
  if (options) instrumentControlZero(cz, options);
  return cz;
}

function inSpans({ name, run }: BenchCase, tracer: Tracer): BenchCase {
  return {
    name,
    run: async (times) =>
      inContexts(async () => {
        let last: unknown;
        for (let left = times; left > 0; left -= DECISIONS_PER_SPAN)
          last = await tracer.startActiveSpan('request', async (span) => {
            await run(Math.min(left, DECISIONS_PER_SPAN));
            span.end();
          });
        return last;
      }),
  };
}

async function deciding(): Promise<BenchGroup> {
  const evaluating = (name: string, cz: ControlZero): BenchCase => syncCase(name, () => cz.evaluate(REQUEST));
  const heard = await client();
  heard.onDecision(() => undefined, { immediate: true });
  const providers = { tracerProvider: sampled, meterProvider };
  const traced = async (name: string, options: InstrumentControlZeroOptions): Promise<BenchCase> =>
    inSpans(evaluating(name, await client({ ...providers, ...options })), sampled.getTracer('bench'));
  const quiet = { ...providers, tracerProvider: unsampled };
  return {
    title: 'One decision, and what tells of it',
    cases: [
      evaluating('cz.evaluate()', await client()),
      inSpans(evaluating('cz.evaluate(), in spans', await client()), sampled.getTracer('bench')),
      evaluating('an empty listener', heard),
      evaluating('instrumented, no SDK', await client({})),
      await traced('SDK: events only', { metrics: false }),
      await traced('SDK: metrics only', { traces: false }),
      await traced('SDK: events and metrics', {}),
      await traced('SDK: spans and metrics', { spans: 'all' }),
      inSpans(evaluating('SDK: unsampled trace, metrics', await client(quiet)), unsampled.getTracer('bench')),
    ],
  };
}

async function calling(): Promise<BenchGroup> {
  const stub = new FetchStub();
  const openai = new OpenAI({ apiKey: 'local', fetch: stub.fetch });
  const ask = (cz: ControlZero): (() => Promise<unknown>) => {
    const governed = wrapOpenAI(openai, cz, { agentId: 'support' });
    return async () =>
      governed.chat.completions.create({ model: 'gpt-4', messages: [{ role: 'user', content: 'Hello' }] });
  };
  const plain = ask(await client());
  const told = ask(await client({ tracerProvider: sampled, meterProvider }));
  const tracer = sampled.getTracer('bench');
  return {
    title: 'One call of the OpenAI client in front of a stub, and what tells of it',
    cases: [
      asyncCase('wrapOpenAI()', plain),
      inSpans(asyncCase('wrapOpenAI(), in spans', plain), tracer),
      asyncCase('instrumented, no SDK', ask(await client({}))),
      inSpans(asyncCase('SDK: events and metrics', told), tracer),
    ],
  };
}

/** What a decision costs when OpenTelemetry is told of it, without an SDK and with one. */
export const openTelemetry: Bench = {
  name: 'opentelemetry',
  open: async () => [await deciding(), await calling()],
};
