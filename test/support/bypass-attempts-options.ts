import type { Attempt, Attempts, Stage } from './bypass-attempts-stage.ts';
import { ALLOWED, ALLOWED_EMBEDDING, DENIED, chat, chatBody, overTurns, post } from './bypass-attempts-stage.ts';

const DENIED_TEXT = JSON.stringify(chatBody(DENIED));
const ALLOWED_TEXT = JSON.stringify(chatBody(ALLOWED));
const JSON_HEADERS = { 'content-type': 'application/json' };
const BRIEF_PAUSE = { 'retry-after-ms': '1' };

function withOptions(make: () => object): Attempt {
  return (stage) => chat(stage.client(), chatBody(ALLOWED), make());
}

function listWith(make: () => object): Attempt {
  return (stage) => stage.client().models.list(make());
}

// A transport that fails the first attempts, so that the client sends the request again.
function failingFirst(times: number): typeof fetch {
  let attempts = 0;
  return async (input, init) => {
    attempts += 1;
    return attempts <= times
      ? Response.json({ error: { message: 'Try again.' } }, { status: 500, headers: BRIEF_PAUSE })
      : fetch(input, init);
  };
}

async function changingOptions(
  stage: Stage,
  options: Record<string, unknown>,
  act: (turn: number) => void,
): Promise<void> {
  const call = Promise.allSettled([chat(stage.client(), chatBody(ALLOWED), options)]);
  await overTurns(60, act);
  await call;
}

/** A word that reads differently from the second look on. */
function flippingText(first: string, later: string, timesFirst = 1): object {
  let reads = 0;
  const read = (): string => ((reads += 1) <= timesFirst ? first : later);
  const methods = { toString: read, valueOf: read, [Symbol.toPrimitive]: read };
  return Object.assign(methods, {
    toUpperCase: () => read().toUpperCase(),
    toLowerCase: () => read().toLowerCase(),
    startsWith: (start: string) => first.startsWith(start),
  });
}

/** Request options that replace what the parameters say. */
export const optionAttempts: Attempts = {
  'options.body replaces the parameters': withOptions(() => ({ body: chatBody(DENIED) })),
  'options.body as text': withOptions(() => ({ body: DENIED_TEXT, headers: JSON_HEADERS })),
  'options.body as bytes': withOptions(() => ({ body: new TextEncoder().encode(DENIED_TEXT) })),
  'options.body as a Blob': withOptions(() => ({ body: new Blob([DENIED_TEXT]), headers: JSON_HEADERS })),
  'options.body is a getter': withOptions(() => ({
    get body() {
      return chatBody(DENIED);
    },
  })),
  'options.body set while the call is pending': (stage) => {
    const options: Record<string, unknown> = {};
    return changingOptions(stage, options, () => (options['body'] = chatBody(DENIED)));
  },
  'the options of embeddings.create() name another model': (stage) =>
    stage
      .client()
      .embeddings.create(
        { model: ALLOWED_EMBEDDING, input: 'Hello' },
        { body: { model: 'text-embedding-3-large', input: 'Hello' } },
      ),
  'the options of embeddings.create() name another path': (stage) =>
    stage.client().embeddings.create(
      { model: ALLOWED_EMBEDDING, input: 'Hello' },
      {
        path: '/chat/completions',
        body: chatBody(ALLOWED_EMBEDDING),
      },
    ),
  'options.path turns an embedding into a generation': (stage) =>
    stage.client().embeddings.create({ model: ALLOWED_EMBEDDING, input: 'Hello' }, { path: '/responses' }),
  'options.path, method and body on models.list()': listWith(() => ({
    method: 'post',
    path: '/chat/completions',
    body: chatBody(DENIED),
  })),
  'options.path, method and body on models.retrieve()': (stage) =>
    stage
      .client()
      .models.retrieve(ALLOWED, { method: 'post', path: '/chat/completions', body: chatBody(DENIED) } as never),
  'options.path and body on moderations.create()': (stage) =>
    stage.client().moderations.create({ input: 'Hello' }, { path: '/chat/completions', body: chatBody(DENIED) }),
  'options.path and body on files.delete()': (stage) =>
    stage
      .client()
      .files.delete('file-1', { method: 'post', path: '/responses', body: { model: DENIED, input: 'Hello' } } as never),
  'options.path is an object that reads differently': (stage) =>
    post(stage.client(), flippingText('/models', '/chat/completions'), { body: chatBody(DENIED) }),
  'options.path is a boxed String': (stage) =>
    post(stage.client(), new String('/chat/completions'), { body: chatBody(DENIED) }),
  'options.query adds a query': withOptions(() => ({ query: { trace: '1' }, body: chatBody(DENIED) })),
  'options.query names a model for servers that prefer it': withOptions(() => ({ query: { model: DENIED } })),
  'options.query names a model in other letters': withOptions(() => ({ query: { Model: DENIED } })),
  'options.query names two models': withOptions(() => ({ query: { model: [ALLOWED, DENIED] } })),
  'a default query of the client names a model': (stage) =>
    chat(stage.client({ defaultQuery: { model: DENIED } }), chatBody(ALLOWED)),
  'options.defaultBaseURL': withOptions(() => ({ defaultBaseURL: 'http://localhost/', body: chatBody(DENIED) })),
  'options.stream': withOptions(() => ({ stream: true, body: chatBody(DENIED) })),
  'options.__metadata': withOptions(() => ({
    __metadata: { model: DENIED, streamFromBody: true },
    body: chatBody(DENIED),
  })),
  'options.idempotencyKey': withOptions(() => ({ idempotencyKey: 'again', body: chatBody(DENIED) })),
  'options.maxRetries as an object': withOptions(() => ({ maxRetries: { valueOf: () => 0 }, body: chatBody(DENIED) })),
  'options with a body under a symbol and a name': withOptions(() => ({
    [Symbol('body')]: chatBody(ALLOWED),
    body: chatBody(DENIED),
  })),
};

