import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { OpenAI } from 'openai';
import { afterEach, describe, expect, test, vi } from 'vitest';

import { wrapOpenAI } from '../../../adapters/openai/index.ts';
import type { Policy } from '../../../src/index.ts';
import { ControlZero, PolicyDeniedError, init } from '../../../src/index.ts';
import { startLocalProvider } from '../../../src/testing/index.ts';
import { denialOf } from '../../support/denial-of.ts';
import { openAIMajors } from '../../support/openai-majors.ts';
import { greeting, openOpenAIStage } from '../../support/openai-stage.ts';
import { agentTiers, modelAllowlist } from '../../support/specification-policies.ts';

const SMALL_EMBEDDING = 'text-embedding-3-small';

describe.each(openAIMajors)('setting up with $name', ({ library }) => {
  test('takes two lines, and the code after them stays as it was', async () => {
    await using provider = await startLocalProvider();
    const options = { apiKey: 'local', baseURL: provider.baseURL };

    const cz = await init({ policy: modelAllowlist });
    const client = wrapOpenAI(new library.OpenAI(options), cz);

    const response = await client.chat.completions.create({
      model: 'gpt-4',
      messages: [{ role: 'user', content: 'What is the capital of France?' }],
    });
    expect(response.choices[0]?.message.content).toBe('Hello from the local provider.');
    expect(provider.requests).toHaveLength(1);
  });
});

describe.each(openAIMajors)('what is enforced automatically with $name', ({ library }) => {
  test('a chat completion is llm.generate on model/<model>', async () => {
    await using stage = await openOpenAIStage(library);
    await stage.governed().chat.completions.create(greeting('gpt-4'));
    expect(await stage.decisions()).toMatchObject([{ action: 'llm.generate', resource: 'model/gpt-4' }]);
  });

  test('an embedding is embedding.generate on model/<model>', async () => {
    await using stage = await openOpenAIStage(library);
    await stage.governed().embeddings.create({ model: SMALL_EMBEDDING, input: 'hello' });
    expect(await stage.decisions()).toMatchObject([
      { action: 'embedding.generate', resource: `model/${SMALL_EMBEDDING}` },
    ]);
  });

  test('the model of every single call is looked at', async () => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governed();
    for (const model of ['gpt-4', 'gpt-4-turbo', 'gpt-4', 'gpt-4o'])
      await client.chat.completions.create(greeting(model)).catch(() => undefined);
    expect(stage.modelsServed()).toEqual(['gpt-4', 'gpt-4']);
    expect(await stage.decisions()).toHaveLength(4);
  });

  test('a denied call raises PolicyDeniedError before a request reaches the provider', async () => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governed();
    await expect(client.chat.completions.create(greeting('gpt-4-turbo'))).rejects.toThrow(PolicyDeniedError);
    await expect(client.embeddings.create({ model: 'gpt-4', input: 'hello' })).rejects.toThrow(PolicyDeniedError);
    expect(stage.provider.requests).toEqual([]);
  });

  test.each<{ what: string; call: (client: OpenAI) => Promise<unknown> }>([
    { what: 'models', call: async (client) => (await client.models.list()).data },
    { what: 'files', call: async (client) => (await client.files.list()).data },
    { what: 'a file', call: async (client) => client.files.retrieve('file-1') },
    { what: 'assistants', call: async (client) => (await client.beta.assistants.list()).data },
    { what: 'a new assistant', call: async (client) => client.beta.assistants.create({ model: 'gpt-4-turbo' }) },
    { what: 'moderations', call: async (client) => client.moderations.create({ input: 'hello' }) },
  ])('$what pass through unchanged, whatever the policy says', async ({ call }) => {
    await using stage = await openOpenAIStage(library, { policy: { rules: [] } });
    const governed = await call(stage.governed());
    expect(stage.provider.requests).toHaveLength(1);
    expect(governed).toEqual(await call(stage.plain()));
    const [first, second] = stage.provider.requests;
    expect({ path: first?.path, body: first?.body, headers: first?.headers }).toEqual({
      path: second?.path,
      body: second?.body,
      headers: second?.headers,
    });
    expect(await stage.decisions()).toEqual([]);
  });
});

