import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { ModelCall } from '../../../adapters/openai/classify-call.ts';
import type { ModelsInRequest } from '../../../adapters/openai/read-models.ts';
import { bodyText, isPlainJson, readModels, withModel } from '../../../adapters/openai/read-models.ts';
import { fuzzSeed } from '../../support/fuzz-seed.ts';

const seed = fuzzSeed();
const CALL: ModelCall = { action: 'llm.generate', queried: [] };
const DEPLOYED: ModelCall = { ...CALL, deployment: 'prod-eu-1' };

function named(body: unknown, call = CALL): ModelsInRequest {
  const models = readModels(call, body);
  if ('fault' in models) throw new Error(models.fault);
  return models;
}

describe('bodyText() reads', () => {
  const bytes = new TextEncoder().encode('{"model":"é"}');

  test.each<{ what: string; body: unknown }>([
    { what: 'text', body: '{"model":"é"}' },
    { what: 'a Uint8Array', body: bytes },
    { what: 'an ArrayBuffer', body: bytes.buffer },
    { what: 'a DataView', body: new DataView(bytes.buffer) },
    { what: 'a Buffer', body: Buffer.from(bytes) },
    { what: 'part of a larger buffer', body: new Uint8Array([0, ...bytes, 0]).subarray(1, -1) },
  ])('$what', ({ body }) => {
    expect(bodyText(body)).toBe('{"model":"é"}');
  });

  test.each<{ what: string; body: unknown }>([
    { what: 'bytes that are not UTF-8', body: new Uint8Array([0x7b, 0xff, 0x7d]) },
    { what: 'a Blob', body: new Blob(['{}']) },
    { what: 'a form', body: new FormData() },
    { what: 'URL parameters', body: new URLSearchParams('model=gpt-4') },
    { what: 'a stream', body: new Blob(['{}']).stream() },
    { what: 'an object', body: { model: 'gpt-4' } },
    { what: 'a String object', body: Object('{}') as unknown },
    { what: 'nothing', body: undefined },
    { what: 'null', body: null },
  ])('nothing from $what', ({ body }) => {
    expect(bodyText(body)).toBeUndefined();
  });
});

describe('isPlainJson()', () => {
  test.each([
    {},
    { 'content-type': 'application/json' },
    { 'content-type': 'Application/JSON; charset=UTF-8' },
    { 'content-type': 'application/json;charset="utf8";' },
    { 'content-type': 'application/vnd.api+json' },
    { 'content-type': 'text/plain;charset=UTF-8' },
    { 'content-encoding': 'identity' },
    { 'content-encoding': '' },
  ])('accepts %j', (headers) => {
    expect(isPlainJson(new Headers(headers as Record<string, string>))).toBe(true);
  });

  test.each([
    { 'content-type': 'application/x-www-form-urlencoded' },
    { 'content-type': 'multipart/form-data; boundary=x' },
    { 'content-type': 'application/json; charset=utf-16' },
    { 'content-type': 'application/json; charset=utf-7; x=1' },
    { 'content-type': 'application/json, text/plain' },
    { 'content-type': 'application/jsonp' },
    { 'content-type': '' },
    { 'content-encoding': 'gzip' },
    { 'content-encoding': 'identity, br' },
  ])('refuses %j', (headers) => {
    expect(isPlainJson(new Headers(headers as Record<string, string>))).toBe(false);
  });
});

describe('readModels() reads', () => {
  test('the model of the body', () => {
    expect(named('{"model":"gpt-4"}')).toMatchObject({ model: 'gpt-4', others: [] });
    expect(named(new TextEncoder().encode('{"model":"gpt-4"}')).model).toBe('gpt-4');
  });

  test('the deployment of the path, whatever the body says', () => {
    expect(named('{"model":"gpt-4"}', DEPLOYED)).toEqual({ model: 'prod-eu-1', others: [] });
    expect(named('{}', DEPLOYED)).toEqual({ model: 'prod-eu-1', others: [] });
  });

  test.each([
    { body: '{"model":"a","models":["b","c"]}', others: ['b', 'c'] },
    { body: '{"model":"a","fallbacks":["b",{"model":"c"}]}', others: ['b', 'c'] },
    { body: '{"model":"a","MODELS":["b"],"fallbacks":["c"]}', others: ['b', 'c'] },
    { body: '{"model":"a","models":null,"fallbacks":[]}', others: [] },
    { body: '{"model":"a","extra_body":{"user":"b"}}', others: [] },
    { body: '{"model":"a","extra_body":null,"my_model":"b","model_id":"c"}', others: [] },
    { body: '{"model":"a","metadata":{"model":"b"}}', others: [] },
  ])('further models of $body as $others', ({ body, others }) => {
    expect(named(body)).toMatchObject({ model: 'a', others });
    expect(named(body, DEPLOYED)).toMatchObject({ model: 'prod-eu-1', others });
  });

  test('a model of the query as a further one that cannot be exchanged', () => {
    const models = named('{"model":"a"}', { ...CALL, queried: ['b'] });
    expect(models).toEqual({ model: 'a', others: ['b'] });
  });
});

