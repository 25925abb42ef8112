import { describe, expect, test } from 'vitest';

import {
  assertModelAllowed,
  governEmbeddingModel,
  governModel,
  governProvider,
  policyDeniedResponse,
} from '../../../adapters/ai-sdk/index.ts';
import { ControlZero, PolicyUnavailableError, findPolicyDenied, runAs } from '../../../src/index.ts';
import { aiSDKMajors } from '../../support/ai-sdk-majors.ts';
import { openAISDKStage } from '../../support/ai-sdk/ai-sdk-stage.ts';
import { denialOf } from '../../support/denial-of.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { silentLogger } from '../../support/silent-logger.ts';
import { agentTiers } from '../../support/specification-policies.ts';

describe.each(aiSDKMajors)('assertModelAllowed of $name', ({ sdk }) => {
  test('throws the denial before anything is streamed, and records it', async () => {
    await using stage = await openAISDKStage(sdk);
    const model = governModel(stage.openai.chat('gpt-4-turbo'), stage.cz, { agentId: 'support' });
    const { request } = await denialOf(assertModelAllowed(model));
    expect(request).toEqual({ action: 'llm.generate', resource: 'model/gpt-4-turbo', agentId: 'support' });
    expect(stage.server.requests).toEqual([]);
    expect(await stage.decisions()).toHaveLength(1);
  });

  test('records nothing for a call that is going to be made', async () => {
    await using stage = await openAISDKStage(sdk);
    const model = governModel(stage.openai.chat('gpt-4'), stage.cz);
    await assertModelAllowed(model);
    expect(await stage.decisions()).toEqual([]);
    await sdk.ai.generateText({ model, prompt: 'Hello' });
    expect(await stage.decisions()).toHaveLength(1);
  });

  test('asks as the call will be asked: agent, fallbacks, kind of model', async () => {
    await using stage = await openAISDKStage(sdk, { policy: agentTiers });
    const { openai, cz } = stage;
    await assertModelAllowed(governModel(openai('gpt-4'), cz, { agentId: 'premium-1' }));
    await denialOf(assertModelAllowed(governModel(openai('gpt-4'), cz)));
    await runAs('premium-1', async () => assertModelAllowed(governModel(openai('gpt-4'), cz)));
    await assertModelAllowed(governModel(openai('gpt-4'), cz, { fallback: [openai('gpt-3.5-turbo')] }));
    await assertModelAllowed(governProvider(openai, cz, { fallback: ['gpt-3.5-turbo'] })('gpt-4'));
    const { request } = await denialOf(assertModelAllowed(governEmbeddingModel(openai.embedding('gpt-3.5-turbo'), cz)));
    expect(request.action).toBe('embedding.generate');
  });

  test('asks about models that are not governed, and about ids', async () => {
    await using stage = await openAISDKStage(sdk, { policy: agentTiers });
    const { openai, cz } = stage;
    await assertModelAllowed(openai('gpt-4'), cz, { agentId: 'premium-1' });
    await assertModelAllowed('gpt-3.5-turbo', cz);
    await denialOf(assertModelAllowed('gpt-4', cz));
    await denialOf(assertModelAllowed('', cz));
    await denialOf(assertModelAllowed(openai.embedding('gpt-3.5-turbo'), cz));
    // A governed model with a client of its own is asked anew.
    await denialOf(assertModelAllowed(governModel(openai('gpt-4'), cz, { agentId: 'premium-1' }), cz));
    const denied = (await stage.decisions()).map(({ action, resource }) => `${action} ${resource}`);
    expect(denied).toHaveLength(4);
    expect(denied).toContain('embedding.generate model/gpt-3.5-turbo');
  });

  test('passes in shadow mode and with failOpen, and fails where nobody can decide', async () => {
    await using stage = await openAISDKStage(sdk, { mode: 'shadow' });
    await assertModelAllowed(governModel(stage.openai('o3'), stage.cz));
    await assertModelAllowed('o3', new ControlZero({ failOpen: true, policyFile: '/none', logger: silentLogger }));
    const closed = assertModelAllowed('o3', new ControlZero({ policyFile: '/none', logger: silentLogger }));
    expect(await rejectionOf(closed)).toBeInstanceOf(PolicyUnavailableError);
  });

  test('says what it needs', async () => {
    await using stage = await openAISDKStage(sdk);
    expect(await rejectionOf(assertModelAllowed(stage.openai('gpt-4')))).toMatchObject({
      name: 'TypeError',
      message: 'assertModelAllowed() takes a model that is governed, or a ControlZero as its second argument.',
    });
    expect(await rejectionOf(assertModelAllowed({} as never, stage.cz))).toBeInstanceOf(TypeError);
  });
});

describe('policyDeniedResponse', () => {
  const secret = { id: 'rule-for-operators', reason: 'A reason for operators only.' };
  const policy = { name: 'policy-for-operators', rules: [{ effect: 'deny', action: '*', resource: '*', ...secret }] };

  test('is a 403 that names the model and nothing that is for operators', async () => {
    const cz = new ControlZero({ policy: policy as never });
    const error = await denialOf(assertModelAllowed('openai/gpt-4', cz, { agentId: 'internal-agent' }));
    const response = policyDeniedResponse(error);
    expect([response.status, response.headers.get('content-type'), response.headers.get('cache-control')]).toEqual([
      403,
      'application/problem+json',
      'no-store',
    ]);
    const text = await response.text();
    expect(JSON.parse(text)).toEqual({
      type: 'about:blank',
      title: 'Forbidden',
      status: 403,
      detail: 'The model openai/gpt-4 may not be used here.',
      code: 'ERR_CZ_POLICY_DENIED',
      model: 'openai/gpt-4',
    });
    for (const part of ['operators', 'internal-agent', 'rule']) expect(text).not.toContain(part);
  });

  test('finds the denial inside other errors, and names no more than the kind of what is no model', async () => {
    const cz = new ControlZero({ policy: policy as never });
    const error = await denialOf(cz.enforce({ action: 'tool.call', resource: 'tool/delete' }));
    const response = policyDeniedResponse(Object.assign(new Error('Outer.'), { lastError: error }));
    expect(await response.json()).toMatchObject({ detail: 'This is not allowed here.' });
    expect(findPolicyDenied(error)).toBe(error);
  });

  test.each([new Error('x'), new PolicyUnavailableError({ message: 'x' }), undefined, 'x'])(
    'throws what is no denial: %s',
    (error) => {
      let thrown: unknown = 'nothing';
      try {
        policyDeniedResponse(error);
      } catch (caught) {
        thrown = caught;
      }
      expect(thrown).toBe(error);
    },
  );
});
