import { describe, expect, test } from 'vitest';

import { wrapOpenAI } from '../../../adapters/openai/index.ts';
import type { Rule } from '../../../src/index.ts';
import { collect } from '../../support/collect.ts';
import { denialOf } from '../../support/denial-of.ts';
import { openAIMajors } from '../../support/openai-majors.ts';
import { greeting, openOpenAIStage } from '../../support/openai-stage.ts';

const QUERY = '?api-version=2024-10-21';

function generate(effect: 'allow' | 'deny', resource: string): Rule {
  return { effect, action: 'llm.generate', resource };
}

/** Paths that mean something else to the client than to a server; what the server is asked to run, if anything. */
const ODD_NAMES: readonly { name: string; served: Readonly<Record<6 | 7, string | undefined>> }[] = [
  { name: 'gpt-4/../gpt-4-turbo', served: { 6: undefined, 7: undefined } },
  { name: 'gpt-4-turbo/../gpt-4', served: { 6: 'gpt-4', 7: undefined } },
  { name: 'gpt-4%2F..%2Fgpt-4-turbo', served: { 6: undefined, 7: undefined } },
  { name: 'gpt-4%252F..%252Fgpt-4-turbo', served: { 6: undefined, 7: undefined } },
  { name: 'gpt-4\\..\\gpt-4-turbo', served: { 6: undefined, 7: undefined } },
  { name: 'gpt%2D4', served: { 6: 'gpt-4', 7: undefined } },
  { name: 'gpt%2D4-turbo', served: { 6: undefined, 7: undefined } },
  { name: 'gpt-4;gpt-4-turbo', served: { 6: undefined, 7: undefined } },
  { name: 'gpt-4\u0000-turbo', served: { 6: undefined, 7: undefined } },
  { name: 'gpt-4 ', served: { 6: undefined, 7: undefined } },
  { name: 'GPT-4', served: { 6: undefined, 7: undefined } },
  { name: 'gpt-4\u200b', served: { 6: undefined, 7: undefined } },
];

