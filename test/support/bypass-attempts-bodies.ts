import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';

import type { Attempt, Attempts, Stage } from './bypass-attempts-stage.ts';
import { ALLOWED, DENIED, chat, chatBody, chatText, overTurns, post, postBody } from './bypass-attempts-stage.ts';

const DENIED_TEXT = JSON.stringify(chatBody(DENIED));
const ALLOWED_FIELD = `"model":"${ALLOWED}"`;
const DENIED_FIELD = `"model":"${DENIED}"`;

function text(...fields: readonly string[]): Attempt {
  return (stage) => postBody(stage.client(), chatText(...fields));
}

function bytes(content: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(content);
}

function body(make: () => unknown, headers: Record<string, string> = {}): Attempt {
  return (stage) => postBody(stage.client(), make(), headers);
}

function params(extra: object): Attempt {
  return (stage) => chat(stage.client(), { ...chatBody(ALLOWED), ...extra });
}

function latin1(content: string): Uint8Array {
  return Uint8Array.from(content, (character) => character.charCodeAt(0));
}

// Names the allowed model until some turns of the event loop have passed.
async function mutated(stage: Stage, view: Uint8Array, given: unknown): Promise<void> {
  const allowed = bytes(JSON.stringify(chatBody(ALLOWED)).padEnd(view.length));
  view.set(allowed);
  const call = Promise.allSettled([postBody(stage.client(), given)]);
  await overTurns(40, (turn) => turn >= 3 && view.set(bytes(DENIED_TEXT)));
  await call;
}

async function* chunks(): AsyncGenerator<Uint8Array> {
  yield bytes(DENIED_TEXT);
}

function form(): FormData {
  const data = new FormData();
  data.set('model', DENIED);
  data.set('messages', '[]');
  return data;
}

const NESTED = 50_000;

/** Keys of which servers read one or the other. */
export const keyAttempts: Attempts = {
  'two models, the denied one last': text(ALLOWED_FIELD, DENIED_FIELD),
  'two models, the denied one first': text(DENIED_FIELD, ALLOWED_FIELD),
  'three models, the denied one between': text(ALLOWED_FIELD, DENIED_FIELD, ALLOWED_FIELD),
  'a second model after the messages': (stage) =>
    postBody(stage.client(), `{${ALLOWED_FIELD},"messages":[],${DENIED_FIELD}}`),
  'a second model behind a value full of quotes and braces': text(
    ALLOWED_FIELD,
    '"user":"\\\\\\"}{,\\"model\\":\\\\"',
    DENIED_FIELD,
  ),
  'a second model behind a value that looks like the end': text(
    ALLOWED_FIELD,
    '"metadata":{"a":"}","b":["]",{"c":"\\\\"}]}',
    DENIED_FIELD,
  ),
  'a second model with white space before its colon': text(ALLOWED_FIELD, `"model" \n\t: "${DENIED}"`),
  'Model beside model': params({ Model: DENIED }),
  'MODEL beside model': params({ MODEL: DENIED }),
  'Model without model': (stage) => chat(stage.client(), { Model: DENIED, messages: [] }),
  'Model first and model later': text(`"Model":"${DENIED}"`, ALLOWED_FIELD),
  'an escaped key': text(`"\\u006dodel":"${DENIED}"`),
  'an escaped key beside the plain one': text(ALLOWED_FIELD, `"\\u006dodel":"${DENIED}"`),
  'an escaped key in upper case beside the plain one': text(ALLOWED_FIELD, `"\\u004DODEL":"${DENIED}"`),
  'an escaped value': text(`"model":"\\u0067pt-4-turbo"`),
  'a list of models with a denied one': params({ models: [ALLOWED, DENIED] }),
  'a list of models and no model': (stage) => chat(stage.client(), { models: [DENIED], messages: [] }),
  'a list of models as objects': params({ models: [{ model: DENIED }] }),
  'a list of models as text': params({ models: DENIED }),
  'a list of models under another case': params({ Models: [DENIED] }),
  'a list of models under a letter that folds to s': params({ 'model\u017F': [DENIED] }),
  'two lists of models': text(ALLOWED_FIELD, `"models":["${ALLOWED}"]`, `"models":["${DENIED}"]`),
  'a list of fallbacks, which gateways use': params({ fallbacks: [DENIED] }),
  'a list of fallbacks as objects': params({ fallbacks: [{ model: DENIED }] }),
  'extra_body, which gateways merge into the request': params({ extra_body: { model: DENIED } }),
  'a key "__proto__" with the only model': text(`"__proto__":{${DENIED_FIELD}}`),
  'a key "__proto__" with the only model, and its constructor': text(`"constructor":{"prototype":{${DENIED_FIELD}}}`),
  'a model inside another object only': text(`"options":{${DENIED_FIELD}}`),
};

