import { describe, expect, test } from 'vitest';

import { PolicyDeniedError, findPolicyDenied } from '../../../src/index.ts';
import { collect } from '../../support/collect.ts';
import { denialOf } from '../../support/denial-of.ts';
import { openAIMajors } from '../../support/openai-majors.ts';
import { greeting, openOpenAIStage } from '../../support/openai-stage.ts';
import { rejectionOf } from '../../support/rejection-of.ts';
import { agentTiers } from '../../support/specification-policies.ts';

const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' }, degrees: { type: 'number' } },
  required: ['city', 'degrees'],
  additionalProperties: false,
};
const JSON_FORMAT = { type: 'json_schema' as const, json_schema: { name: 'weather', strict: true, schema: SCHEMA } };
const TEXT_FORMAT = { format: { type: 'json_schema' as const, name: 'weather', strict: true, schema: SCHEMA } };
const REPLY = 'Hello from the local provider.';

function weatherTool(run: (input: { readonly city: string }) => unknown) {
  return {
    type: 'function' as const,
    function: {
      name: 'weather',
      description: 'The weather of a city.',
      parameters: { type: 'object', properties: { city: { type: 'string' } } },
      parse: JSON.parse as (input: string) => { readonly city: string },
      function: run,
    },
  };
}

async function toText(stream: ReadableStream): Promise<string> {
  return new Response(stream.pipeThrough(new TransformStream())).text();
}

describe.each(openAIMajors)('chat.completions.parse of $name', ({ library }) => {
  test('parses what an allowed model answers', async () => {
    await using stage = await openOpenAIStage(library);
    const parameters = { ...greeting('gpt-4'), response_format: JSON_FORMAT };
    const completion = await stage.governed().chat.completions.parse(parameters);
    expect(completion.choices[0]?.message.parsed).toEqual({ city: 'sample', degrees: 1 });
    expect(stage.provider.requests).toHaveLength(1);
  });

  test('is rejected for a denied model', async () => {
    await using stage = await openOpenAIStage(library);
    const parameters = { ...greeting('gpt-4-turbo'), response_format: JSON_FORMAT };
    await denialOf(stage.governed().chat.completions.parse(parameters));
    expect(stage.provider.requests).toEqual([]);
  });
});

