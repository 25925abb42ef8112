import type { BaseChatModel } from '@langchain/core/language_models/chat_models';
import { RunnableLambda } from '@langchain/core/runnables';
import { tool } from '@langchain/core/tools';
import {
  createAgent,
  createMiddleware,
  llmToolSelectorMiddleware,
  modelFallbackMiddleware,
  modelRetryMiddleware,
  summarizationMiddleware,
} from 'langchain';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';

import type { ControlZeroMiddlewareOptions } from '../../../adapters/langchain/index.ts';
import { controlZeroMiddleware, governChatModel } from '../../../adapters/langchain/index.ts';
import { PolicyDeniedError, findPolicyDenied } from '../../../src/index.ts';
import { collect } from '../../support/collect.ts';
import { denialOf } from '../../support/denial-of.ts';
import { QUESTION, countingTool } from '../../support/langchain-agents.ts';
import type { LangChainStage } from '../../support/langchain-stage.ts';
import { openLangChainStage } from '../../support/langchain-stage.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { agentTiers, modelAllowlist } from '../../support/specification-policies.ts';
import { unhandledRejectionsOf } from '../../support/unhandled-rejections.ts';

const DENIED = 'gpt-4-turbo';
type Agent = ReturnType<typeof createAgent>;

// The types of middleware that comes with langchain do not fit its own createAgent() where optional properties are exact.
function createLooseAgent(parameters: object): Agent {
  return createAgent(parameters as never);
}

function agentWith(stage: LangChainStage, model: BaseChatModel, options: ControlZeroMiddlewareOptions = {}): Agent {
  return createAgent({ model, tools: [], middleware: [controlZeroMiddleware(stage.cz, options)] }) as Agent;
}

function sentModels({ provider }: LangChainStage): (string | undefined)[] {
  return provider.modelRequests.map(({ model }) => model);
}

async function deniedBy(promise: PromiseLike<unknown>): Promise<PolicyDeniedError> {
  const denial = findPolicyDenied(await rejectionOf(promise));
  if (!denial) throw new Error('Expected a denial inside the error.');
  return denial;
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('an agent with the middleware', () => {
  test.each<{ way: string; call: (agent: Agent) => Promise<unknown> }>([
    { way: 'invoke', call: async (agent) => agent.invoke(QUESTION) },
    { way: 'stream', call: async (agent) => collect(await agent.stream(QUESTION)) },
    {
      way: 'stream of messages',
      call: async (agent) => collect(await agent.stream(QUESTION, { streamMode: 'messages' })),
    },
    { way: 'streamEvents v2', call: async (agent) => collect(agent.streamEvents(QUESTION, { version: 'v2' })) },
  ])('is denied without a request and allowed with one: $way', async ({ call }) => {
    await using stage = await openLangChainStage(modelAllowlist);
    const unhandled = await unhandledRejectionsOf(async () => {
      const { request } = await deniedBy(call(agentWith(stage, stage.chat({ model: DENIED }))));
      expect(request.resource).toBe(`model/${DENIED}`);
    });
    expect(unhandled).toEqual([]);
    expect(stage.provider.requests).toEqual([]);
    expect(await stage.decisions()).toHaveLength(1);

    await call(agentWith(stage, stage.chat()));
    expect(sentModels(stage)).toEqual(['gpt-4']);
    expect(await stage.decisions()).toHaveLength(2);
  });

  test('wraps the denial as every error of a model, and findPolicyDenied() finds it', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const error = await rejectionOf(agentWith(stage, stage.chat({ model: DENIED })).invoke(QUESTION));
    expect(error).not.toBeInstanceOf(PolicyDeniedError);
    expect(error).toMatchObject({ '~brand': 'MiddlewareError', name: 'PolicyDeniedError' });
    expect((error as Error).cause).toBeInstanceOf(PolicyDeniedError);
    expect(findPolicyDenied(error)).toBe((error as Error).cause);
  });

  test('governs a model that is given by its name', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    vi.stubEnv('OPENAI_API_KEY', 'local');
    vi.stubEnv('OPENAI_BASE_URL', stage.provider.baseURL);
    const middleware = [controlZeroMiddleware(stage.cz)];
    await deniedBy(createAgent({ model: `openai:${DENIED}`, tools: [], middleware }).invoke(QUESTION));
    expect(stage.provider.requests).toEqual([]);
    await createAgent({ model: 'openai:gpt-4', tools: [], middleware }).invoke(QUESTION);
    expect(sentModels(stage)).toEqual(['gpt-4']);
  });

  test.each<{ what: string; create: (stage: LangChainStage, model: string) => BaseChatModel }>([
    { what: 'with tools bound', create: (stage, model) => stage.chat({ model }).bindTools([]) as never },
    { what: 'of the Responses API', create: (stage, model) => stage.chat({ model, useResponsesApi: true }) },
    { what: 'on Azure', create: (stage, model) => stage.azure(model) },
  ])('governs a model $what', async ({ create }) => {
    await using stage = await openLangChainStage(modelAllowlist);
    await deniedBy(agentWith(stage, create(stage, DENIED)).invoke(QUESTION));
    expect(stage.provider.requests).toEqual([]);
    await agentWith(stage, create(stage, 'gpt-4')).invoke(QUESTION);
    expect(sentModels(stage)).toEqual(['gpt-4']);
  });

  test('with a format for its answer and with tools', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const responseFormat = z.object({ text: z.string() });
    const middleware = [controlZeroMiddleware(stage.cz)];
    const create = (model: string): Agent =>
      createAgent({ model: stage.chat({ model }), tools: [countingTool().tool], responseFormat, middleware }) as never;
    await deniedBy(create(DENIED).invoke(QUESTION));
    expect(stage.provider.requests).toEqual([]);
    await create('gpt-4').invoke(QUESTION);
    expect(new Set(sentModels(stage))).toEqual(new Set(['gpt-4']));
    expect(await stage.decisions()).toHaveLength(1 + stage.provider.requests.length);
  });

  test('judges once what is governed already, and both where the agents differ', async () => {
    await using stage = await openLangChainStage(agentTiers);
    const premium = governChatModel(stage.chat(), stage.cz, { agentId: 'premium-1' });
    await agentWith(stage, premium, { agentId: 'premium-1' }).invoke(QUESTION);
    expect(await stage.decisions()).toHaveLength(1);
    await deniedBy(agentWith(stage, premium, { agentId: 'basic' }).invoke(QUESTION));
    expect(stage.provider.requests).toHaveLength(1);
  });

  test('serves a denied call by the first fallback that is allowed', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    await agentWith(stage, stage.chat({ model: DENIED }), { fallback: ['gpt-4'] }).invoke(QUESTION);
    expect(sentModels(stage)).toEqual(['gpt-4']);
  });
});