/** Options that reach into the request after the client built it. */
export const fetchOptionAttempts: Attempts = {
  'fetchOptions.body replaces the serialized body': withOptions(() => ({ fetchOptions: { body: DENIED_TEXT } })),
  'fetchOptions.body as bytes': withOptions(() => ({ fetchOptions: { body: new TextEncoder().encode(DENIED_TEXT) } })),
  'fetchOptions.body as a boxed String': withOptions(() => ({ fetchOptions: { body: new String(DENIED_TEXT) } })),
  'fetchOptions.body as an object with a toString()': withOptions(() => ({
    fetchOptions: { body: { toString: () => DENIED_TEXT } },
  })),
  'fetchOptions.body as an object that reads differently': withOptions(() => ({
    fetchOptions: { body: flippingText(ALLOWED_TEXT, DENIED_TEXT) },
  })),
  'fetchOptions.body as a Blob': withOptions(() => ({ fetchOptions: { body: new Blob([DENIED_TEXT]) } })),
  'fetchOptions.body as a stream': withOptions(() => ({
    fetchOptions: { body: new Blob([DENIED_TEXT]).stream(), duplex: 'half' },
  })),
  'fetchOptions.body is a getter': withOptions(() => ({
    fetchOptions: {
      get body() {
        return DENIED_TEXT;
      },
    },
  })),
  'fetchOptions is a Proxy': withOptions(() => ({
    fetchOptions: new Proxy(
      { body: ALLOWED_TEXT },
      { get: (target, key) => (key === 'body' ? DENIED_TEXT : (Reflect.get(target, key) as unknown)) },
    ),
  })),
  'fetchOptions of the client replace the body': (stage) =>
    chat(stage.client({ fetchOptions: { body: DENIED_TEXT } } as never), chatBody(ALLOWED)),
  'fetchOptions of withOptions() replace the body': (stage) =>
    chat(stage.client().withOptions({ fetchOptions: { body: DENIED_TEXT } } as never), chatBody(ALLOWED)),
  'fetchOptions of the client change after it was wrapped': (stage) => {
    const fetchOptions: Record<string, unknown> = {};
    const client = stage.client({ fetchOptions });
    fetchOptions['body'] = DENIED_TEXT;
    return chat(client, chatBody(ALLOWED));
  },
  'fetchOptions.method makes a list a call': listWith(() => ({
    path: '/chat/completions',
    fetchOptions: { method: 'POST', body: DENIED_TEXT },
  })),
  'fetchOptions.method in lower case': listWith(() => ({
    path: '/chat/completions',
    fetchOptions: { method: 'post', body: DENIED_TEXT },
  })),
  'fetchOptions.method is an object that reads differently': listWith(() => ({
    path: '/chat/completions',
    fetchOptions: { method: flippingText('GET', 'POST'), body: DENIED_TEXT },
  })),
  'fetchOptions.method and options.method differ': (stage) =>
    stage.client().get('/chat/completions', { fetchOptions: { method: 'POST', body: DENIED_TEXT } } as never),
  'fetchOptions.headers declare a form': withOptions(() => ({
    fetchOptions: {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `{"model":"${ALLOWED}","messages":[],"user":"&model=${DENIED}&"}`,
    },
  })),
  'fetchOptions.headers change while the call is pending': async (stage) => {
    const headers = new Headers({ ...JSON_HEADERS });
    const body = `{"model":"${ALLOWED}","messages":[],"user":"&model=${DENIED}&"}`;
    const call = Promise.allSettled([chat(stage.client(), chatBody(ALLOWED), { fetchOptions: { headers, body } })]);
    await overTurns(60, (turn) => turn >= 4 && headers.set('content-type', 'application/x-www-form-urlencoded'));
    await call;
  },
};