describe.each(openAIMajors)('chat.completions.stream of $name', ({ library }) => {
  test('gives events, the final content and the final completion', async () => {
    await using stage = await openOpenAIStage(library);
    const contents: string[] = [];
    const runner = stage.governed().chat.completions.stream(greeting('gpt-4'));
    runner.on('content', (delta) => contents.push(delta));
    expect(await runner.finalContent()).toBe(REPLY);
    expect(contents.join('')).toBe(REPLY);
    expect((await runner.finalChatCompletion()).model).toBe('gpt-4');
    expect(stage.provider.requests).toHaveLength(1);
    expect(await stage.decisions()).toHaveLength(1);
  });

  test('reads structured answers as it does without governance', async () => {
    await using stage = await openOpenAIStage(library);
    const parameters = { ...greeting('gpt-4'), response_format: JSON_FORMAT };
    const governed = await stage.governed().chat.completions.stream(parameters).finalChatCompletion();
    const plain = await stage.plain().chat.completions.stream(parameters).finalChatCompletion();
    expect(governed.choices[0]?.message.content).toBe('{"city":"sample","degrees":1}');
    expect(governed.choices).toEqual(plain.choices);
  });

  test('becomes a ReadableStream', async () => {
    await using stage = await openOpenAIStage(library);
    const runner = stage.governed().chat.completions.stream(greeting('gpt-4'));
    const lines = (await toText(runner.toReadableStream())).trim().split('\n');
    expect(lines.length).toBeGreaterThan(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ object: 'chat.completion.chunk', model: 'gpt-4' });
  });

  test('aborts', async () => {
    await using stage = await openOpenAIStage(library, { provider: { delayMs: 60_000 } });
    const runner = stage.governed().chat.completions.stream(greeting('gpt-4'));
    runner.on('connect', () => undefined);
    setTimeout(() => runner.abort(), 5);
    expect(await rejectionOf(runner.done())).toBeInstanceOf(library.APIUserAbortError);
    expect(runner.aborted).toBe(true);
  });

  test.each([
    { way: 'done()', consume: (runner: Runner) => runner.done() },
    { way: 'finalContent()', consume: (runner: Runner) => runner.finalContent() },
    { way: 'finalChatCompletion()', consume: (runner: Runner) => runner.finalChatCompletion() },
    { way: "emitted('content')", consume: (runner: Runner) => runner.emitted('content') },
    { way: 'for await', consume: (runner: Runner) => collect(runner) },
    { way: 'toReadableStream()', consume: (runner: Runner) => toText(runner.toReadableStream()) },
  ])('hands the denial itself to $way', async ({ consume }) => {
    await using stage = await openOpenAIStage(library);
    await denialOf(consume(stage.governed().chat.completions.stream(greeting('gpt-4-turbo'))));
    expect(stage.provider.requests).toEqual([]);
    expect(await stage.decisions()).toHaveLength(1);
  });

  test("hands the denial itself to the listeners of 'error' and 'end'", async () => {
    await using stage = await openOpenAIStage(library);
    const runner = stage.governed().chat.completions.stream(greeting('gpt-4-turbo'));
    const seen: unknown[] = [];
    runner.on('error', (error) => seen.push(error)).on('end', () => seen.push('end'));
    const denial = await denialOf(runner.done());
    expect(seen[0]).toBe(denial);
    expect(seen).toHaveLength(2);
    expect(runner.errored).toBe(true);
  });

  type Runner = ReturnType<InstanceType<typeof library.OpenAI>['chat']['completions']['stream']>;
});

describe.each(openAIMajors)('chat.completions.runTools of $name', ({ library }) => {
  test('is judged at each turn', async () => {
    await using stage = await openOpenAIStage(library);
    const tools = [weatherTool(({ city }) => `Rain in ${city}.`)];
    const runner = stage.governed().chat.completions.runTools({ ...greeting('gpt-4'), tools });
    expect(await runner.finalContent()).toBe(REPLY);
    expect(stage.provider.requests).toHaveLength(2);
    expect(stage.provider.requests[1]?.body).toContain('Rain in sample.');
    expect(await stage.decisions()).toHaveLength(2);
  });

  test('is judged at each turn of a stream', async () => {
    await using stage = await openOpenAIStage(library);
    const tools = [weatherTool(({ city }) => `Rain in ${city}.`)];
    const runner = stage.governed().chat.completions.runTools({ ...greeting('gpt-4'), stream: true, tools });
    expect(await runner.finalContent()).toBe(REPLY);
    expect(stage.provider.requests).toHaveLength(2);
    expect(await stage.decisions()).toHaveLength(2);
  });

  test.each([{ stream: false }, { stream: true }])(
    'stops when the policy changes between two turns, stream $stream',
    async ({ stream }) => {
      await using stage = await openOpenAIStage(library);
      const tools = [
        weatherTool(async () => {
          await stage.setPolicy({ rules: [] });
          return 'Rain.';
        }),
      ];
      const { completions } = stage.governed().chat;
      const parameters = { ...greeting('gpt-4'), tools };
      const done = stream
        ? completions.runTools({ ...parameters, stream }).done()
        : completions.runTools(parameters).done();
      await denialOf(done);
      expect(stage.provider.requests).toHaveLength(1);
      expect((await stage.decisions()).map(({ decision }) => decision.allowed)).toEqual([true, false]);
    },
  );

  test('runs no tool when the first turn is denied', async () => {
    await using stage = await openOpenAIStage(library);
    let runs = 0;
    const tools = [weatherTool(() => (runs += 1))];
    const runner = stage.governed().chat.completions.runTools({ ...greeting('gpt-4-turbo'), tools });
    await denialOf(runner.finalContent());
    expect(runs).toBe(0);
    expect(stage.provider.requests).toEqual([]);
  });

  test('judges every turn for the agent that was bound when wrapping', async () => {
    await using stage = await openOpenAIStage(library, { policy: agentTiers });
    const tools = [weatherTool(() => 'Rain.')];
    const client = stage.governed({}, { agentId: 'premium-support' });
    await client.chat.completions.runTools({ ...greeting('gpt-4'), tools }).done();
    expect((await stage.decisions()).map(({ agentId }) => agentId)).toEqual(['premium-support', 'premium-support']);
  });
});

