import { RunnableLambda, RunnableSequence } from '@langchain/core/runnables';
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import { describe, expect, test } from 'vitest';

import { governChatModel } from '../../../adapters/langchain/index.ts';
import { runAs } from '../../../src/index.ts';
import { collect } from '../../support/collect.ts';
import { denialOf } from '../../support/denial-of.ts';
import type { LangChainStage } from '../../support/langchain-stage.ts';
import { hasEventStreams, openLangChainStage } from '../../support/langchain-stage.ts';
import { agentTiers } from '../../support/specification-policies.ts';

const PREMIUM = 'premium-support';
const BASIC = 'basic-support';
const claims = (agent: unknown): { readonly metadata: Record<string, unknown> } => ({ metadata: { agent_id: agent } });

async function agentsOf(stage: LangChainStage): Promise<(string | undefined)[]> {
  return (await stage.decisions()).map(({ agentId }) => agentId);
}

describe('an agent that was bound', () => {
  test('holds against everything a caller passes', async () => {
    await using stage = await openLangChainStage(agentTiers);
    const model = governChatModel(stage.chat(claims(PREMIUM)), stage.cz, { agentId: BASIC });
    await denialOf(model.invoke('Hello', claims(PREMIUM)));
    await denialOf(model.stream('Hello', claims(PREMIUM)));
    await denialOf(model.batch(['Hello'], claims(PREMIUM)));
    await denialOf(model.withConfig(claims(PREMIUM)).invoke('Hello'));
    await denialOf(model.bindTools([], claims(PREMIUM)).invoke('Hello'));
    await denialOf(model.invoke('Hello', { configurable: { agent_id: PREMIUM }, tags: [PREMIUM], runName: PREMIUM }));
    await denialOf(runAs(PREMIUM, async () => model.invoke('Hello')));
    await denialOf(RunnableLambda.from(async () => model.invoke('Hello')).invoke('', claims(PREMIUM)));
    expect(stage.provider.requests).toEqual([]);
    expect(new Set(await agentsOf(stage))).toEqual(new Set([BASIC]));
  });

  test('is not lost by what the model hands on', async () => {
    await using stage = await openLangChainStage(agentTiers);
    const model = governChatModel(stage.chat(), stage.cz, { agentId: PREMIUM });
    await model.bindTools([]).withConfig({}).withRetry().invoke('Hello');
    expect(await agentsOf(stage)).toEqual([PREMIUM]);
  });

  test('is each of two when the model is governed twice, and both have to be allowed', async () => {
    await using stage = await openLangChainStage(agentTiers);
    const basic = governChatModel(stage.chat(), stage.cz, { agentId: BASIC });
    await denialOf(governChatModel(basic, stage.cz, { agentId: PREMIUM }).invoke('Hello'));
    const premium = governChatModel(stage.chat(), stage.cz, { agentId: PREMIUM });
    await denialOf(governChatModel(premium, stage.cz, { agentId: BASIC }).invoke('Hello'));
    expect(stage.provider.requests).toEqual([]);
    await governChatModel(premium, stage.cz, { agentId: 'premium-2' }).invoke('Hello');
    expect(stage.provider.requests).toHaveLength(1);
  });
});

