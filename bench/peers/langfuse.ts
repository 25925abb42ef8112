import type { BaseCallbackHandler } from '@langchain/core/callbacks/base';

import { inContexts } from '../in-contexts.ts';
import { load } from './peer.ts';
import type { Integration, OpenTracer, Tracer } from './tracer.ts';

interface TracerProvider {
  getTracer(name: string): object;
}

interface SpanProcessor {
  forceFlush(): Promise<void>;
}

interface ForOpenAI {
  readonly observeOpenAI: <Client extends object>(client: Client) => Client;
}

interface ForLangChain {
  readonly CallbackHandler: new () => BaseCallbackHandler;
}

interface ForAISDK {
  readonly LangfuseVercelAiSdkIntegration: new (options: { readonly tracer?: object }) => Integration;
}

interface Tracing {
  readonly setLangfuseTracerProvider: (provider: TracerProvider | null) => void;
}

interface ForOpenTelemetry {
  readonly LangfuseSpanProcessor: new (options: object) => SpanProcessor;
}

interface OpenTelemetry {
  readonly BasicTracerProvider: new (options: { readonly spanProcessors: readonly SpanProcessor[] }) => TracerProvider;
}

/** Where spans go to be forgotten. */
class NoExporter {
  #spans = 0;

  readonly sent = (): number => this.#spans;

  export(spans: readonly object[], done: (result: { readonly code: number }) => void): void {
    this.#spans += spans.length;
    done({ code: 0 });
  }

  async shutdown(): Promise<void> {
    return undefined;
  }
}

async function open(isOn: boolean): Promise<OpenTracer> {
  const { observeOpenAI } = await load<ForOpenAI>('@langfuse/openai');
  const { CallbackHandler } = await load<ForLangChain>('@langfuse/langchain');
  const { LangfuseVercelAiSdkIntegration } = await load<ForAISDK>('@langfuse/vercel-ai-sdk');
  const { setLangfuseTracerProvider } = await load<Tracing>('@langfuse/tracing');
  const { LangfuseSpanProcessor } = await load<ForOpenTelemetry>('@langfuse/otel');
  const { BasicTracerProvider } = await load<OpenTelemetry>('@opentelemetry/sdk-trace-base');
  const exporter = new NoExporter();
  const processor = new LangfuseSpanProcessor({ exporter, publicKey: 'bench', secretKey: 'bench' });
  const provider = new BasicTracerProvider({ spanProcessors: [processor] });
  const given = isOn ? { tracer: provider.getTracer('ai') } : {};
  const telemetry = { integrations: new LangfuseVercelAiSdkIntegration(given) };
  const experimental_telemetry = { isEnabled: true, ...given };
  return {
    wrapOpenAI: observeOpenAI,
    handler: new CallbackHandler(),
    generateText: ({ major, sdk }) => {
      const options = major === 6 ? { experimental_telemetry } : { telemetry };
      return async (call) => sdk.ai.generateText(Object.assign({}, call, options));
    },
    tracing: async (calls) => {
      if (!isOn) return calls();
      setLangfuseTracerProvider(provider);
      try {
        return await inContexts(calls);
      } finally {
        setLangfuseTracerProvider(null);
        await processor.forceFlush();
      }
    },
    sent: exporter.sent,
  };
}

/** Langfuse without OpenTelemetry, and with its span processor and an exporter that drops every span. */
export const langfuse: readonly Tracer[] = [
  { name: 'langfuse, off: no tracer provider', isOn: false, open: async () => open(false) },
  { name: 'langfuse, on: spans dropped', isOn: true, open: async () => open(true) },
];
