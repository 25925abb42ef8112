import type { ToolSet } from 'ai';
import { describe, expect, test } from 'vitest';

import { governModel, governTools } from '../../../adapters/ai-sdk/index.ts';
import type { PolicyDocument } from '../../../src/index.ts';
import { findPolicyDenied, runAs } from '../../../src/index.ts';
import { aiSDKMajors } from '../../support/ai-sdk-majors.ts';
import type { AISDKStage } from '../../support/ai-sdk/ai-sdk-stage.ts';
import { openAISDKStage } from '../../support/ai-sdk/ai-sdk-stage.ts';
import { collect } from '../../support/collect.ts';

const policy: PolicyDocument = {
  rules: [
    { effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' },
    { effect: 'allow', action: 'tool.call', resource: 'tool/weather' },
    { effect: 'allow', action: 'tool.call', resource: 'tool/delete*', conditions: { agent_id: 'premium-*' } },
    { effect: 'deny', action: 'tool.call', resource: '*', reason: 'A reason for operators only.' },
  ],
};

describe.each(aiSDKMajors)('governed tools of $name', ({ sdk }) => {
  const { tool, jsonSchema, generateText, streamText, stepCountIs } = sdk.ai;
  const inputSchema = jsonSchema<{ city: string }>({ type: 'object', properties: { city: { type: 'string' } } });

  function counting(): { readonly tools: ToolSet; readonly ran: string[] } {
    const ran: string[] = [];
    const named = (name: string): ToolSet[string] =>
      tool({
        description: name,
        inputSchema,
        execute: async ({ city }) => {
          ran.push(name);
          return `${name} in ${city}`;
        },
      });
    return { ran, tools: { weather: named('weather'), deleteAll: named('deleteAll'), other: named('other') } };
  }

  async function ask({ openai, cz }: AISDKStage, tools: ToolSet): ReturnType<typeof generateText> {
    return generateText({
      model: governModel(openai.chat('gpt-4'), cz),
      tools,
      stopWhen: stepCountIs(2),
      prompt: 'Hello',
      maxRetries: 0,
    });
  }

  const only = (tools: ToolSet, name: string): ToolSet => ({ [name]: tools[name] as never });

  test('run when the policy allows it, with one event for each call', async () => {
    await using stage = await openAISDKStage(sdk, { policy });
    const { tools, ran } = counting();
    const { steps } = await ask(stage, governTools(only(tools, 'weather'), stage.cz, { agentId: 'support' }));
    expect(ran).toEqual(['weather']);
    expect(steps[0]?.toolResults).toMatchObject([{ output: 'weather in sample' }]);
    const events = await stage.decisions();
    expect(events.map(({ action, resource, agentId }) => [action, resource, agentId])).toEqual([
      ['llm.generate', 'model/gpt-4', undefined],
      ['tool.call', 'tool/weather', 'support'],
      ['llm.generate', 'model/gpt-4', undefined],
    ]);
  });

  test('do not run when it is denied, and the model reads a message without the rule', async () => {
    await using stage = await openAISDKStage(sdk, { policy });
    const { tools, ran } = counting();
    const { steps } = await ask(stage, governTools(only(tools, 'deleteAll'), stage.cz));
    expect(ran).toEqual([]);
    const errors = steps[0]?.content.flatMap((part) => (part.type === 'tool-error' ? [part.error] : []));
    expect(errors?.map((error) => findPolicyDenied(error)?.request.resource)).toEqual(['tool/deleteAll']);
    const read = stage.server.requests[1]?.body;
    expect(read).toContain('Policy denied tool.call on tool/deleteAll. Nothing was done.');
    expect(read).not.toContain('for operators');
  });

  test('are judged for the agent that runs them', async () => {
    await using stage = await openAISDKStage(sdk, { policy });
    const { tools, ran } = counting();
    const governed = governTools(only(tools, 'deleteAll'), stage.cz);
    await runAs('premium-1', async () => ask(stage, governed));
    await runAs('basic-1', async () => ask(stage, governed));
    await ask(stage, governTools(only(tools, 'deleteAll'), stage.cz, { agentId: 'premium-2' }));
    expect(ran).toEqual(['deleteAll', 'deleteAll']);
  });

  test('keep what they are besides their execute, and stay ungoverned where they are not asked for', async () => {
    await using stage = await openAISDKStage(sdk, { policy });
    const { tools, ran } = counting();
    const provided = stage.openai.tools.webSearch({});
    const browser = tool({ inputSchema });
    const governed = governTools({ ...tools, provided, browser } as unknown as ToolSet, stage.cz);
    expect(Object.keys(governed)).toEqual(['weather', 'deleteAll', 'other', 'provided', 'browser']);
    expect(governed['provided']).toBe(provided);
    expect(governed['browser']).toBe(browser);
    expect(governed['weather']).toMatchObject({ description: 'weather', inputSchema });
    expect(governed['weather']).not.toBe(tools['weather']);
    await ask(stage, only(tools, 'other'));
    expect(ran).toEqual(['other']);
  });

  test('keep the preliminary results of a generator, and the last value of another iterable', async () => {
    await using stage = await openAISDKStage(sdk, { policy });
    async function* values({ city }: { city: string }): AsyncGenerator<string> {
      yield 'asking';
      yield `sunny in ${city}`;
    }
    const results = async (execute: typeof values): Promise<unknown[]> => {
      const stream = streamText({
        model: governModel(stage.openai.chat('gpt-4'), stage.cz),
        tools: governTools({ weather: tool({ inputSchema, execute }) }, stage.cz),
        prompt: 'Hello',
      });
      const parts = await collect(stream.fullStream);
      return parts.flatMap((part) => (part.type === 'tool-result' ? [part.output] : []));
    };
    expect(await results(values)).toEqual(['asking', 'sunny in sample', 'sunny in sample']);
    expect(await results((input) => values(input))).toEqual(['sunny in sample']);
  });

  test('call execute with the tool as this, private fields included', async () => {
    await using stage = await openAISDKStage(sdk, { policy });
    class Weather {
      readonly inputSchema = inputSchema;
      readonly #answer = 'sunny';
      async execute(): Promise<string> {
        return this.#answer;
      }
    }
    const { steps } = await ask(stage, governTools({ weather: new Weather() as never }, stage.cz));
    expect(steps[0]?.toolResults).toMatchObject([{ output: 'sunny' }]);
  });

  test('refuse what are no tools, and options that say nothing about tools', async () => {
    await using stage = await openAISDKStage(sdk, { policy });
    for (const wrong of [undefined, null, 'weather', []])
      expect(() => governTools(wrong as never, stage.cz)).toThrow('governTools() takes an object of tools');
    expect(() => governTools({}, {} as never)).toThrow('takes a ControlZero');
    for (const name of ['fallback', 'modelAliases', 'unknown'])
      expect(() => governTools({}, stage.cz, { [name]: [] })).toThrow(`has no option "${name}"`);
    expect(governTools({ odd: 5, empty: null }, stage.cz)).toEqual({ odd: 5, empty: null });
  });
});
