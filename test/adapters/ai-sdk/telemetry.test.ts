import { describe, expect, test } from 'vitest';

import type { UngovernedCall } from '../../../adapters/ai-sdk/index.ts';
import { controlZeroMiddleware, controlZeroTelemetry, governModel } from '../../../adapters/ai-sdk/index.ts';
import { runAs } from '../../../src/index.ts';
import { aiSDKMajors } from '../../support/ai-sdk-majors.ts';
import type { AISDKStage } from '../../support/ai-sdk/ai-sdk-stage.ts';
import { openAISDKStage } from '../../support/ai-sdk/ai-sdk-stage.ts';
import type { Model } from '../../support/ai-sdk/attempt-stage.ts';
import { memoryLogger } from '../../support/memory-logger.ts';
import { denialOf } from '../../support/denial-of.ts';
import { rejectionOf } from '../../support/rejection-of.ts';

const newest = aiSDKMajors.filter(({ major }) => major === 7);
const asked = { prompt: 'Hello', maxRetries: 0 } as const;

describe.each(newest)('the telemetry of $name', ({ sdk }) => {
  const { ai } = sdk;

  function watch({ cz }: AISDKStage): { readonly alarms: UngovernedCall[]; readonly telemetry: object } {
    const alarms: UngovernedCall[] = [];
    const integration = controlZeroTelemetry(cz, { onUngoverned: (call) => void alarms.push(call) });
    return { alarms, telemetry: { integrations: [integration] } };
  }

  test('raises no alarm for governed models, however they are governed and whatever comes of it', async () => {
    await using stage = await openAISDKStage(sdk);
    const { alarms, telemetry } = watch(stage);
    const { openai, cz } = stage;
    const governed = governModel(openai.chat('gpt-4'), cz);
    const wrapped = ai.wrapLanguageModel({ model: openai.chat('gpt-4'), middleware: controlZeroMiddleware(cz) });
    for (const model of [governed, wrapped]) {
      await ai.generateText({ model, ...asked, telemetry });
      await ai.streamText({ model, ...asked, telemetry }).consumeStream();
    }
    await denialOf(ai.generateText({ model: governModel(openai.chat('o3'), cz), ...asked, telemetry }));
    stage.server.failNext({ status: 400 });
    await rejectionOf(ai.generateText({ model: governed, ...asked, telemetry }));
    expect(alarms).toEqual([]);
  });

  test('raises an alarm for each ungoverned call, with what the policy would have said', async () => {
    await using stage = await openAISDKStage(sdk);
    const { alarms, telemetry } = watch(stage);
    await ai.generateText({ model: stage.openai.chat('gpt-4'), ...asked, telemetry });
    await ai.streamText({ model: stage.openai('gpt-4-turbo'), ...asked, telemetry }).consumeStream();
    stage.server.failNext({ status: 400 });
    await rejectionOf(ai.generateText({ model: stage.openai('o3'), ...asked, telemetry }));
    expect(alarms).toMatchObject([
      { provider: 'openai.chat', modelId: 'gpt-4', decision: { allowed: true } },
      { provider: 'openai.responses', modelId: 'gpt-4-turbo', decision: { allowed: false, rule: 2 } },
      { provider: 'openai.responses', modelId: 'o3', decision: { reasonCode: 'NO_RULE_MATCH' } },
    ]);
    // An alarm is no decision.
    expect(await stage.decisions()).toEqual([]);
  });

  test('finds the one step of an agent that a raw model serves', async () => {
    await using stage = await openAISDKStage(sdk);
    const { alarms, telemetry } = watch(stage);
    const agent = new ai.ToolLoopAgent({
      model: governModel(stage.openai.chat('gpt-4'), stage.cz),
      tools: {
        look: ai.tool({
          inputSchema: ai.jsonSchema<object>({ type: 'object', properties: {} }),
          execute: async () => 'x',
        }),
      },
      prepareStep: ({ stepNumber }) => (stepNumber === 1 ? { model: stage.openai.chat('gpt-4-turbo') } : {}),
      telemetry,
    });
    await agent.generate({ prompt: 'Hello' });
    expect(alarms.map(({ modelId }) => modelId)).toEqual(['gpt-4-turbo']);
  });

  test('keeps calls at the same time apart, inside runAs() as well', async () => {
    await using stage = await openAISDKStage(sdk, { provider: { delayMs: 5 } });
    const { alarms, telemetry } = watch(stage);
    const model = (index: number): Model => {
      const raw = stage.openai.chat('gpt-4');
      return index % 2 === 0 ? raw : governModel(raw, stage.cz);
    };
    await Promise.all(
      Array.from({ length: 20 }, async (_, index) =>
        runAs(`agent-${index}`, async () => ai.generateText({ model: model(index), ...asked, telemetry })),
      ),
    );
    expect(alarms).toHaveLength(10);
    const events = await stage.decisions();
    expect(events.every(({ agentId }) => Number(agentId?.split('-')[1]) % 2 === 1)).toBe(true);
  });

  test('writes to the log once for each model where nobody listens', async () => {
    const logger = memoryLogger();
    await using stage = await openAISDKStage(sdk, { logger });
    const telemetry = { integrations: [controlZeroTelemetry(stage.cz)] };
    for (const id of ['gpt-4', 'gpt-4', 'o3'])
      await ai.generateText({ model: stage.openai.chat(id), ...asked, telemetry });
    const lines = logger.lines.filter((line) => line.includes('was not governed'));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('["openai.chat","gpt-4"] was not governed. The policy would have allowed it');
    expect(lines[1]).toContain('The policy would have denied it');
  });

  test('lets the call be when a listener fails, and says so', async () => {
    const logger = memoryLogger();
    await using stage = await openAISDKStage(sdk, { logger });
    const integration = controlZeroTelemetry(stage.cz, {
      onUngoverned: () => {
        throw new Error('The pager is down.');
      },
    });
    const telemetry = { integrations: [integration] };
    const { text } = await ai.generateText({ model: stage.openai.chat('gpt-4'), ...asked, telemetry });
    expect(text).not.toBe('');
    expect(logger.lines.join('\n')).toContain('The pager is down.');
  });

  test('counts a call without a model as one that would be denied', async () => {
    await using stage = await openAISDKStage(sdk);
    const alarms: UngovernedCall[] = [];
    const { executeLanguageModelCall } = controlZeroTelemetry(stage.cz, {
      onUngoverned: (call) => void alarms.push(call),
    });
    expect(await executeLanguageModelCall({ callId: '1', execute: async () => 5 })).toBe(5);
    expect(alarms).toMatchObject([{ callId: '1', decision: { reasonCode: 'INVALID_REQUEST' } }]);
    expect(() => controlZeroTelemetry({} as never)).toThrow('controlZeroTelemetry() takes a ControlZero');
    expect(() => controlZeroTelemetry(undefined as never)).toThrow('controlZeroTelemetry() takes a ControlZero');
    expect(() => controlZeroTelemetry(stage.cz, { onUngoverned: 'x' as never })).toThrow('takes a function');
  });
});
