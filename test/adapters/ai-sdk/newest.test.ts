import type { Experimental_BatchV4 as Batch } from '@ai-sdk/provider';
import { describe, expect, test } from 'vitest';

import { governProvider } from '../../../adapters/ai-sdk/index.ts';
import { runAs } from '../../../src/index.ts';
import { aiSDKMajors } from '../../support/ai-sdk-majors.ts';
import type { AISDKStage } from '../../support/ai-sdk/ai-sdk-stage.ts';
import { openAISDKStage } from '../../support/ai-sdk/ai-sdk-stage.ts';
import { callOptions } from '../../support/ai-sdk/attempt-stage.ts';
import { denialOf } from '../../support/denial-of.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { agentTiers } from '../../support/specification-policies.ts';

const newest = aiSDKMajors.filter(({ major }) => major === 7);
const STATE = [{ type: 'text' as const, text: 'It rains.' }];
const questions = { rain: { type: 'boolean' as const, instructions: 'Does it rain?' } };
const fields = { weather: { type: 'text' as const, instructions: 'The weather' } };

/** A batch that keeps what it is started with. */
function recordingBatch(): { readonly batch: Batch; readonly started: object[] } {
  const started: object[] = [];
  const batch = {
    specificationVersion: 'v4',
    provider: 'local.batch',
    doStartBatch: async (options: object) => {
      started.push(options);
      return { batchId: '1', status: 'pending', warnings: [] };
    },
    doGetBatchStatus: async () => ({ status: 'pending' }),
  };
  return { batch: batch as unknown as Batch, started };
}