describe('the agent that a call is judged for', () => {
  test('is the bound one, whatever the call says', async () => {
    await using stage = await openLangChainStage(agentTiers);
    const agent = agentWith(stage, stage.chat(), { agentId: 'basic' });
    const claims = { metadata: { agent_id: 'premium-1' }, configurable: { agent_id: 'premium-1' } };
    await deniedBy(agent.invoke(QUESTION, claims));
    await deniedBy(RunnableLambda.from(async () => agent.invoke(QUESTION)).invoke('', claims));
    expect(stage.provider.requests).toEqual([]);
    expect((await stage.decisions()).map(({ agentId }) => agentId)).toEqual(['basic', 'basic']);
  });

  test('is named by metadata of the call where none is bound', async () => {
    await using stage = await openLangChainStage(agentTiers);
    await agentWith(stage, stage.chat()).invoke(QUESTION, { metadata: { agent_id: 'premium-1' } });
    await deniedBy(
      agentWith(stage, stage.chat(), { trustMetadata: false }).invoke(QUESTION, {
        metadata: { agent_id: 'premium-1' },
      }),
    );
    expect((await stage.decisions()).map(({ agentId }) => agentId)).toEqual(['premium-1', undefined]);
  });

  test('is not named by the name of the agent, by its context or by what it inherits of that', async () => {
    await using stage = await openLangChainStage(agentTiers);
    const contextSchema = z.object({ agent_id: z.string() });
    const middleware = [controlZeroMiddleware(stage.cz)];
    const parameters = { model: stage.chat(), tools: [], name: 'premium-1', contextSchema, middleware };
    const agent = createLooseAgent(parameters);
    await deniedBy(agent.invoke(QUESTION, { context: { agent_id: 'premium-1' } } as never));
    expect((await stage.decisions()).map(({ agentId }) => agentId)).toEqual([undefined]);
  });

  test('of an agent inside the tool of another one is its own when it is bound', async () => {
    await using stage = await openLangChainStage(agentTiers);
    const run = async (options: ControlZeroMiddlewareOptions): Promise<void> => {
      const inner = agentWith(stage, stage.chat(), options);
      const ask = async (_: unknown, config: object): Promise<string> =>
        JSON.stringify(await inner.invoke(QUESTION, config));
      const delegate = tool(ask, {
        name: 'delegate',
        description: 'Asks another agent.',
        schema: z.object({ text: z.string() }),
      });
      const middleware = [controlZeroMiddleware(stage.cz)];
      const outer = createAgent({ model: stage.chat(), tools: [delegate], middleware });
      await outer.invoke(QUESTION, { metadata: { agent_id: 'premium-outer' } });
    };
    await run({ agentId: 'basic-inner' });
    expect((await stage.decisions()).map(({ agentId }) => agentId)).toEqual([
      'premium-outer',
      'basic-inner',
      'premium-outer',
    ]);
    await run({});
    // A configuration that is handed on says who the outer agent is: bind the inner one.
    expect((await stage.decisions()).slice(3).map(({ agentId }) => agentId)).toEqual([
      'premium-outer',
      'premium-outer',
      'premium-outer',
    ]);
  });
});

