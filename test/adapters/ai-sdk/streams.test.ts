import { describe, expect, test } from 'vitest';

import { governModel } from '../../../adapters/ai-sdk/index.ts';
import type { PolicyDeniedError } from '../../../src/index.ts';
import { findPolicyDenied } from '../../../src/index.ts';
import { aiSDKMajors } from '../../support/ai-sdk-majors.ts';
import type { AISDKStage } from '../../support/ai-sdk/ai-sdk-stage.ts';
import { openAISDKStage, unhandledWhile } from '../../support/ai-sdk/ai-sdk-stage.ts';
import type { Model } from '../../support/ai-sdk/attempt-stage.ts';
import { collect } from '../../support/collect.ts';
import { denialOf } from '../../support/denial-of.ts';
import { rejectionOf } from '../../support/rejection-of.ts';

const DENIED = 'gpt-4-turbo';

describe.each(aiSDKMajors)('a denied stream of $name', ({ sdk }) => {
  const { streamText, streamObject, jsonSchema, tool, stepCountIs } = sdk.ai;
  const schema = jsonSchema<{ city: string }>({ type: 'object', properties: { city: { type: 'string' } } });
  const denied = ({ cz, openai }: AISDKStage): Model => governModel(openai.chat(DENIED), cz);
  const asked = { prompt: 'Hello', maxRetries: 0 } as const;

  test('has one error part with the denial, and tells onError once, with the same object', async () => {
    await using stage = await openAISDKStage(sdk);
    const errors: unknown[] = [];
    const result = streamText({ model: denied(stage), ...asked, onError: ({ error }) => void errors.push(error) });
    const parts = await collect(result.fullStream);
    const failed = parts.flatMap((part) => (part.type === 'error' ? [part.error] : []));
    expect(failed).toHaveLength(1);
    expect(findPolicyDenied(failed[0])).toBe(failed[0]);
    expect(errors).toEqual(failed);
    expect(errors[0]).toBe(failed[0]);
    expect(stage.server.requests).toEqual([]);
  });

  test('has no text, and fails where the text is awaited with an error that is not the denial', async () => {
    await using stage = await openAISDKStage(sdk);
    const errors: unknown[] = [];
    const result = streamText({ model: denied(stage), ...asked, onError: ({ error }) => void errors.push(error) });
    expect(await collect(result.textStream)).toEqual([]);
    const error = await rejectionOf(result.text);
    expect(error).toMatchObject({ name: 'AI_NoOutputGeneratedError' });
    // So the one that onError was told has to be kept.
    expect(findPolicyDenied(error)).toBeUndefined();
    expect(findPolicyDenied(errors[0])).toMatchObject({ status: 403 });
  });

  test('answers 200 with nothing in it as a text stream', async () => {
    await using stage = await openAISDKStage(sdk);
    const result = streamText({ model: denied(stage), ...asked, onError: () => undefined });
    const response = result.toTextStreamResponse();
    expect([response.status, await response.text()]).toEqual([200, '']);
  });

  test('answers 200 with a masked error as a stream of UI messages, which onError can map', async () => {
    await using stage = await openAISDKStage(sdk);
    const ask = (): ReturnType<typeof streamText> =>
      streamText({ model: denied(stage), ...asked, onError: () => undefined });
    expect(await ask().toUIMessageStreamResponse().text()).toContain('"errorText":"An error occurred."');
    const onError = (error: unknown): string =>
      findPolicyDenied(error) ? 'This model is not allowed.' : 'An error occurred.';
    const mapped = ask().toUIMessageStreamResponse({ onError });
    expect(mapped.status).toBe(200);
    expect(await mapped.text()).toContain('"errorText":"This model is not allowed."');
  });

  test('of an object rejects with the denial itself', async () => {
    await using stage = await openAISDKStage(sdk);
    const errors: unknown[] = [];
    const result = streamObject({
      model: denied(stage),
      schema,
      ...asked,
      onError: ({ error }) => void errors.push(error),
    });
    await collect(result.partialObjectStream).catch(() => undefined);
    const error = await denialOf(result.object);
    expect(errors).toEqual([error]);
    expect(stage.server.requests).toEqual([]);
  });

  test('leaves no unhandled rejection behind, even if nothing of it is consumed', async () => {
    await using stage = await openAISDKStage(sdk);
    const unhandled = await unhandledWhile(() => {
      streamText({ model: denied(stage), ...asked, onError: () => undefined });
      streamObject({ model: denied(stage), schema, ...asked, onError: () => undefined });
    });
    expect(unhandled).toEqual([]);
    expect(stage.server.requests).toEqual([]);
  });

  test('in the second step tells onError, and nothing else fails', async () => {
    await using stage = await openAISDKStage(sdk);
    const errors: unknown[] = [];
    const look = tool({ inputSchema: schema, execute: async () => 'done' });
    const result = streamText({
      model: governModel(stage.openai.chat('gpt-4'), stage.cz),
      ...asked,
      tools: { look },
      stopWhen: stepCountIs(2),
      prepareStep: ({ stepNumber }) => (stepNumber === 1 ? { model: denied(stage) } : {}),
      onError: ({ error }) => void errors.push(error),
    });
    const parts = await collect(result.fullStream);
    expect(parts.filter(({ type }) => type === 'error')).toHaveLength(1);
    expect(await result.text).toBe('');
    expect((findPolicyDenied(errors[0]) as PolicyDeniedError).request.resource).toBe(`model/${DENIED}`);
    expect(stage.modelsServed()).toEqual(['gpt-4']);
  });
});