describe.each(openAIMajors)('AzureOpenAI of $name', ({ library, major }) => {
  test('is judged by the deployment in its options, whatever the body says', async () => {
    await using stage = await openOpenAIStage(library);
    await stage.governedAzure({ deployment: 'gpt-4' }).chat.completions.create(greeting('gpt-4-turbo'));
    const denied = stage.governedAzure({ deployment: 'gpt-4-turbo' });
    const { request } = await denialOf(denied.chat.completions.create(greeting('gpt-4')));
    expect(request.resource).toBe('model/gpt-4-turbo');
    expect(stage.provider.requests.map(({ path }) => path)).toEqual([
      `/openai/deployments/gpt-4/chat/completions${QUERY}`,
    ]);
  });

  test('is judged by the model of the call where no deployment is configured', async () => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governedAzure();
    await client.chat.completions.create(greeting('gpt-4'));
    await denialOf(client.chat.completions.create(greeting('gpt-4-turbo')));
    expect(stage.modelsServed()).toEqual(['gpt-4']);
    expect(stage.provider.requests[0]?.pathname).toBe('/openai/deployments/gpt-4/chat/completions');
  });

  test('is judged by a deployment in its base URL', async () => {
    await using stage = await openOpenAIStage(library);
    const baseURL = (name: string): string => `${stage.provider.url}/openai/deployments/${name}`;
    await stage.governedAzure({ baseURL: baseURL('gpt-4') }).chat.completions.create(greeting('ignored'));
    await denialOf(stage.governedAzure({ baseURL: baseURL('gpt-4-turbo') }).chat.completions.create(greeting('gpt-4')));
    expect(stage.modelsServed()).toEqual(['gpt-4']);
  });

  test('is judged when it embeds', async () => {
    await using stage = await openOpenAIStage(library);
    const input = { model: 'ignored', input: 'Hello' };
    await stage.governedAzure({ deployment: 'text-embedding-3-small' }).embeddings.create(input);
    const { request } = await denialOf(stage.governedAzure({ deployment: 'gpt-4' }).embeddings.create(input));
    expect(request).toEqual({ action: 'embedding.generate', resource: 'model/gpt-4' });
    expect(stage.modelsServed()).toEqual(['text-embedding-3-small']);
  });

  test('is judged when it streams', async () => {
    await using stage = await openOpenAIStage(library);
    const runner = stage.governedAzure({ deployment: 'gpt-4' }).chat.completions.stream(greeting('gpt-4'));
    expect((await collect(runner)).length).toBeGreaterThan(1);
    const denied = stage.governedAzure({ deployment: 'gpt-4-turbo' });
    await denialOf(denied.chat.completions.stream(greeting('gpt-4')).finalContent());
    expect(stage.provider.requests).toHaveLength(1);
  });

  test('is judged by the model of the body for responses, which have no deployment in the path', async () => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governedAzure({ deployment: 'gpt-4-turbo' });
    await client.responses.create({ model: 'gpt-4', input: 'Hello' });
    await denialOf(client.responses.create({ model: 'gpt-4-turbo', input: 'Hello' }));
    expect(stage.provider.requests.map(({ path }) => path)).toEqual([`/openai/responses${QUERY}`]);
  });

  test('keeps deployment, version and endpoint in withOptions()', async () => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governedAzure({ deployment: 'gpt-4' }).withOptions({ timeout: 5000 }).withOptions({});
    expect(client).toMatchObject({ deploymentName: 'gpt-4', apiVersion: '2024-10-21', timeout: 5000 });
    await client.chat.completions.create(greeting('ignored'));
    expect(stage.provider.requests[0]?.path).toBe(`/openai/deployments/gpt-4/chat/completions${QUERY}`);
    const denied = stage.governedAzure({ deployment: 'gpt-4-turbo' }).withOptions({ timeout: 5000 });
    await denialOf(denied.chat.completions.create(greeting('gpt-4')));
    expect(stage.provider.requests).toHaveLength(1);
  });

  test('takes another deployment in withOptions() and is judged by it', async () => {
    await using stage = await openOpenAIStage(library);
    const other = { deployment: 'gpt-4-turbo', apiVersion: '2025-01-01' };
    const client = stage.governedAzure({ deployment: 'gpt-4' }).withOptions(other);
    expect(client).toMatchObject({ deploymentName: 'gpt-4-turbo', apiVersion: '2025-01-01' });
    const { request } = await denialOf(client.chat.completions.create(greeting('gpt-4')));
    expect(request.resource).toBe('model/gpt-4-turbo');
  });

  test('uses a token of Entra ID, also in a clone', async () => {
    await using stage = await openOpenAIStage(library);
    let tokens = 0;
    const azureADTokenProvider = async (): Promise<string> => `token-${(tokens += 1)}`;
    const client = stage.governedAzure({ deployment: 'gpt-4', azureADTokenProvider });
    await client.chat.completions.create(greeting('gpt-4'));
    await client.withOptions({ timeout: 5000 }).chat.completions.create(greeting('gpt-4'));
    const sent = stage.provider.requests.map(({ headers }) => headers['authorization']);
    expect(sent).toEqual(['Bearer token-1', 'Bearer token-2']);
    const other = { deployment: 'gpt-4-turbo' };
    await denialOf(client.withOptions(other).chat.completions.create(greeting('x')));
    expect(stage.provider.requests).toHaveLength(2);
  });

  test('sends its key as it does without governance', async () => {
    await using stage = await openOpenAIStage(library);
    await stage.governedAzure({ deployment: 'gpt-4' }).chat.completions.create(greeting('gpt-4'));
    await stage.plainAzure({ deployment: 'gpt-4' }).chat.completions.create(greeting('gpt-4'));
    const [governed, plain] = stage.provider.requests.map(({ headers }) => headers);
    expect(governed).toEqual(plain);
    expect(governed?.['api-key']).toBe('local');
    expect(governed?.['user-agent']).toMatch(/^AzureOpenAI\/JS/u);
  });

  test('stays an AzureOpenAI and leaves the original as it is', async () => {
    await using stage = await openOpenAIStage(library);
    const original = stage.plainAzure({ deployment: 'gpt-4-turbo' });
    const before = Object.getOwnPropertyDescriptors(original);
    expect(wrapOpenAI(original, stage.cz)).toBeInstanceOf(library.AzureOpenAI);
    expect(Object.getOwnPropertyDescriptors(original)).toEqual(before);
    await original.chat.completions.create(greeting('gpt-4'));
    expect(stage.modelsServed()).toEqual(['gpt-4-turbo']);
  });

  test.each(ODD_NAMES)('with a deployment named $name runs the allowed model or none', async ({ name, served }) => {
    await using stage = await openOpenAIStage(library);
    const call = stage.governedAzure({ deployment: name }).chat.completions.create(greeting('gpt-4'));
    const expected = served[major];
    await (expected === undefined ? denialOf(call) : call);
    expect(stage.modelsServed()).toEqual(expected === undefined ? [] : [expected]);
  });

  test.each(['modèle-é', 'family/model', '☃', 'gpt-4.1_eu~1'])('knows a deployment named %s', async (name) => {
    await using stage = await openOpenAIStage(library, { policy: { rules: [generate('allow', `model/${name}`)] } });
    await stage.governedAzure({ deployment: name }).chat.completions.create(greeting('ignored'));
    expect(stage.modelsServed()).toEqual([name]);
    expect(await stage.decisions()).toMatchObject([{ resource: `model/${name}` }]);
  });
});