describe('beside other middleware', () => {
  const exchange = (model: BaseChatModel): ReturnType<typeof createMiddleware> =>
    createMiddleware({ name: 'Exchange', wrapModelCall: async (request, handler) => handler({ ...request, model }) });

  test('a model that is exchanged before it is judged; one that is exchanged behind it is not, so it goes last', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const [ours, theirs] = [controlZeroMiddleware(stage.cz), exchange(stage.chat({ model: DENIED }))];
    await deniedBy(createAgent({ model: stage.chat(), tools: [], middleware: [theirs, ours] }).invoke(QUESTION));
    expect(stage.provider.requests).toEqual([]);
    await createAgent({ model: stage.chat(), tools: [], middleware: [ours, theirs] }).invoke(QUESTION);
    expect(sentModels(stage)).toEqual([DENIED]);
    expect(await stage.decisions()).toHaveLength(1);
  });

  test('settings that another one puts into the call behind it are judged', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const modelSettings = { options: { body: { model: DENIED, messages: [] } } };
    const settle = createMiddleware({
      name: 'Settings',
      wrapModelCall: async (request, handler) => handler({ ...request, modelSettings }),
    });
    const middleware = [controlZeroMiddleware(stage.cz), settle];
    await deniedBy(createAgent({ model: stage.chat(), tools: [countingTool().tool], middleware }).invoke(QUESTION));
    expect(stage.provider.requests).toEqual([]);
  });

  test('fallbacks of models are judged when it goes last', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const middleware = [
      modelFallbackMiddleware(stage.chat({ model: 'gpt-4-turbo-preview' }), stage.chat()),
      controlZeroMiddleware(stage.cz),
    ] as const;
    await createAgent({ model: stage.chat({ model: DENIED }), tools: [], middleware }).invoke(QUESTION);
    expect(sentModels(stage)).toEqual(['gpt-4']);
    expect(await stage.decisions()).toHaveLength(3);
  });

  test('a summary is made by the model that was given for it, which has to be governed itself', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const run = async (model: BaseChatModel): Promise<unknown> =>
      createLooseAgent({
        model: stage.chat(),
        tools: [],
        middleware: [
          summarizationMiddleware({ model, trigger: { messages: 2 }, keep: { messages: 1 } } as never),
          controlZeroMiddleware(stage.cz),
        ],
      }).invoke({ messages: Array.from({ length: 6 }, () => ({ role: 'user', content: 'Hello' })) });
    await run(stage.chat({ model: DENIED }));
    expect(sentModels(stage)).toEqual([DENIED, 'gpt-4']);
    stage.provider.reset();
    const result = await run(governChatModel(stage.chat({ model: DENIED }), stage.cz));
    // The middleware makes text of every error. Nothing was sent.
    expect(sentModels(stage)).toEqual(['gpt-4']);
    expect(JSON.stringify(result)).toContain('Policy denied');
  });

  test('tools are selected by the model that was given for it, which has to be governed itself', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const tools = ['one', 'two', 'three'].map((name) => countingTool(name).tool);
    const run = async (model: BaseChatModel): Promise<unknown> =>
      createLooseAgent({
        model: stage.chat(),
        tools,
        middleware: [llmToolSelectorMiddleware({ model, maxTools: 2 } as never), controlZeroMiddleware(stage.cz)],
      }).invoke(QUESTION);
    await run(stage.chat({ model: DENIED }));
    expect(sentModels(stage)).toContain(DENIED);
    stage.provider.reset();
    await deniedBy(run(governChatModel(stage.chat({ model: DENIED }), stage.cz)));
    expect(stage.provider.requests).toEqual([]);
  });

  test('retries of models ask again, and by default make a message of the denial', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const run = async (options: Parameters<typeof modelRetryMiddleware>[0]): Promise<unknown> =>
      createLooseAgent({
        model: stage.chat({ model: DENIED }),
        tools: [],
        middleware: [modelRetryMiddleware({ initialDelayMs: 1, ...options }), controlZeroMiddleware(stage.cz)],
      }).invoke(QUESTION);
    expect(JSON.stringify(await run({}))).toContain('Model call failed');
    expect(stage.provider.requests).toEqual([]);
    const before = (await stage.decisions()).length;
    await deniedBy(run({ onFailure: 'error', retryOn: (error: Error) => !findPolicyDenied(error) }));
    expect((await stage.decisions()).length - before).toBe(1);
    expect(stage.provider.requests).toEqual([]);
  });
});

