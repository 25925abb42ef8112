import { describe, expect, test } from 'vitest';

import { classifyCall, withDeployment } from '../../../adapters/openai/classify-call.ts';

const ORIGIN = 'https://provider.example';
const POST = { method: 'POST', body: '{}' };
const AMBIGUOUS = 'The path of the request can be read in more than one way.';

function classify(path: string): ReturnType<typeof classifyCall> {
  return classifyCall(POST, ORIGIN + path);
}

describe('a request is governed', () => {
  test.each([
    { path: '/v1/chat/completions', action: 'llm.generate' },
    { path: '/chat/completions', action: 'llm.generate' },
    { path: '/v1/completions', action: 'llm.generate' },
    { path: '/v1/responses', action: 'llm.generate' },
    { path: '/v1/responses?beta=true', action: 'llm.generate' },
    { path: '/v1/responses/compact', action: 'llm.generate' },
    { path: '/v1/embeddings', action: 'embedding.generate' },
    { path: '/api/v3/openai/v1/embeddings', action: 'embedding.generate' },
  ])('as $action on $path', ({ path, action }) => {
    expect(classify(path)).toEqual({ action, queried: [] });
  });

  test.each([
    '/v1/chat/completions/',
    '/v1//chat///completions',
    '/v1/CHAT/Completions',
    '/v1/chat/complet%69ons',
    '/v1/chat%2Fcompletions',
    '/v1/chat%252Fcompletions',
    '/v1/%2525252563hat/completions',
    String.raw`/v1/chat\completions`,
    '/v1/chat/completions;a=b',
    '/v1/chat;a=b/completions',
    '/v1/chat/completions%00',
    '/v1/chat/%20completions%20',
    '/v1/chat/completions%2F.',
    '/v1/models%2F../chat/completions',
    '/v1/chat/completions/x%2F..',
    '/v1/chat/completions%3Fx',
    '/v1/chat/completions%23x',
    '/v1/x%FF%2Fchat%2Fcompletions',
  ])('on %s, which a server may route there', (path) => {
    expect(classify(path)?.action).toBe('llm.generate');
  });

  test.each(['POST', 'post', 'PUT', 'PATCH', 'QUERY', 'anything'])('by method %s', (method) => {
    expect(classifyCall({ method }, `${ORIGIN}/v1/embeddings`)?.action).toBe('embedding.generate');
  });

  test.each(['GET', 'HEAD', 'DELETE', 'OPTIONS', undefined])('by method %s when it has a body', (method) => {
    expect(classifyCall({ method, body: '{}' }, `${ORIGIN}/v1/embeddings`)).toBeDefined();
  });

  test.each([null, 5, { toString: () => 'GET' }])('by a method that is no text', (method) => {
    expect(classifyCall({ method }, `${ORIGIN}/v1/embeddings`)).toBeDefined();
  });

  test('with a fault when its URL is no text', () => {
    const url = { toString: () => `${ORIGIN}/v1/models` };
    expect(classifyCall(POST, url)).toMatchObject({ fault: 'The URL of the request is no text.' });
  });
});

describe('a request passes', () => {
  test.each([
    '/v1/models',
    '/v1/files',
    '/v1/chat/completions/chatcmpl-1',
    '/v1/chat/completions/chatcmpl-1/messages',
    '/v1/responses/resp_1',
    '/v1/responses/resp_1/cancel',
    '/v1/responses/input_tokens',
    '/v1/embeddings-archive',
    '/v1/my-embeddings',
    '/v1/threads/thread_1/runs',
    '/',
    '',
  ])('on %s', (path) => {
    expect(classify(path)).toBeUndefined();
  });

  test.each(['GET', 'get', 'HEAD', 'DELETE', 'OPTIONS', undefined])('by method %s without a body', (method) => {
    expect(classifyCall({ method }, `${ORIGIN}/v1/chat/completions`)).toBeUndefined();
  });
});