describe.each(openAIMajors)('the model allowlist with $name', ({ library }) => {
  const chat = (model: string) => async (client: OpenAI) => client.chat.completions.create(greeting(model));

  test.each([
    { call: 'a chat completion with gpt-4', run: chat('gpt-4'), rule: 0 },
    { call: 'a chat completion with gpt-3.5-turbo', run: chat('gpt-3.5-turbo'), rule: 1 },
    {
      call: 'an embedding with text-embedding-3-small',
      run: async (client: OpenAI) => client.embeddings.create({ model: SMALL_EMBEDDING, input: 'hello' }),
      rule: 3,
    },
  ])('allows $call', async ({ run, rule }) => {
    await using stage = await openOpenAIStage(library);
    await run(stage.governed());
    expect(stage.provider.requests).toHaveLength(1);
    expect(await stage.decisions()).toMatchObject([
      { decision: { allowed: true, reasonCode: 'RULE_MATCH', policy: 'openai-model-governance', rule } },
    ]);
  });

  test('blocks a chat completion with gpt-4-turbo by its rule', async () => {
    await using stage = await openOpenAIStage(library);
    const { decision } = await denialOf(stage.governed().chat.completions.create(greeting('gpt-4-turbo')));
    expect(decision).toMatchObject({ reasonCode: 'RULE_MATCH', policy: 'openai-model-governance', rule: 2 });
    expect(stage.provider.requests).toEqual([]);
  });

  test('blocks a chat completion with gpt-4o because no rule allows it', async () => {
    await using stage = await openOpenAIStage(library);
    const { decision } = await denialOf(stage.governed().chat.completions.create(greeting('gpt-4o')));
    expect(decision).toMatchObject({ reasonCode: 'NO_RULE_MATCH', rule: null });
    expect(stage.provider.requests).toEqual([]);
  });
});

describe.each(openAIMajors)('handling a denied call with $name', ({ library }) => {
  test('catching PolicyDeniedError falls back to an approved model', async () => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governed();
    let response: OpenAI.ChatCompletion;
    try {
      response = await client.chat.completions.create(greeting('gpt-4-turbo'));
    } catch (error) {
      if (!(error instanceof PolicyDeniedError)) throw error;
      response = await client.chat.completions.create(greeting('gpt-4'));
    }
    expect(response.model).toBe('gpt-4');
    expect(stage.modelsServed()).toEqual(['gpt-4']);
  });
});

describe.each(openAIMajors)('wrapping per agent with $name', ({ library }) => {
  test.each([
    { agent: 'premium', model: 'gpt-4', requests: 1 },
    { agent: 'premium', model: 'gpt-3.5-turbo', requests: 1 },
    { agent: 'premium', model: 'gpt-4o', requests: 0 },
    { agent: 'basic', model: 'gpt-4', requests: 0 },
    { agent: 'basic', model: 'gpt-3.5-turbo', requests: 1 },
    { agent: 'basic', model: 'gpt-4o', requests: 0 },
  ])('the $agent client makes $requests requests for $model', async ({ agent, model, requests }) => {
    await using stage = await openOpenAIStage(library, { policy: agentTiers });
    const premium = wrapOpenAI(stage.plain(), stage.cz, { agentId: 'premium-support' });
    const basic = wrapOpenAI(stage.plain(), stage.cz, { agentId: 'basic-support' });
    const call = (agent === 'premium' ? premium : basic).chat.completions.create(greeting(model));
    await (requests === 1 ? call : denialOf(call));
    expect(stage.provider.requests).toHaveLength(requests);
  });
});

describe.each(openAIMajors)('manual enforcement on Node.js with $name', ({ library }) => {
  const folders: string[] = [];

  afterEach(async () => {
    vi.unstubAllEnvs();
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
  });

  async function policyFile(policy: Policy): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'controlzero-'));
    folders.push(folder);
    const path = join(folder, 'policy.json');
    await writeFile(path, JSON.stringify(policy));
    vi.stubEnv('CONTROLZERO_POLICY_FILE', path);
  }

  test('lets an allowed call be made and throws before a denied one', async () => {
    await using provider = await startLocalProvider();
    await policyFile(modelAllowlist);

    const cz = new ControlZero();
    await cz.initialize();
    const openai = new library.OpenAI({ apiKey: 'local', baseURL: provider.baseURL });

    async function ask(prompt: string, model = 'gpt-4'): Promise<string | null | undefined> {
      await cz.enforce({ action: 'llm.generate', resource: `model/${model}` });
      const response = await openai.chat.completions.create({ model, messages: [{ role: 'user', content: prompt }] });
      return response.choices[0]?.message.content;
    }

    expect(await ask('Hello')).toBe('Hello from the local provider.');
    expect(await ask('Hello', 'gpt-3.5-turbo')).toBe('Hello from the local provider.');
    await denialOf(ask('Hello', 'gpt-4-turbo'));
    await denialOf(ask('Hello', 'gpt-4o'));
    expect(provider.modelRequests.map(({ model }) => model)).toEqual(['gpt-4', 'gpt-3.5-turbo']);
    await cz.close();
  });

  test('with a policy that has no rules denies every call', async () => {
    await policyFile({ rules: [] });
    const cz = new ControlZero();
    await cz.initialize();
    const { decision } = await denialOf(cz.enforce({ action: 'llm.generate', resource: 'model/gpt-4' }));
    expect(decision.reasonCode).toBe('NO_RULE_MATCH');
    await cz.close();
  });
});