describe('without langchain', () => {
  test('it is an object with two methods', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const middleware = controlZeroMiddleware(stage.cz, { agentId: 'support' });
    expect(Reflect.get(middleware, Symbol.for('AgentMiddleware'))).toBe(true);
    expect(middleware.wrapToolCall).toBeUndefined();
    const request = { model: stage.chat({ model: DENIED }), tools: ['kept'] };
    const call = middleware.wrapModelCall(request, async ({ model, tools }) => {
      expect(tools).toEqual(['kept']);
      expect(model).not.toBe(request.model);
      return model.invoke('Hello');
    });
    await denialOf(call);
    expect(stage.provider.requests).toEqual([]);
  });

  test.each([{}, undefined, 'openai:gpt-4', RunnableLambda.from(() => 'Hello')])(
    'it hands on no model that cannot be governed: %s',
    async (model) => {
      await using stage = await openLangChainStage(modelAllowlist);
      const handler = vi.fn<() => void>();
      expect(() => controlZeroMiddleware(stage.cz).wrapModelCall({ model }, handler)).toThrow(TypeError);
      expect(handler).not.toHaveBeenCalled();
    },
  );

  test.each([
    { tools: 'yes' },
    { onToolDenied: 'ignore' },
    { agent: 'support' },
    { trustMetadata: 1 },
    { modelId: '' },
  ])('options of the wrong kind are refused: %j', async (options) => {
    await using stage = await openLangChainStage(modelAllowlist);
    expect(() => controlZeroMiddleware(stage.cz, options as never)).toThrow(TypeError);
  });

  test('so is something else than a client', () => {
    expect(() => controlZeroMiddleware({} as never)).toThrow(/controlZeroMiddleware\(\)/u);
  });
});

describe('the middleware keeps its gate from step to step', () => {
  test('and no model: what was changed in between counts', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const model = stage.chat();
    const agent = agentWith(stage, model);
    await agent.invoke(QUESTION);
    for (const part of [model, Reflect.get(model, 'completions'), Reflect.get(model, 'fields')])
      Object.assign(part as object, { model: DENIED });
    expect(findPolicyDenied(await rejectionOf(agent.invoke(QUESTION)))?.request.resource).toBe(`model/${DENIED}`);
    expect(sentModels(stage)).toEqual(['gpt-4']);
  });

  test('and judges each model that another middleware puts in place', async () => {
    await using stage = await openLangChainStage(modelAllowlist);
    const models = [stage.chat(), stage.chat({ model: DENIED }), stage.chat({ model: 'gpt-3.5-turbo' })];
    let calls = 0;
    const swapping = createMiddleware({
      name: 'Swapping',
      wrapModelCall: async (request, handler) => {
        calls += 1;
        return handler({ ...request, model: models[(calls - 1) % models.length] as never });
      },
    });
    const middleware = [swapping, controlZeroMiddleware(stage.cz)];
    const agent = createLooseAgent({ model: stage.chat(), tools: [], middleware });
    const outcomes = [];
    for (let call = 0; call < 6; call += 1) outcomes.push(await agent.invoke(QUESTION).catch(findPolicyDenied));
    expect(outcomes.map((outcome) => outcome instanceof PolicyDeniedError)).toEqual([
      false,
      true,
      false,
      false,
      true,
      false,
    ]);
    expect(sentModels(stage)).toEqual(['gpt-4', 'gpt-3.5-turbo', 'gpt-4', 'gpt-3.5-turbo']);
  });
});