describe('metadata of a call names the agent', () => {
  test('in invoke, stream, batch and events', async () => {
    await using stage = await openLangChainStage(agentTiers);
    const model = governChatModel(stage.chat(), stage.cz);
    await model.invoke('Hello', claims(PREMIUM));
    await collect(await model.stream('Hello', claims(PREMIUM)));
    await model.batch(['Hello', 'Hello'], [claims(PREMIUM), claims('premium-2')]);
    await collect(model.streamEvents('Hello', { version: 'v2', ...claims(PREMIUM) }));
    expect(await agentsOf(stage)).toEqual([PREMIUM, PREMIUM, PREMIUM, 'premium-2', PREMIUM]);
    expect(stage.provider.requests).toHaveLength(5);
  });

  test.runIf(hasEventStreams)('in streams of events that no callback hears of', async () => {
    await using stage = await openLangChainStage(agentTiers);
    const model = governChatModel(stage.chat(), stage.cz) as unknown as {
      streamEvents(input: string, options: object): AsyncIterable<unknown>;
      streamV2(input: string, options: object): AsyncIterable<unknown>;
    };
    await collect(model.streamEvents('Hello', claims(PREMIUM)));
    await collect(model.streamV2('Hello', claims(PREMIUM)));
    expect(await agentsOf(stage)).toEqual([PREMIUM, PREMIUM]);
  });

  test('through sequences, lambdas and nodes of a graph', async () => {
    await using stage = await openLangChainStage(agentTiers);
    const model = governChatModel(stage.chat(), stage.cz);
    await RunnableSequence.from([(text: string) => text, model]).invoke('Hello', claims(PREMIUM));
    const state = Annotation.Root({ text: Annotation<string>() });
    const graph = new StateGraph(state)
      .addNode('ask', async ({ text }, config) => ({ text: JSON.stringify(await model.invoke(text, config)) }))
      .addNode('again', async ({ text }) => ({ text: JSON.stringify(await model.invoke(text)) }))
      .addEdge(START, 'ask')
      .addEdge('ask', 'again')
      .addEdge('again', END)
      .compile();
    await graph.invoke({ text: 'Hello' }, claims(PREMIUM));
    expect(await agentsOf(stage)).toEqual([PREMIUM, PREMIUM, PREMIUM]);
  });

  test('by the constructor of the model, before the call', async () => {
    await using stage = await openLangChainStage(agentTiers);
    const model = governChatModel(stage.chat(claims(PREMIUM)), stage.cz);
    await model.invoke('Hello', claims(BASIC));
    await model.withConfig({ tags: ['a'] }).invoke('Hello');
    expect(await agentsOf(stage)).toEqual([PREMIUM, PREMIUM]);
  });

  test('by withConfig(), also inside a sequence', async () => {
    await using stage = await openLangChainStage(agentTiers);
    const model = governChatModel(stage.chat(), stage.cz).withConfig(claims(PREMIUM));
    await model.invoke('Hello');
    await RunnableSequence.from([(text: string) => text, model as never]).invoke('Hello');
    expect(await agentsOf(stage)).toEqual([PREMIUM, PREMIUM]);
  });

  test('whether or not anybody traces', async () => {
    await using stage = await openLangChainStage(agentTiers);
    const model = governChatModel(stage.chat(), stage.cz);
    const callbacks = [{ handleLLMStart: () => undefined, handleChatModelStart: () => undefined }];
    await model.invoke('Hello', { ...claims(PREMIUM), callbacks });
    await model.invoke('Hello', { ...claims(PREMIUM), callbacks: [] });
    expect(await agentsOf(stage)).toEqual([PREMIUM, PREMIUM]);
  });

  test('loses to runAs(), beats the client', async () => {
    await using stage = await openLangChainStage(agentTiers, { agentId: BASIC });
    const model = governChatModel(stage.chat(), stage.cz);
    await model.invoke('Hello', claims(PREMIUM));
    await denialOf(runAs(BASIC, async () => model.invoke('Hello', claims(PREMIUM))));
    await denialOf(model.invoke('Hello'));
    expect(await agentsOf(stage)).toEqual([PREMIUM, BASIC, BASIC]);
  });

  test('does not go over to the next call', async () => {
    await using stage = await openLangChainStage(agentTiers);
    const model = governChatModel(stage.chat(), stage.cz);
    const options = { ...claims(PREMIUM) };
    await model.invoke('Hello', options);
    await denialOf(model.invoke('Hello'));
    options.metadata = {};
    await denialOf(model.invoke('Hello', options));
    expect(await agentsOf(stage)).toEqual([PREMIUM, undefined, undefined]);
  });

  test.each([
    ['a number', 7],
    ['null', null],
    ['a list', [PREMIUM]],
    ['an object with a toString()', { toString: () => PREMIUM }],
    ['an empty text', ''],
    ['a String object', Object(PREMIUM)],
  ])('not when it is %s', async (_, agent) => {
    await using stage = await openLangChainStage(agentTiers);
    await denialOf(governChatModel(stage.chat(), stage.cz).invoke('Hello', claims(agent)));
    expect(await agentsOf(stage)).toEqual([undefined]);
  });

  test('not when it is inherited', async () => {
    await using stage = await openLangChainStage(agentTiers);
    const metadata = Object.create({ agent_id: PREMIUM }) as Record<string, unknown>;
    await denialOf(governChatModel(stage.chat(), stage.cz).invoke('Hello', { metadata }));
    expect(stage.provider.requests).toEqual([]);
  });

  test('not when callers are not trusted; what the code configured still counts', async () => {
    await using stage = await openLangChainStage(agentTiers, { agentId: BASIC });
    const model = governChatModel(stage.chat(), stage.cz, { trustMetadata: false });
    await denialOf(model.invoke('Hello', claims(PREMIUM)));
    await denialOf(RunnableLambda.from(async () => model.invoke('Hello')).invoke('', claims(PREMIUM)));
    const configured = governChatModel(stage.chat(claims(PREMIUM)), stage.cz, { trustMetadata: false });
    await configured.invoke('Hello', claims(BASIC));
    expect(await agentsOf(stage)).toEqual([BASIC, BASIC, PREMIUM]);
  });

  test('nothing else of the call does', async () => {
    await using stage = await openLangChainStage(agentTiers);
    const model = governChatModel(stage.chat(), stage.cz);
    const options = { configurable: { agent_id: PREMIUM }, tags: [PREMIUM], runName: PREMIUM };
    await denialOf(model.invoke('Hello', { ...options, metadata: { lc_agent_name: PREMIUM, agentId: PREMIUM } }));
    expect(await agentsOf(stage)).toEqual([undefined]);
  });
});

test('of 40 calls at a time each is judged for its own metadata', async () => {
  await using stage = await openLangChainStage(agentTiers);
  const model = governChatModel(stage.chat(), stage.cz);
  const agents = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? `premium-${index}` : `basic-${index}`));
  const results = await Promise.allSettled(agents.map(async (agent) => model.invoke(agent, claims(agent))));
  expect(results.map(({ status }) => status === 'fulfilled')).toEqual(
    agents.map((agent) => agent.startsWith('premium')),
  );
  expect(new Set(await agentsOf(stage))).toEqual(new Set(agents));
  expect(await stage.decisions()).toHaveLength(40);
  expect(stage.provider.requests).toHaveLength(20);
});
