import type { Attempt, Attempts } from './bypass-attempts-stage.ts';
import { ALLOWED, DENIED, chat, chatBody, post } from './bypass-attempts-stage.ts';

const PATHS: Readonly<Record<string, string>> = {
  'a trailing slash': '/chat/completions/',
  'many trailing slashes': '/chat/completions////',
  'a double slash': '/chat//completions',
  'a double slash in front': '//chat/completions',
  'upper case': '/Chat/COMPLETIONS',
  'one encoded letter': '/chat/%63ompletions',
  'every letter encoded': '/%63%68%61%74/%63%6f%6d%70%6c%65%74%69%6f%6e%73',
  'a letter encoded twice': '/chat/%2563ompletions',
  'a letter encoded three times': '/chat/%252563ompletions',
  'a letter encoded five times': '/chat/%2525252563ompletions',
  'an encoded slash': '/chat%2Fcompletions',
  'an encoded slash at the end': '/chat/completions%2f',
  'a slash encoded twice': '/chat%252Fcompletions',
  'a backslash': '/chat\\completions',
  'an encoded backslash': '/chat%5Ccompletions',
  'a parameter of the last segment': '/chat/completions;v=1',
  'a parameter of the first segment': '/chat;v=1/completions',
  'an empty parameter': '/chat/completions;',
  'an encoded semicolon': '/chat/completions%3Bv=1',
  'a parameter after two dots': '/x/..;/chat/completions',
  'dot segments': '/models/../chat/./completions',
  'encoded dot segments': '/models/%2e%2e/chat/%2e/completions',
  'half encoded dot segments': '/models/.%2E/chat/completions',
  'dot segments encoded twice': '/models/%252e%252e/chat/completions',
  'a way back behind an encoded slash': '/chat/completions/x%2f..',
  'a way back behind a slash encoded twice': '/chat/completions/x%252f..',
  'a way back encoded twice': '/chat/completions/x/%252e%252e',
  'a way back with a parameter': '/chat/completions/x/..;a=b',
  'a way back behind a backslash': '/chat/completions/x%5c..',
  'a dot encoded twice at the end': '/chat/completions/%252e',
  'a dot with a parameter at the end': '/chat/completions/.;a',
  'a query': '/chat/completions?v=1',
  'an empty query': '/chat/completions?',
  'an encoded question mark': '/chat/completions%3Fv=1',
  'a question mark encoded twice, and a slash': '/chat/completions%253Fv=1/x',
  'a query whose value is a path': '/chat/completions?next=/models/1',
  'a fragment': '/chat/completions#/models',
  'an encoded number sign': '/chat/completions%23top',
  'a tab in the path': '/chat/comp\tletions',
  'a line break in the path': '/chat/comp\nletions',
  'a line break at the end': '/chat/completions\r\n',
  'a space at the end': '/chat/completions ',
  'an encoded space at the end': '/chat/completions%20',
  'an encoded line break at the end': '/chat/completions%0a',
  'an encoded NUL at the end': '/chat/completions%00',
  'a prefix': '/api/v2/chat/completions',
  'a version before the route': '/../v1beta/openai/chat/completions',
  'legacy completions': '/completions',
  responses: '/responses/',
  'compact responses': '/responses/compact/',
  'an encoding that is cut off before an encoded letter': '/%/../chat/%63ompletions',
  'bytes that are no UTF-8 before an encoded letter': '/%ff/../%ff/chat/%63ompletions',
};

function toPath(path: string): Attempt {
  return (stage) => post(stage.client(), path, { body: chatBody(DENIED) });
}

/** Paths that some server takes for a route of a model. */
export const pathAttempts: Attempts = {
  ...Object.fromEntries(Object.entries(PATHS).map(([name, path]) => [`a path with ${name}`, toPath(path)])),
  'an absolute URL as the path': (stage) =>
    post(stage.client(), `${stage.origin}/v1/chat/completions`, { body: chatBody(DENIED) }),
  'an absolute URL with credentials and capitals': (stage) =>
    post(stage.client(), `${stage.origin.toUpperCase()}/V1/Chat/Completions`, { body: chatBody(DENIED) }),
  'an embedding route with a parameter': (stage) =>
    post(stage.client(), '/embeddings;x', { body: { model: 'text-embedding-3-large', input: 'Hello' } }),
  'a base URL that ends in a slash': (stage) =>
    chat(stage.client({ baseURL: `${stage.origin}/v1/` }), chatBody(DENIED)),
  'a base URL with many slashes': (stage) => chat(stage.client({ baseURL: `${stage.origin}/v1//` }), chatBody(DENIED)),
  'a base URL with a long path': (stage) =>
    chat(stage.client({ baseURL: `${stage.origin}/gateway/team-1/openai/v1` }), chatBody(DENIED)),
  'a base URL that is the route but for one segment': (stage) =>
    post(stage.client({ baseURL: `${stage.origin}/v1/chat` }), '/completions', { body: chatBody(DENIED) }),
  'a base URL with the whole route and an empty path': (stage) =>
    post(stage.client({ baseURL: `${stage.origin}/v1/chat/completions` }), '', { body: chatBody(DENIED) }),
  'a base URL with a query': (stage) =>
    chat(stage.client({ baseURL: `${stage.origin}/v1?tenant=1` }), chatBody(DENIED)),
  'a base URL that swallows the path in its query': (stage) =>
    post(stage.client({ baseURL: `${stage.origin}/v1/chat/completions?rest=` }), '/models', { body: chatBody(DENIED) }),
  'a base URL that swallows the path in its fragment': (stage) =>
    post(stage.client({ baseURL: `${stage.origin}/v1/chat/completions#` }), '/models', { body: chatBody(DENIED) }),
  'a base URL without the version': (stage) => chat(stage.client({ baseURL: stage.origin }), chatBody(DENIED)),
  'an engine in the path, which gateways prefer': (stage) =>
    post(stage.client(), `/engines/${DENIED}/chat/completions`, { body: chatBody(ALLOWED) }),
  'an engine in the path of legacy completions': (stage) =>
    post(stage.client(), `/engines/${DENIED}/completions`, { body: { model: ALLOWED, prompt: 'Hello' } }),
  'a deployment in the path': (stage) =>
    post(stage.client(), `/openai/deployments/${DENIED}/chat/completions`, { body: chatBody(ALLOWED) }),
  'a model in the query of the path': (stage) =>
    post(stage.client(), `/chat/completions?model=${DENIED}`, { body: chatBody(ALLOWED) }),
  'a model in the query of a path, encoded': (stage) =>
    post(stage.client(), `/chat/completions?mod%65l=${DENIED}`, { body: chatBody(ALLOWED) }),
  'a model in the query of the base URL': (stage) =>
    post(stage.client({ baseURL: `${stage.origin}/v1/chat/completions?model=${DENIED}&rest=` }), '', {
      body: chatBody(ALLOWED),
    }),
};