describe.each(openAIMajors)('responses of $name', ({ library }) => {
  const allowed = { model: 'gpt-4', input: 'Hello' };
  const denied = { model: 'gpt-4-turbo', input: 'Hello' };

  test('create() gives what it gives without governance', async () => {
    await using stage = await openOpenAIStage(library);
    const response = await stage.governed().responses.create(allowed);
    expect(response.output_text).toBe(REPLY);
    expect(stage.provider.requests).toHaveLength(1);
  });

  test('parse() parses what an allowed model answers', async () => {
    await using stage = await openOpenAIStage(library);
    const response = await stage.governed().responses.parse({ ...allowed, text: TEXT_FORMAT });
    expect(response.output_parsed).toEqual({ city: 'sample', degrees: 1 });
  });

  test('stream() gives events and the final response', async () => {
    await using stage = await openOpenAIStage(library);
    const stream = stage.governed().responses.stream(allowed);
    const types = (await collect(stream)).map(({ type }) => type);
    expect(types).toContain('response.output_text.delta');
    expect((await stream.finalResponse()).output_text).toBe(REPLY);
    expect(await stage.decisions()).toHaveLength(1);
  });

  test('create(), parse() and stream() are rejected with the denial itself', async () => {
    await using stage = await openOpenAIStage(library);
    const { responses } = stage.governed();
    await denialOf(responses.create(denied));
    await denialOf(responses.create({ ...denied, stream: true }));
    await denialOf(responses.create({ ...denied, background: true }));
    await denialOf(responses.parse({ ...denied, text: TEXT_FORMAT }));
    await denialOf(responses.stream(denied).finalResponse());
    await denialOf(collect(responses.stream(denied)));
    expect(stage.provider.requests).toEqual([]);
  });

  test('without a model are denied as requests that cannot be judged', async () => {
    await using stage = await openOpenAIStage(library);
    const { decision } = await denialOf(stage.governed().responses.create({ input: 'Hello' }));
    expect(decision.reasonCode).toBe('INVALID_REQUEST');
    expect(stage.provider.requests).toEqual([]);
  });
});

describe.each(openAIMajors)('the error of $name', ({ library }) => {
  test("is an instance of the client's own OpenAIError, and of nothing that is retried", async () => {
    await using stage = await openOpenAIStage(library);
    const error: unknown = await denialOf(stage.governed().chat.completions.create(greeting('gpt-4-turbo')));
    expect(error).toBeInstanceOf(library.OpenAIError);
    expect(error).not.toBeInstanceOf(library.APIError);
    expect(error).not.toBeInstanceOf(library.PermissionDeniedError);
  });

  test('of the provider, 403 included, is not taken for ours', async () => {
    await using stage = await openOpenAIStage(library);
    stage.provider.failNext({ status: 403 });
    const error = await rejectionOf(stage.governed().chat.completions.create(greeting('gpt-4')));
    expect(error).toBeInstanceOf(library.PermissionDeniedError);
    expect(error).not.toBeInstanceOf(PolicyDeniedError);
    expect(findPolicyDenied(error)).toBeUndefined();
  });
});