describe.each(openAIMajors)('modelAliases with AzureOpenAI of $name', ({ library }) => {
  const modelAliases = { 'prod-eu-1': 'gpt-4', 'prod-eu-2': 'gpt-4-turbo' };

  test('let allow rules see the model behind a deployment', async () => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governedAzure({ deployment: 'prod-eu-1' }, { modelAliases });
    await client.chat.completions.create(greeting('ignored'));
    expect(stage.modelsServed()).toEqual(['prod-eu-1']);
    expect(await stage.decisions()).toMatchObject([{ resource: 'model/gpt-4' }]);
  });

  test('let deny rules see the model behind a deployment', async () => {
    const rules = [generate('deny', 'model/gpt-4-turbo*'), generate('allow', 'model/*')];
    await using stage = await openOpenAIStage(library, { policy: { rules } });
    const client = stage.governedAzure({ deployment: 'prod-eu-2' }, { modelAliases });
    await denialOf(client.chat.completions.create(greeting('ignored')));
    expect(stage.provider.requests).toEqual([]);
  });

  test('let deny rules see the deployment as well', async () => {
    const rules = [generate('deny', 'model/prod-eu-*'), generate('allow', 'model/*')];
    await using stage = await openOpenAIStage(library, { policy: { rules } });
    const client = stage.governedAzure({ deployment: 'prod-eu-1' }, { modelAliases });
    await denialOf(client.chat.completions.create(greeting('ignored')));
    expect(stage.provider.requests).toEqual([]);
  });

  test('keep allow rules from seeing the deployment', async () => {
    await using stage = await openOpenAIStage(library, { policy: { rules: [generate('allow', 'model/prod-eu-*')] } });
    const client = stage.governedAzure({ deployment: 'prod-eu-1' }, { modelAliases });
    const { request } = await denialOf(client.chat.completions.create(greeting('ignored')));
    expect(request.resource).toBe('model/gpt-4');
    expect(stage.provider.requests).toEqual([]);
  });

  test('do not touch ids that they do not name, inherited ones included', async () => {
    await using stage = await openOpenAIStage(library);
    const inherited = Object.assign(Object.create({ 'prod-eu-9': 'gpt-4' }) as object, modelAliases);
    const client = stage.governedAzure({ deployment: 'prod-eu-9' }, { modelAliases: inherited });
    const { request } = await denialOf(client.chat.completions.create(greeting('ignored')));
    expect(request.resource).toBe('model/prod-eu-9');
    await denialOf(
      stage.governedAzure({ deployment: 'toString' }, { modelAliases }).chat.completions.create(greeting('ignored')),
    );
    expect(stage.provider.requests).toEqual([]);
  });
});

