import { OpenTelemetry } from '@ai-sdk/otel';
import { createOpenAI } from '@ai-sdk/openai';
import { generateText } from 'ai';
import { describe, expect, test } from 'vitest';

import { governProvider } from '../../../adapters/ai-sdk/index.ts';
import { instrumentControlZero } from '../../../adapters/otel/index.ts';
import { init } from '../../../src/index.ts';
import { startLocalProvider } from '../../../src/testing/index.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { isOldest, telemetryStage } from '../../support/telemetry-stage.ts';

// It needs a newer API than the oldest that is supported.
describe.skipIf(isOldest)("beside the AI SDK's own telemetry", () => {
  test('decisions are on the spans that it makes for the calls of models', async () => {
    const telemetry = telemetryStage();
    await using provider = await startLocalProvider();
    const cz = await init({ policy: { rules: [{ effect: 'allow', action: '*', resource: 'model/gpt-4' }] } });
    instrumentControlZero(cz);
    const openai = governProvider(createOpenAI({ apiKey: 'local', baseURL: provider.baseURL }), cz);
    const ask = async (model: string): Promise<unknown> =>
      generateText({
        model: openai.chat(model),
        prompt: 'Hello',
        telemetry: { integrations: [new OpenTelemetry()] },
      });
    await ask('gpt-4');
    await rejectionOf(ask('gpt-4-turbo'));
    const told = telemetry
      .spans()
      .filter(({ events }) => events.some(({ name }) => name === 'controlzero.decision'))
      .map(({ name, attributes }) => [name, attributes['gen_ai.request.model'], attributes['controlzero.denied']]);
    expect(told).toEqual([
      ['chat gpt-4', 'gpt-4', undefined],
      ['chat gpt-4-turbo', 'gpt-4-turbo', true],
    ]);
    expect(provider.modelRequests.map(({ model }) => model)).toEqual(['gpt-4']);
  });
});