/** Text that is not a JSON object, or not for everybody. */
export const textAttempts: Attempts = {
  'an array of bodies': body(() => `[${DENIED_TEXT}]`),
  'an array of an allowed and a denied body': body(() => `[${JSON.stringify(chatBody(ALLOWED))},${DENIED_TEXT}]`),
  'JSON text inside a JSON string': body(() => JSON.stringify(DENIED_TEXT)),
  'two bodies, one after the other': body(() => JSON.stringify(chatBody(ALLOWED)) + DENIED_TEXT),
  'two bodies on two lines': body(() => `${JSON.stringify(chatBody(ALLOWED))}\n${DENIED_TEXT}`),
  'a comment between two models': text(ALLOWED_FIELD, `/* */${DENIED_FIELD}`),
  'a trailing comma': body(() => `{${DENIED_FIELD},"messages":[],}`),
  'keys without quotes': body(() => `{model:"${DENIED}",messages:[]}`),
  'single quotes': body(() => `{'model':'${DENIED}','messages':[]}`),
  'a byte order mark before the text': body(() => `\uFEFF${DENIED_TEXT}`),
  'white space before the text': body(() => `\r\n\t ${DENIED_TEXT}`),
  'a NUL after the text': body(() => `${JSON.stringify(chatBody(ALLOWED))}\u0000${DENIED_TEXT}`),
  'a lone surrogate in a raw text': (stage) => postBody(stage.client(), chatText('"model":"gpt-4\uD800"')),
  'a lone surrogate between two models': text(ALLOWED_FIELD, '"user":"\uDC00"', DENIED_FIELD),
  'the denied model behind deep nesting': text(
    ALLOWED_FIELD,
    `"metadata":${'['.repeat(NESTED)}${']'.repeat(NESTED)}`,
    DENIED_FIELD,
  ),
  'the denied model before deep nesting': text(
    DENIED_FIELD,
    `"metadata":${'{"a":'.repeat(NESTED)}1${'}'.repeat(NESTED)}`,
    ALLOWED_FIELD,
  ),
  'deep nesting as the model': text(`"model":${'['.repeat(NESTED)}"${DENIED}"${']'.repeat(NESTED)}`),
  'the denied model behind two megabytes': text(ALLOWED_FIELD, `"user":"${'x'.repeat(2_000_000)}"`, DENIED_FIELD),
  'the denied model behind fifty thousand keys': text(
    ALLOWED_FIELD,
    Array.from({ length: NESTED }, (_, index) => `"k${index}":${index}`).join(','),
    DENIED_FIELD,
  ),
  'text without a content type': (stage) =>
    post(stage.client(), '/chat/completions', { fetchOptions: { body: DENIED_TEXT } }),
  'no body at all': (stage) => post(stage.client(), '/chat/completions', {}),
  'an empty body': (stage) => post(stage.client(), '/chat/completions', { body: '' }),
  'an empty object': (stage) => post(stage.client(), '/responses', { body: {} }),
};

