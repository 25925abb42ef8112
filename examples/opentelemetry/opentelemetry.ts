// Decisions of three calls in a trace and in metrics. Runs against a local server unless OPENAI_API_KEY is set.
import { PolicyDeniedError, init } from '@controlzero/sdk';
import { activeTraceContext, instrumentControlZero } from '@controlzero/sdk/otel';
import { wrapOpenAI } from '@controlzero/sdk/openai';
import { startLocalProvider } from '@controlzero/sdk/testing';
import { trace } from '@opentelemetry/api';
import OpenAI from 'openai';

import { startTelemetry } from './telemetry.ts';

const telemetry = startTelemetry();
const local = process.env['OPENAI_API_KEY'] === undefined ? await startLocalProvider() : undefined;
const cz = await init({
  policy: {
    name: 'models',
    rules: [
      { id: 'gpt-4', effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' },
      { id: 'no-turbo', effect: 'deny', action: 'llm.generate', resource: 'model/gpt-4-turbo*' },
    ],
  },
  traceContext: activeTraceContext,
});
const stop = instrumentControlZero(cz);
const openai = wrapOpenAI(new OpenAI(local && { apiKey: 'local', baseURL: local.baseURL }), cz, { agentId: 'support' });

async function ask(model: string): Promise<void> {
  await openai.chat.completions.create({ model, messages: [{ role: 'user', content: 'Hello' }] }).catch((error) => {
    if (!(error instanceof PolicyDeniedError)) throw error;
  });
}

await trace.getTracer('shop').startActiveSpan('answer a customer', async (span) => {
  await ask('gpt-4');
  await ask('gpt-4-turbo');
  span.end();
});
await ask('gpt-4-turbo');

console.log(await telemetry.report());
if (local) console.log('requests that reached the provider:', local.modelRequests.length);
stop();
await cz.close();
await local?.close();
await telemetry.shutdown();
