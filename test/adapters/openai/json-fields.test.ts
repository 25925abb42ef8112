import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { readJsonFields } from '../../../adapters/openai/json-fields.ts';
import { fuzzSeed } from '../../support/fuzz-seed.ts';

const seed = fuzzSeed();
const RUNS = 500;
const every = (): boolean => true;

describe('readJsonFields() finds', () => {
  test('the wanted fields and where their values stand', () => {
    const text = '{"a":1,"model":"gpt-4","b":{"model":"x"}}';
    expect(readJsonFields(text, (key) => key === 'model')).toEqual([
      { key: 'model', value: 'gpt-4', start: text.indexOf('"gpt-4"'), end: text.indexOf('"gpt-4"') + 7 },
    ]);
  });

  test.each([
    { what: 'no field of an empty object', text: ' { } ', fields: [] },
    {
      what: 'a field twice',
      text: '{"a":1,"a":2}',
      fields: [
        ['a', 1],
        ['a', 2],
      ],
    },
    { what: 'keys that are escaped', text: String.raw`{"mod\u0065l":"x"}`, fields: [['model', 'x']] },
    { what: 'an empty key', text: '{"":null}', fields: [['', null]] },
    { what: 'a key that looks like JSON', text: String.raw`{"\",\"model\":\"":1}`, fields: [['","model":"', 1]] },
    {
      what: 'strings with quotes',
      text: String.raw`{"a":"\"","b":"\\","c":"\\\"}"}`,
      fields: [
        ['a', '"'],
        ['b', '\\'],
        ['c', '\\"}'],
      ],
    },
    {
      what: 'values below values',
      text: '{"a":[{"b":["}"]},"]"],"c":{"d":{}}}',
      fields: [
        ['a', [{ b: ['}'] }, ']']],
        ['c', { d: {} }],
      ],
    },
    {
      what: 'values between white space',
      text: '\n{ "a"\t:\r\n 1 ,\n"b" : [ 2 ] }\n',
      fields: [
        ['a', 1],
        ['b', [2]],
      ],
    },
    {
      what: 'names of the object prototype',
      text: '{"__proto__":1,"constructor":2}',
      fields: [
        ['__proto__', 1],
        ['constructor', 2],
      ],
    },
  ])('$what', ({ text, fields }) => {
    const found = readJsonFields(text, every);
    expect(found?.map(({ key, value }) => [key, value])).toEqual(fields);
    for (const { value, start, end } of found ?? []) {
      expect(JSON.parse(text.slice(start, end))).toEqual(value);
      expect(text.slice(start, end)).toBe(text.slice(start, end).trim());
    }
  });

  test.each([
    '',
    'null',
    '1',
    '"a"',
    '[]',
    '[{"model":"x"}]',
    '{',
    '{"a":1,}',
    '{a:1}',
    'model=x',
    '{"a":1}x',
    "{'a':1}",
  ])('nothing in %j, which is no JSON object', (text) => {
    expect(readJsonFields(text, every)).toBeUndefined();
  });
});

describe(`readJsonFields() with seed ${seed}`, () => {
  const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/u);

  // The same object, with white space wherever JSON allows some.
  const spaced = fc
    .tuple(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(space, { minLength: 1 }))
    .map(([object, spaces]) => {
      let used = 0;
      const next = (): string => spaces[(used += 1) % spaces.length] ?? '';
      const fields = Object.entries(object).map(
        ([key, value]) =>
          `${next()}${JSON.stringify(key)}${next()}:${next()}${JSON.stringify(value, null, next())}${next()}`,
      );
      return `${next()}{${fields.join(',')}${next()}}${next()}`;
    });

  test('finds what JSON.parse() finds', () => {
    fc.assert(
      fc.property(spaced, (text) => {
        const expected = Object.entries(JSON.parse(text) as object);
        const found = readJsonFields(text, every)?.map(({ key, value }): [string, unknown] => [key, value]) ?? [];
        expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
        expect(found).toHaveLength(expected.length);
      }),
      { seed, numRuns: RUNS },
    );
  });

  test('knows where each value stands', () => {
    fc.assert(
      fc.property(spaced, (text) => {
        for (const { value, start, end } of readJsonFields(text, every) ?? []) {
          expect(JSON.parse(text.slice(start, end))).toEqual(value);
          expect(text.slice(start, end)).not.toMatch(/^\s|\s$/u);
        }
      }),
      { seed, numRuns: RUNS },
    );
  });

  test('takes for an object exactly what JSON.parse() does', () => {
    const isObject = (text: string): boolean => {
      try {
        const value: unknown = JSON.parse(text);
        return typeof value === 'object' && value !== null && !Array.isArray(value);
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          spaced.map((text) => text.slice(0, -1)),
        ),
        (text) => {
          expect(readJsonFields(text, every) !== undefined).toBe(isObject(text));
        },
      ),
      { seed, numRuns: RUNS },
    );
  });
});