describe('the deployment of a path', () => {
  test.each([
    { path: '/openai/deployments/gpt-4/chat/completions?api-version=1', deployment: 'gpt-4' },
    { path: '/openai/deployments/mod%C3%A8le/embeddings', deployment: 'modèle' },
    { path: '/openai/deployments/family%2Fmodel/completions', deployment: 'family/model' },
    { path: '/openai/deployments/family/model/completions', deployment: 'family/model' },
    { path: '/openai/Deployments/GPT-4/chat/completions', deployment: 'GPT-4' },
    { path: '/v1/engines/davinci/completions', deployment: 'davinci' },
    { path: '/openai/deployments/gpt-4%20/chat/completions', deployment: 'gpt-4 ' },
    { path: '/openai/deployments/gpt-4;v=1/chat/completions', deployment: 'gpt-4;v=1' },
    { path: '/openai/deployments/%E0%A4%A/chat/completions', deployment: '%E0%A4%A' },
  ])('of $path is $deployment', ({ path, deployment }) => {
    expect(classify(path)).toMatchObject({ deployment });
    expect(classify(path)).not.toHaveProperty('fault');
  });

  test('is not looked for behind the route', () => {
    expect(classify('/v1/completions/deployments/x')).toBeUndefined();
    expect(classify('/v1/chat/completions')).not.toHaveProperty('deployment');
    expect(classify('/deployments/chat/completions')).toMatchObject({ deployment: '' });
  });

  test.each([
    '/openai/deployments/gpt-4%2F..%2Fgpt-4-turbo/chat/completions',
    '/openai/deployments/gpt%252D4/chat/completions',
    '/openai/deployments/gpt-4%2F/chat/completions',
    '/openai/deployments/gpt-4%2Fchat%2Fcompletions%3F/chat/completions',
    '/v1/embeddings%3F/completions',
  ])('of %s is not clear', (path) => {
    expect(classify(path)).toMatchObject({ fault: AMBIGUOUS });
  });
});

describe('the models in a query', () => {
  test.each([
    { query: '?model=gpt-4', queried: ['gpt-4'] },
    { query: '?Model=gpt-4&model=o3', queried: ['gpt-4', 'o3'] },
    { query: '?model[]=gpt-4&model[1]=o3', queried: ['gpt-4', 'o3'] },
    { query: '?model%5B0%5D=gpt%2D4', queried: ['gpt-4'] },
    { query: '?models=gpt-4&my-model=o3&api-version=1', queried: [] },
  ])('of $query are $queried', ({ query, queried }) => {
    expect(classify(`/v1/chat/completions${query}`)?.queried).toEqual(queried);
  });
});

describe('withDeployment()', () => {
  const url = (name: string): string => `${ORIGIN}/openai/deployments/${name}/chat/completions?api-version=1`;

  test('exchanges the deployment and nothing else', () => {
    expect(withDeployment(url('gpt-4-turbo'), 'gpt-4')).toBe(url('gpt-4'));
    expect(withDeployment(`${ORIGIN}/Deployments/a/embeddings`, 'b')).toBe(`${ORIGIN}/Deployments/b/embeddings`);
  });

  test('encodes what a path cannot hold', () => {
    expect(withDeployment(url('a'), 'modèle/x y')).toBe(url('mod%C3%A8le%2Fx%20y'));
  });

  test.each(['..', '.', '../x', 'x/..', '', 'a%2Fb', '$&', '$1'])('gives nothing or that very name for %j', (name) => {
    const changed = withDeployment(url('a'), name);
    const read = changed === undefined ? undefined : classifyCall(POST, changed);
    expect([undefined, name]).toContain(read?.deployment);
  });

  test('gives nothing where the path names no single deployment', () => {
    expect(withDeployment(`${ORIGIN}/v1/chat/completions`, 'gpt-4')).toBeUndefined();
    expect(withDeployment(`${ORIGIN}/v1/engines/davinci/completions`, 'gpt-4')).toBeUndefined();
    expect(withDeployment(url('family/model'), 'gpt-4')).toBeUndefined();
  });
});
