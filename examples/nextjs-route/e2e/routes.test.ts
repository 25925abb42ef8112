import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { STRICT } from './policies.ts';
import { chatBody, headersOf } from './support/requests.ts';
import type { Stage } from './support/stage.ts';
import { openStage } from './support/stage.ts';

describe('the routes', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage('start', STRICT);
  });
  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
  });
  beforeEach(() => stage.provider.reset());

  const post = async (path: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${stage.app.url}/api/${path}`, { method: 'POST', headers, body });

  test('a denied model is answered with 403 before anything is streamed or sent', async () => {
    const response = await post('chat', chatBody('gpt-4'), await headersOf('ben'));
    expect(response.status).toBe(403);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({
      status: 403,
      code: 'ERR_CZ_POLICY_DENIED',
      detail: 'The model gpt-4 may not be used here.',
    });
    expect(stage.models()).toEqual([]);
  });

  test('the same request of the other user streams', async () => {
    const response = await post('chat', chatBody('gpt-4'), await headersOf('ada'));
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('"model":"gpt-4"');
    expect(stage.models()).toEqual(['gpt-4']);
  });

  test.each([
    ['agent', { agent: 'premium-support' }],
    ['agentId', { agentId: 'premium-support' }],
    ['user', { user: { id: 'ada', agent: 'premium-support' } }],
    ['providerOptions', { providerOptions: { controlzero: { agentId: 'premium-support' } } }],
  ])('%s in the body of a request makes nobody another agent', async (_, more) => {
    const response = await post('chat', chatBody('gpt-4', more), await headersOf('ben'));
    expect(response.status).toBe(403);
    expect(stage.models()).toEqual([]);
  });

  test('provider options of a message make nobody another agent', async () => {
    const controlzero = { agentId: 'premium-support' };
    const parts = [{ type: 'text', text: 'Hello', providerMetadata: { controlzero } }];
    const messages = [{ id: '1', role: 'user', parts, metadata: { controlzero } }];
    const response = await post('chat', chatBody('gpt-4', { messages }), await headersOf('ben'));
    expect(response.status).toBe(403);
    expect(stage.models()).toEqual([]);
  });

  test.each(['chat', 'search', 'policy'])('/api/%s wants a session, and a forged one is none', async (path) => {
    const method = path === 'policy' ? 'GET' : 'POST';
    const ask = async (headers: Record<string, string>): Promise<number> =>
      (await fetch(`${stage.app.url}/api/${path}`, { method, headers, ...(method === 'POST' && { body: '{}' }) }))
        .status;
    expect(await ask({})).toBe(401);
    expect(await ask(await headersOf('ada', 'another secret, just as long as the one'))).toBe(401);
    expect(await ask(await headersOf('ada'))).not.toBe(401);
    expect(stage.models()).toEqual([]);
  });

  test.each(['', '{', '[]', '{"model":"gpt-4"}', '{"messages":[],"model":"gpt-4"}', chatBody('x').replace('"x"', '7')])(
    'a body that is no chat request is answered with 400: %s',
    async (body) => {
      expect((await post('chat', body, await headersOf('ada'))).status).toBe(400);
      expect(stage.models()).toEqual([]);
    },
  );

  test('a search embeds for one user and is denied to the other', async () => {
    const query = JSON.stringify({ query: 'refund' });
    const denied = await post('search', query, await headersOf('ben'));
    expect(denied.status).toBe(403);
    expect(await denied.json()).toMatchObject({ detail: 'The model text-embedding-3-small may not be used here.' });
    expect(stage.models()).toEqual([]);

    const found = await post('search', query, await headersOf('ada'));
    expect(await found.json()).toHaveLength(3);
    expect(stage.models()).toEqual(['text-embedding-3-small']);
  });

  test('a model that is chosen after the stream has started is denied in the stream', async () => {
    const parts = [{ type: 'text', text: 'long '.repeat(500) }];
    const body = chatBody('gpt-3.5-turbo', { messages: [{ id: '1', role: 'user', parts }] });
    const response = await post('chat', body, await headersOf('ben'));
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text).toContain('"type":"error"');
    expect(text).toContain('The model gpt-4-turbo may not be used here.');
    expect(stage.models()).toEqual([]);

    const allowed = await post('chat', body, await headersOf('ada'));
    expect(await allowed.text()).not.toContain('"type":"error"');
    expect(stage.models()).toEqual(['gpt-4-turbo']);
  });

  test('a failure of the provider is no denial, and its message stays on the server', async () => {
    stage.provider.failNext({ status: 400 });
    const response = await post('chat', chatBody('gpt-3.5-turbo'), await headersOf('ben'));
    const text = await response.text();
    expect(text).toContain('Something went wrong.');
    expect(text).not.toContain('A planned failure');
    expect(stage.models()).toEqual(['gpt-3.5-turbo']);
  });
});
