import { array, assert, constantFrom, jsonValue, nat, oneof, property, string, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';

import { readJsonFields } from '../../../adapters/openai/json-fields.ts';
import { isModelKey } from '../../../adapters/openai/read-models.ts';
import type { BuildBody } from '../../../adapters/openai/serialized-bodies.ts';
import { SerializedBodies } from '../../../adapters/openai/serialized-bodies.ts';
import { openAIMajors } from '../../support/openai-majors.ts';

const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const LONG = 'He said "no",\n'.repeat(100);

class Ask {
  readonly model = 'gpt-4';
}

describe.each(openAIMajors)('the bodies that $name serializes', ({ library }) => {
  const client = new library.OpenAI({ apiKey: 'local' });
  const buildBody = Reflect.get(library.OpenAI.prototype, 'buildBody') as BuildBody;

  /** What is known of a body, and what its text says. */
  function seen(body: object, headers?: unknown): { readonly known: unknown; readonly said: unknown } {
    const bodies = new SerializedBodies();
    const { body: text } = bodies.build(buildBody, client, { body, headers });
    const known = bodies.fieldOf(body, text);
    return { known, said: readJsonFields(String(text), isModelKey) };
  }

  test.each<{ what: string; body: object }>([
    { what: 'before the messages', body: { model: 'gpt-4', messages: [{ content: LONG }] } },
    { what: 'behind other fields', body: { stream: true, user: 'a', n: 1.5e-7, model: 'gpt-4', messages: [] } },
    { what: 'behind the messages', body: { messages: [{ content: LONG }], model: 'gpt-4' } },
    { what: 'before the last fields', body: { input: LONG, model: 'gpt-4', stream: false, top_p: null } },
    { what: 'alone', body: { model: 'gpt-4' } },
    {
      what: 'in an object without a prototype',
      body: Object.assign(Object.create(null) as object, { model: 'gpt-4' }),
    },
  ])('name their model without being parsed: $what', ({ body }) => {
    const { known, said } = seen(body);
    expect(said).toEqual([known]);
  });

  test.each<{ what: string; body: object; headers?: unknown }>([
    { what: 'a list of models beside it', body: { model: 'gpt-4', models: ['gpt-3'] } },
    { what: 'another spelling of the key', body: { model: 'gpt-4', MODEL: 'gpt-3' } },
    { what: 'only another spelling', body: { Model: 'gpt-4' } },
    { what: 'fallbacks', body: { model: 'gpt-4', fallbacks: [] } },
    { what: 'an extra body', body: { model: 'gpt-4', extra_body: {} } },
    { what: 'no model', body: { messages: [] } },
    { what: 'a model that is no text', body: { model: ['gpt-4'] } },
    { what: 'a model with an escape', body: { model: 'gpt\n4' } },
    { what: 'a model between objects', body: { messages: [], model: 'gpt-4', tools: [] } },
    { what: 'a model with an escape at the end', body: { messages: [], model: 'gpt"4' } },
    { what: 'a toJSON()', body: { model: 'gpt-4', toJSON: () => ({ model: 'gpt-3' }) } },
    {
      what: 'an inherited toJSON()',
      body: Object.assign(Object.create({ toJSON: () => '' }) as object, { model: 'a' }),
    },
    { what: 'a Proxy', body: new Proxy({ model: 'gpt-4' }, {}) },
    { what: 'an object of a class', body: new Ask() },
    {
      what: 'a prototype that is a Proxy',
      body: Object.assign(Object.create(new Proxy({}, {})) as object, { model: 'gpt-4' }),
    },
    { what: 'an iterable', body: { model: 'gpt-4', [Symbol.iterator]: 1 } },
    { what: 'a list', body: [{ model: 'gpt-4' }] },
    { what: 'headers of the call', body: { model: 'gpt-4' }, headers: { 'x-trace': '1' } },
  ])('have to be parsed: $what', ({ body, headers }) => {
    expect(seen(body, headers).known).toBeUndefined();
  });

  test('are known by their text alone, and once', () => {
    const bodies = new SerializedBodies();
    const body = { model: 'gpt-4' };
    const { body: text } = bodies.build(buildBody, client, { body });
    expect(bodies.fieldOf(body, `${String(text)} `)).toBeUndefined();
    bodies.build(buildBody, client, { body });
    expect(bodies.fieldOf(body, text)).toBeDefined();
    expect(bodies.fieldOf(body, text)).toBeUndefined();
    expect(bodies.fieldOf(undefined, text)).toBeUndefined();
  });

  test(`are known for what a parser finds in them (seed ${seed})`, () => {
    const names = oneof(
      constantFrom('model', 'Model', 'models', 'messages', 'stream', 'fallbacks', 'extra_body', 'modeL', '__proto__'),
      string(),
    );
    const models = constantFrom('gpt-4', 'a"b', 'a\\', '"', ',"model":"x"}', '}', '');
    const values = oneof(
      models,
      jsonValue(),
      constantFrom(undefined, LONG, () => 1, Symbol('a')),
    );
    let count = 0;
    assert(
      property(array(tuple(names, values), { maxLength: 6 }), models, nat(6), (fields, model, place) => {
        const all = [...fields.slice(0, place), ['model', model] as const, ...fields.slice(place)];
        const { known, said } = seen(Object.fromEntries(all));
        if (known === undefined) return;
        count += 1;
        expect(said).toEqual([known]);
      }),
      { seed, numRuns: 5000 },
    );
    expect(count).toBeGreaterThan(500);
  });
});
