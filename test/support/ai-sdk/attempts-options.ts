import type { AttemptStage, Attempts, Model } from './attempt-stage.ts';
import { ALLOWED, DENIED, callOptions, generate, stream } from './attempt-stage.ts';

function compatible(stage: AttemptStage): Model {
  return stage.guard.model(stage.rawCompatible.chatModel(ALLOWED));
}

async function withOptions(stage: AttemptStage, options: unknown): Promise<unknown> {
  return generate(stage, compatible(stage), { providerOptions: options });
}

// Answers with the allowed model at the first look only.
function changing(key: string, value: unknown, later: unknown): object {
  let looks = 0;
  return Object.defineProperty({}, key, { enumerable: true, get: () => ((looks += 1) > 1 ? later : value) });
}

async function changedOnTheWay(
  stage: AttemptStage,
  namespace: Record<string, unknown>,
  change: () => void,
): Promise<unknown> {
  const call = compatible(stage).doGenerate(callOptions({ providerOptions: { local: namespace } }));
  change();
  return call;
}

/** Provider options that name another model than the model itself. */
export const optionAttempts: Attempts = {
  'a model in the provider options': async (stage) => withOptions(stage, { local: { model: DENIED } }),
  'a model in the provider options of a stream': async (stage) =>
    stream(stage, compatible(stage), { providerOptions: { local: { model: DENIED } } }),
  'a model in the provider options of a completion': async (stage) =>
    generate(stage, stage.guard.model(stage.rawCompatible.completionModel(ALLOWED)), {
      providerOptions: { local: { model: DENIED } },
    }),
  'a model in the provider options of a governed provider': async (stage) =>
    generate(stage, stage.guard.provider(stage.rawCompatible).chatModel(ALLOWED), {
      providerOptions: { local: { model: DENIED } },
    }),
  'a list of models in the provider options': async (stage) =>
    withOptions(stage, { local: { models: [ALLOWED, DENIED] } }),
  'a list of fallbacks in the provider options': async (stage) =>
    withOptions(stage, { local: { fallbacks: [{ model: DENIED }] } }),
  'a body in the provider options': async (stage) => withOptions(stage, { local: { extra_body: { model: DENIED } } }),
  'a model in provider options that is no text': async (stage) =>
    withOptions(stage, { local: { model: { toJSON: () => DENIED } } }),
  'a list of models that is no list': async (stage) =>
    withOptions(stage, { local: { models: { length: 1, 0: DENIED, toJSON: () => [DENIED] } } }),
  'a model in the provider options in capitals': async (stage) => withOptions(stage, { local: { MODEL: DENIED } }),
  'a model in provider options that change': async (stage) =>
    withOptions(stage, { local: changing('model', ALLOWED, DENIED) }),
  'provider options that change': async (stage) => withOptions(stage, changing('local', {}, { model: DENIED })),
  'call options that change': async (stage) => {
    const options = changing('providerOptions', {}, { local: { model: DENIED } });
    return compatible(stage).doGenerate(
      Object.defineProperties(callOptions(), Object.getOwnPropertyDescriptors(options)),
    );
  },
  'a model that is put into the provider options later': async (stage) => {
    const namespace: Record<string, unknown> = {};
    return changedOnTheWay(stage, namespace, () => void (namespace['model'] = DENIED));
  },
  'a list of models that grows later': async (stage) => {
    const models = [ALLOWED];
    return changedOnTheWay(stage, { models }, () => models.push(DENIED));
  },
  'a list of fallbacks that changes later': async (stage) => {
    const entry = { model: ALLOWED };
    return changedOnTheWay(stage, { fallbacks: [entry] }, () => void (entry.model = DENIED));
  },
  'the list of models of the gateway': async (stage) =>
    generate(stage, stage.guard.model(stage.rawGateway(ALLOWED)), {
      providerOptions: { gateway: { models: [DENIED] } },
    }),
  'a model of the gateway': async (stage) =>
    generate(stage, stage.guard.provider(stage.rawGateway)(`openai/${DENIED}`)),
  'a model of the gateway with an allowed bare name': async (stage) =>
    generate(stage, stage.guard.provider(stage.rawGateway)(`unknown/${ALLOWED}`)),
};

const STATE = [{ type: 'text' as const, text: 'It rains.' }];

/** What only version 7 has: batches, decisions, extractions, workflow hooks, realtime sessions. */
export const newestAttempts: Attempts = {
  'a batch': async ({ sdk, openai }) =>
    sdk.ai.experimental_startBatch({
      provider: openai,
      requests: [{ id: '1', type: 'text', model: DENIED, prompt: 'Hello' }],
    }),
  'requests of a batch that change later': async ({ openai }) => {
    const request = { id: '1', type: 'text' as const, modelId: ALLOWED, options: callOptions() };
    const started = openai.experimental_batch().doStartBatch({ requests: [request] });
    request.modelId = DENIED;
    return started;
  },
  'a decision': async ({ sdk, openai }) =>
    sdk.ai.experimental_decide({
      model: openai.decisionModel(DENIED),
      state: STATE,
      questions: { rain: { type: 'boolean', instructions: 'Does it rain?' } },
      maxRetries: 0,
    }),
  'an evaluation': async ({ openai }) => {
    const model = openai.evaluationModel(DENIED);
    return model.doEvaluate({ state: STATE, questions: { rain: { type: 'boolean', instructions: 'Does it rain?' } } });
  },
  'an extraction': async ({ sdk, openai }) =>
    sdk.ai.experimental_extract({
      model: openai.extractionModel(DENIED),
      state: STATE,
      fields: { weather: { type: 'text', instructions: 'The weather' } },
      maxRetries: 0,
    }),
  'the hooks of the workflow runtime': async (stage) => {
    const model = stage.openai.responses(DENIED);
    const Class = model.constructor as unknown as Record<symbol, (value: unknown) => unknown>;
    const serialized = Class[Symbol.for('workflow-serialize')]?.(model);
    return generate(stage, Class[Symbol.for('workflow-deserialize')]?.(serialized));
  },
  'a token of a realtime session': async ({ openai }) =>
    openai.experimental_realtime.getToken({ model: 'gpt-realtime' }),
  'the secret of a realtime session': async ({ openai }) =>
    openai.experimental_realtime('gpt-realtime').doCreateClientSecret?.({}),
};