describe.each(openAIMajors)('fallback with AzureOpenAI of $name', ({ library }) => {
  test('exchanges the deployment in the URL and leaves query and body alone', async () => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governedAzure({ deployment: 'gpt-4-turbo' }, { fallback: ['gpt-4o', 'gpt-4'] });
    await client.chat.completions.create({ ...greeting('gpt-4-turbo'), user: 'é' });
    expect(stage.provider.requests).toMatchObject([
      {
        path: `/openai/deployments/gpt-4/chat/completions${QUERY}`,
        body: JSON.stringify({ ...greeting('gpt-4-turbo'), user: 'é' }),
      },
    ]);
    expect(await stage.decisions()).toMatchObject([
      { resource: 'model/gpt-4', decision: { allowed: true }, fallback: { requested: 'model/gpt-4-turbo' } },
    ]);
  });

  test('leaves an allowed deployment alone', async () => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governedAzure({ deployment: 'gpt-4' }, { fallback: ['gpt-3.5-turbo'] });
    await client.chat.completions.create(greeting('ignored'));
    expect(stage.modelsServed()).toEqual(['gpt-4']);
  });

  test('names deployments, whose aliases are judged', async () => {
    await using stage = await openOpenAIStage(library);
    const modelAliases = { 'prod-1': 'gpt-4-turbo', 'prod-2': 'gpt-4' };
    const client = stage.governedAzure({ deployment: 'prod-1' }, { fallback: ['prod-2'], modelAliases });
    await client.chat.completions.create(greeting('ignored'));
    expect(stage.modelsServed()).toEqual(['prod-2']);
    expect(await stage.decisions()).toMatchObject([
      { resource: 'model/gpt-4', fallback: { requested: 'model/gpt-4-turbo' } },
    ]);
  });

  test('throws the denial of what was asked for when none is allowed', async () => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governedAzure({ deployment: 'gpt-4-turbo' }, { fallback: ['gpt-4o', 'o3'] });
    const { request } = await denialOf(client.chat.completions.create(greeting('gpt-4')));
    expect(request.resource).toBe('model/gpt-4-turbo');
    expect(stage.provider.requests).toEqual([]);
    expect(await stage.decisions()).toHaveLength(1);
  });

  test('does nothing in shadow mode', async () => {
    await using stage = await openOpenAIStage(library, { mode: 'shadow' });
    const client = stage.governedAzure({ deployment: 'gpt-4-turbo' }, { fallback: ['gpt-4'] });
    await client.chat.completions.create(greeting('ignored'));
    expect(stage.modelsServed()).toEqual(['gpt-4-turbo']);
    expect(await stage.decisions()).toMatchObject([{ resource: 'model/gpt-4-turbo', enforced: false }]);
  });

  test('serves embeddings', async () => {
    await using stage = await openOpenAIStage(library);
    const options = { fallback: ['gpt-4', 'text-embedding-3-small'] };
    const client = stage.governedAzure({ deployment: 'text-embedding-3-large' }, options);
    await client.embeddings.create({ model: 'ignored', input: 'Hello' });
    expect(stage.modelsServed()).toEqual(['text-embedding-3-small']);
  });

  test('exchanges the model of the body where the path names no deployment', async () => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governedAzure({}, { fallback: ['gpt-4'] });
    await client.responses.create({ model: 'gpt-4-turbo', input: 'Hello' });
    expect(stage.modelsServed()).toEqual(['gpt-4']);
  });

  test('serves every attempt', async () => {
    await using stage = await openOpenAIStage(library);
    stage.provider.failNext({ status: 500, times: 2, headers: { 'retry-after-ms': '1' } });
    const client = stage.governedAzure({ deployment: 'gpt-4-turbo', maxRetries: 2 }, { fallback: ['gpt-4'] });
    await client.chat.completions.create(greeting('ignored'));
    expect(stage.modelsServed()).toEqual(['gpt-4', 'gpt-4', 'gpt-4']);
  });

  test('is not used when the URL cannot name it', async () => {
    const rules = [generate('allow', 'model/..'), generate('allow', 'model/./x')];
    await using stage = await openOpenAIStage(library, { policy: { rules } });
    const client = stage.governedAzure({ deployment: 'gpt-4-turbo' }, { fallback: ['..', './x'] });
    await denialOf(client.chat.completions.create(greeting('ignored')));
    expect(stage.provider.requests).toEqual([]);
  });

  test('is not used when the body lists further models', async () => {
    await using stage = await openOpenAIStage(library);
    const client = stage.governedAzure({ deployment: 'gpt-4-turbo' }, { fallback: ['gpt-4'] });
    const parameters = { ...greeting('ignored'), models: ['gpt-4o'] };
    await denialOf(client.chat.completions.create(parameters));
    expect(stage.provider.requests).toEqual([]);
  });

  test('is not used when the policy changes between routing and judging', async () => {
    await using stage = await openOpenAIStage(library);
    class Slow extends library.AzureOpenAI {
      override async prepareRequest(): Promise<void> {
        await stage.setPolicy({ rules: [generate('allow', 'model/*')] });
      }
    }
    const options = { apiKey: 'local', endpoint: stage.provider.url, apiVersion: '2024-10-21' };
    const client = wrapOpenAI(new Slow({ ...options, deployment: 'gpt-4-turbo' }), stage.cz, { fallback: ['gpt-4'] });
    const { decision } = await denialOf(client.chat.completions.create(greeting('ignored')));
    expect(decision.reasonCode).toBe('INVALID_REQUEST');
    expect(stage.provider.requests).toEqual([]);
  });

  test('finds no policy and says so', async () => {
    await using stage = await openOpenAIStage(library);
    await stage.cz.close();
    const client = stage.governedAzure({ deployment: 'gpt-4-turbo' }, { fallback: ['gpt-4'] });
    await expect(client.chat.completions.create(greeting('ignored'))).rejects.toMatchObject({
      code: 'ERR_CZ_POLICY_UNAVAILABLE',
    });
    expect(stage.provider.requests).toEqual([]);
  });
});