describe.each(newest)('only in $name', ({ sdk: { ai, ...sdk } }) => {
  const governed = ({ openai, cz }: AISDKStage): typeof openai => governProvider(openai, cz);
  const start = (stage: AISDKStage, model: string): Promise<unknown> =>
    ai.experimental_startBatch({
      provider: governed(stage),
      requests: [{ id: '1', type: 'text', model, prompt: 'Hello' }],
    });

  test('a batch is started with an allowed model, and not with a denied one', async () => {
    await using stage = await openAISDKStage({ ai, ...sdk });
    await start(stage, 'gpt-4');
    expect(stage.server.requests.map(({ pathname }) => pathname)).toEqual(['/v1/files', '/v1/batches']);
    const { request } = await denialOf(start(stage, 'gpt-4-turbo'));
    expect(request).toEqual({ action: 'llm.generate', resource: 'model/gpt-4-turbo' });
    expect(stage.server.requests).toHaveLength(2);
  });

  test('every request of a batch is judged, equal ones once, and images are not', async () => {
    await using stage = await openAISDKStage({ ai, ...sdk }, { policy: agentTiers });
    const { batch, started } = recordingBatch();
    const provider = governProvider({ languageModel: stage.openai.chat, experimental_batch: () => batch }, stage.cz);
    const text = (id: string, modelId: string, more: object = {}) =>
      ({ id, type: 'text', modelId, options: callOptions(more) }) as const;
    const image = { id: 'i', type: 'image', modelId: 'gpt-image-1', options: {} } as never;
    const claim = { controlzero: { agentId: 'premium-1' }, openai: { seed: 1 } };
    await provider.experimental_batch().doStartBatch({
      requests: [text('1', 'gpt-4'), text('2', 'gpt-4'), text('3', 'gpt-3.5-turbo'), image],
      providerOptions: claim,
    });
    expect(started).toMatchObject([{ requests: [{}, {}, {}, {}] }]);
    expect(JSON.stringify(started)).not.toContain('controlzero');
    expect(started[0]).toMatchObject({ providerOptions: { openai: { seed: 1 } } });
    expect((await stage.decisions()).map(({ resource, agentId }) => [resource, agentId])).toEqual([
      ['model/gpt-4', 'premium-1'],
      ['model/gpt-3.5-turbo', 'premium-1'],
    ]);
    const { doStartBatch } = provider.experimental_batch();
    const attempts = [
      [text('1', 'gpt-3.5-turbo'), text('2', 'gpt-4')],
      [text('1', 'gpt-3.5-turbo', { providerOptions: { local: { model: 'gpt-4' } } })],
      [{ ...text('1', 'gpt-4'), type: 'unknown' } as never],
      [{ ...text('1', 'gpt-4'), modelId: 4 } as never],
    ];
    for (const requests of attempts) await denialOf(doStartBatch({ requests }));
    await denialOf(
      doStartBatch({ requests: [text('1', 'gpt-3.5-turbo')], providerOptions: { local: { models: 'gpt-4' } } }),
    );
    await denialOf(runAs('basic-1', () => doStartBatch({ requests: [text('1', 'gpt-4')], providerOptions: claim })));
    expect(started).toHaveLength(1);
    // Everything else about batches passes through.
    expect(await provider.experimental_batch().doGetBatchStatus({ batchId: '1' })).toEqual({ status: 'pending' });
  });

  test('an extraction is a call of its language model', async () => {
    await using stage = await openAISDKStage({ ai, ...sdk });
    const ask = (id: string): Promise<unknown> =>
      ai.experimental_extract({ model: governed(stage).extractionModel(id), state: STATE, fields, maxRetries: 0 });
    expect(await ask('gpt-4')).toMatchObject({ answers: { weather: { value: 'sample' } } });
    expect(stage.modelsServed()).toEqual(['gpt-4']);
    await denialOf(ask('gpt-4-turbo'));
    expect(stage.modelsServed()).toEqual(['gpt-4']);
    expect(await stage.decisions()).toHaveLength(2);
  });

  test('a decision is a call of its model, by both names', async () => {
    await using stage = await openAISDKStage({ ai, ...sdk });
    const openai = governed(stage);
    await rejectionOf(
      ai.experimental_decide({ model: openai.decisionModel('gpt-4'), state: STATE, questions, maxRetries: 0 }),
    );
    expect(stage.server.requests.map(({ pathname }) => pathname)).toEqual(['/v1/decisions']);
    await denialOf(
      ai.experimental_decide({ model: openai.decisionModel('o3'), state: STATE, questions, maxRetries: 0 }),
    );
    await denialOf(openai.evaluationModel('o3').doDecide({ state: STATE, questions }));
    expect(stage.server.requests).toHaveLength(1);
  });

  test('a registry hands out governed decision models', async () => {
    await using stage = await openAISDKStage({ ai, ...sdk });
    const model = ai.createProviderRegistry({ local: governed(stage) }).decisionModel('local:o3');
    await denialOf(ai.experimental_decide({ model, state: STATE, questions, maxRetries: 0 }));
    expect(stage.server.requests).toEqual([]);
  });

  test('a realtime session is opened with an allowed model only', async () => {
    await using stage = await openAISDKStage(
      { ai, ...sdk },
      { policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-realtime' }] } },
    );
    const { experimental_realtime: realtime } = governed(stage);
    await rejectionOf(realtime.getToken({ model: 'gpt-realtime' }));
    await rejectionOf(realtime('gpt-realtime').doCreateClientSecret?.({}) ?? Promise.resolve());
    expect(stage.server.requests.map(({ pathname }) => pathname)).toEqual([
      '/v1/realtime/client_secrets',
      '/v1/realtime/client_secrets',
    ]);
    await denialOf(realtime.getToken({ model: 'gpt-realtime-mini' }));
    const mini = realtime('gpt-realtime-mini');
    await denialOf(mini.doCreateClientSecret?.({}) ?? Promise.resolve());
    await denialOf(Promise.resolve(mini.getServerWebSocketConfig?.()));
    expect(stage.server.requests).toHaveLength(2);
    // What belongs to an open session is not asked about.
    expect(mini.buildSessionConfig({})).toEqual(
      stage.openai.experimental_realtime('gpt-realtime-mini').buildSessionConfig({}),
    );
  });
});