describe('readModels() finds a fault', () => {
  test('of the path', () => {
    expect(readModels({ ...CALL, fault: 'Not clear.' }, '{"model":"gpt-4"}')).toEqual({ fault: 'Not clear.' });
  });

  test.each([
    { body: '{}', fault: 'no "model" that is a string' },
    { body: '{"model":null}', fault: 'no "model" that is a string' },
    { body: '{"model":4}', fault: 'no "model" that is a string' },
    { body: '{"model":["gpt-4"]}', fault: 'no "model" that is a string' },
    { body: '{"Model":"gpt-4"}', fault: 'no "model" that is a string' },
    { body: '{"model":"gpt-4","model":"gpt-4"}', fault: 'names the model more than once' },
    { body: '{"model":"gpt-4","MODEL":"gpt-4-turbo"}', fault: 'names the model more than once' },
    { body: String.raw`{"model":"gpt-4","mode\u006c":"gpt-4-turbo"}`, fault: 'names the model more than once' },
    { body: '{"model":"gpt-4","models":[],"Models":[]}', fault: 'names the model more than once' },
    { body: '{"model":"gpt-4","model\u017f":[],"models":[]}', fault: 'names the model more than once' },
    { body: '{"model":"gpt-4","models":"gpt-4-turbo"}', fault: 'not a list of strings' },
    { body: '{"model":"gpt-4","models":["gpt-4",5]}', fault: 'not a list of strings' },
    { body: '{"model":"gpt-4","fallbacks":[null]}', fault: 'not a list of strings' },
    { body: '{"model":"gpt-4","fallbacks":{"model":"x"}}', fault: 'not a list of strings' },
    { body: '{"model":"gpt-4","extra_body":{"model":"x"}}', fault: '"extra_body" of the request body names a model' },
    {
      body: '{"model":"gpt-4","extra_body":{"Models":["x"]}}',
      fault: '"extra_body" of the request body names a model',
    },
    { body: '["model"]', fault: 'not a JSON object' },
    { body: 'model=gpt-4', fault: 'not a JSON object' },
    { body: '\uFEFF{"model":"gpt-4"}', fault: 'not a JSON object' },
    { body: undefined, fault: 'not JSON text that can be inspected' },
  ])('in $body', ({ body, fault }) => {
    expect(readModels(CALL, body)).toEqual({ fault: expect.stringContaining(fault) as string });
  });

  test('in a body of bytes that are not UTF-8, also beside a deployment', () => {
    const fault = expect.stringContaining('not JSON text that can be inspected') as string;
    expect(readModels(DEPLOYED, new Uint8Array([0xff]))).toEqual({ fault });
  });
});

describe('withModel()', () => {
  const exchange = (body: string, model: string): string => {
    const { inBody } = named(body);
    if (!inBody) throw new Error('The model is not in the body.');
    return withModel(inBody, model);
  };

  test.each([
    { body: '{"model":"a"}', sent: '{"model":"b"}' },
    { body: '{ "model" : "a" , "n" : 1.0 }', sent: '{ "model" : "b" , "n" : 1.0 }' },
    { body: '{"models":["c"],"model":"a","fallbacks":[]}', sent: '{"models":null,"model":"b","fallbacks":null}' },
    {
      body: '{"model":"a","MODELS":["c"],"extra_body":{"x":1}}',
      sent: '{"model":"b","MODELS":null,"extra_body":{"x":1}}',
    },
  ])('makes $sent of $body', ({ body, sent }) => {
    expect(exchange(body, 'b')).toBe(sent);
  });

  test(`changes the model and nothing else, seed ${seed}`, () => {
    const others = fc.dictionary(
      fc.string().filter((key) => !/^(?:model[s\u017f]?|fallback[s\u017f]|extra_body|__proto__)$/iu.test(key)),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(others, fc.string(), fc.string({ minLength: 1 }), (rest, model, other) => {
        const body = JSON.stringify({ ...rest, model });
        expect(exchange(body, other)).toBe(JSON.stringify({ ...rest, model: other }));
      }),
      { seed, numRuns: 500 },
    );
  });
});