/** Bodies that are not text. */
export const binaryAttempts: Attempts = {
  bytes: body(() => bytes(DENIED_TEXT)),
  'an ArrayBuffer': body(() => bytes(DENIED_TEXT).buffer),
  'a DataView': body(() => new DataView(bytes(DENIED_TEXT).buffer)),
  'a Buffer': body(() => Buffer.from(DENIED_TEXT)),
  'a view into the middle of a buffer': body(
    () =>
      new Uint8Array(
        bytes(`${JSON.stringify(chatBody(ALLOWED))}${DENIED_TEXT}`).buffer,
        JSON.stringify(chatBody(ALLOWED)).length,
      ),
  ),
  'sixteen-bit units of the text': body(
    () => new Uint16Array(bytes(DENIED_TEXT.padEnd(DENIED_TEXT.length + (DENIED_TEXT.length % 2))).buffer),
  ),
  'bytes with two models': body(() => bytes(chatText(ALLOWED_FIELD, DENIED_FIELD))),
  'bytes with a byte order mark': body(() => bytes(`\uFEFF${DENIED_TEXT}`)),
  'bytes that change while the call is pending': (stage) => {
    const view = bytes(DENIED_TEXT);
    return mutated(stage, view, view);
  },
  'an ArrayBuffer that changes while the call is pending': (stage) => {
    const view = bytes(DENIED_TEXT);
    return mutated(stage, view, view.buffer);
  },
  'shared memory that changes while the call is pending': (stage) => {
    const view = new Uint8Array(new SharedArrayBuffer(DENIED_TEXT.length));
    return mutated(stage, view, view);
  },
  'a resizable buffer that changes while the call is pending': (stage) => {
    const buffer = new ArrayBuffer(DENIED_TEXT.length, { maxByteLength: 4096 });
    return mutated(stage, new Uint8Array(buffer), buffer);
  },
  'a Blob': body(() => new Blob([DENIED_TEXT])),
  'a Blob of the type of JSON': body(() => new Blob([DENIED_TEXT], { type: 'application/json' })),
  'a File': body(() => new File([DENIED_TEXT], 'body.json', { type: 'application/json' })),
  'a FormData': (stage) => post(stage.client(), '/chat/completions', { body: form() }),
  'a URLSearchParams': (stage) =>
    post(stage.client(), '/chat/completions', { body: new URLSearchParams({ model: DENIED }) }),
  'a form made by the client': (stage) =>
    post(stage.client(), '/chat/completions', {
      body: chatBody(DENIED),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }),
  'a ReadableStream': body(() => new Blob([DENIED_TEXT]).stream()),
  'an async iterable': body(() => chunks()),
  'an iterator': body(() => [bytes(DENIED_TEXT)].values()),
  'an async iterable of the parameters': (stage) =>
    chat(stage.client(), Object.assign(chatBody(ALLOWED), { [Symbol.asyncIterator]: chunks })),
};

/** Bodies whose headers say how to read them. */
export const encodingAttempts: Attempts = {
  'UTF-16 with a byte order mark': body(() => Buffer.from(`\uFEFF${DENIED_TEXT}`, 'utf16le'), {
    'content-type': 'application/json; charset=utf-16',
  }),
  'UTF-16 without a byte order mark': body(() => Buffer.from(DENIED_TEXT, 'utf16le'), {
    'content-type': 'application/json; charset=utf-16le',
  }),
  'bytes that are not UTF-8 in front of a second model': body(() =>
    latin1(chatText(ALLOWED_FIELD, '"user":"\u00FF"', DENIED_FIELD)),
  ),
  'an encoded surrogate in front of a second model': body(() =>
    latin1(chatText(ALLOWED_FIELD, '"user":"\u00ED\u00A0\u0080"', DENIED_FIELD)),
  ),
  gzip: body(() => gzipSync(DENIED_TEXT), { 'content-encoding': 'gzip' }),
  deflate: body(() => deflateSync(DENIED_TEXT), { 'content-encoding': 'deflate' }),
  'raw deflate': body(() => deflateRawSync(DENIED_TEXT), { 'content-encoding': 'deflate' }),
  brotli: body(() => brotliCompressSync(DENIED_TEXT), { 'content-encoding': 'br' }),
  'gzip that no header declares': body(() => gzipSync(DENIED_TEXT)),
  'plain text that is declared as gzip': body(() => DENIED_TEXT, { 'content-encoding': 'gzip' }),
  'UTF-7 that hides a second key': body(() => chatText(ALLOWED_FIELD, `"+AG0-odel":"${DENIED}"`), {
    'content-type': 'application/json; charset=utf-7',
  }),
  'UTF-7 in quotes and capitals': body(() => chatText(ALLOWED_FIELD, `"+AG0-odel":"${DENIED}"`), {
    'content-type': 'application/json;CHARSET="UTF-7"',
  }),
  'JSON that is also a form': body(() => `{${ALLOWED_FIELD},"messages":[],"user":"&model=${DENIED}&"}`, {
    'content-type': 'application/x-www-form-urlencoded',
  }),
  'JSON that is also a multipart form': body(
    () =>
      `{${ALLOWED_FIELD},"user":"\\\r\n--x\r\nContent-Disposition: form-data; name=\\"model\\"\r\n\r\n${DENIED}\r\n--x--"}`.replaceAll(
        '\r\n',
        '\\r\\n',
      ),
    { 'content-type': 'multipart/form-data; boundary=x' },
  ),
  'a content type that nobody knows': body(() => DENIED_TEXT, { 'content-type': 'application/octet-stream' }),
};