/** HTTP methods that a server may take for POST. */
export const methodAttempts: Attempts = Object.fromEntries(
  ['post', 'PoSt', 'put', 'PATCH', 'patch', 'QUERY', 'PROPFIND', 'DELETE', 'delete', 'OPTIONS'].map((method) => [
    `client.request() with the method "${method}"`,
    (stage: Stage) => stage.client().request({ method, path: '/chat/completions', body: chatBody(DENIED) } as never),
  ]),
);

/** Requests that are not the same at every attempt. */
export const retryAttempts: Attempts = {
  'a model that changes between two attempts': async (stage) => {
    const params = chatBody(ALLOWED);
    const transport = failingFirst(1);
    const changing: typeof fetch = async (input, init) => {
      const response = await transport(input, init);
      params['model'] = DENIED;
      return response;
    };
    await chat(stage.client({ maxRetries: 1, fetch: changing }), params);
  },
  'options.body that changes between two attempts': async (stage) => {
    const transport = failingFirst(1);
    const body = chatBody(ALLOWED);
    const changing: typeof fetch = async (input, init) => {
      const response = await transport(input, init);
      body['model'] = DENIED;
      return response;
    };
    await chat(stage.client({ maxRetries: 1, fetch: changing }), chatBody(ALLOWED), { body });
  },
  'a getter of model that flips at the retry': (stage) => {
    let isRetry = false;
    const transport = failingFirst(1);
    const params = Object.defineProperty(chatBody(ALLOWED), 'model', {
      enumerable: true,
      get: () => (isRetry ? DENIED : ALLOWED),
    });
    const changing: typeof fetch = (input, init) => {
      isRetry = true;
      return transport(input, init);
    };
    return chat(stage.client({ maxRetries: 2, fetch: changing }), params);
  },
  'fetchOptions.body that flips at the retry': (stage) => {
    let reads = 0;
    const fetchOptions = Object.defineProperty({}, 'body', {
      enumerable: true,
      get: () => ((reads += 1) > 1 ? DENIED_TEXT : ALLOWED_TEXT),
    });
    return chat(stage.client({ maxRetries: 1, fetch: failingFirst(1) }), chatBody(ALLOWED), { fetchOptions });
  },
  'bytes that change between two attempts': async (stage) => {
    const body = new TextEncoder().encode(DENIED_TEXT);
    const denied = body.slice();
    body.set(new TextEncoder().encode(ALLOWED_TEXT.padEnd(DENIED_TEXT.length)));
    const transport = failingFirst(1);
    const changing: typeof fetch = async (input, init) => {
      const response = await transport(input, init);
      body.set(denied);
      return response;
    };
    await post(stage.client({ maxRetries: 1, fetch: changing }), '/chat/completions', { body, headers: JSON_HEADERS });
  },
  'a later turn of runTools() with other fetchOptions': async (stage) => {
    const fetchOptions: Record<string, unknown> = {};
    const call = { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{}' } };
    const message = { role: 'assistant', content: null, tool_calls: [call] };
    let turn = 0;
    const transport: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      turn += 1;
      return turn === 1
        ? Response.json({
            id: 'c',
            object: 'chat.completion',
            created: 1,
            model: ALLOWED,
            choices: [{ index: 0, message, finish_reason: 'tool_calls' }],
          })
        : response;
    };
    const look = (): string => ((fetchOptions['body'] = DENIED_TEXT), 'seen');
    const tools = [
      { type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} }, function: look } },
    ];
    await stage
      .client({ fetch: transport })
      .chat.completions.runTools({ ...chatBody(ALLOWED), tools } as never, { fetchOptions })
      .done();
  },
};
