import { createHash } from 'node:crypto';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Json } from '../../src/bundle/json-payload.ts';
import { jsonDigest, writeCanonical } from '../../src/bundle/canonical-json.ts';
import { readJsonObject } from '../../src/bundle/json-payload.ts';
import { finish } from '../../src/policy/steps.ts';
import { BundleRefusedError } from '../../src/index.ts';
import { fuzzSeed } from '../support/fuzz-seed.ts';
import { sortedJson } from '../support/naive-bundle.ts';
import { rejectionOf } from '../support/rejection-of.ts';

function canonicalJson(value: Json): string {
  const parts: Uint8Array[] = [];
  finish(writeCanonical(value, (bytes) => parts.push(bytes.slice())));
  return Buffer.concat(parts).toString();
}

const read = (text: string): unknown => readJsonObject(new TextEncoder().encode(text));

describe('JSON of a payload', () => {
  test('has no inherited names', () => {
    const value = read('{"a":{"b":[{}]},"__proto__":{"polluted":true}}') as { a: { b: [object] } };
    expect(Object.getPrototypeOf(value)).toBeNull();
    expect(Object.getPrototypeOf(value.a.b[0])).toBeNull();
    expect('polluted' in value).toBe(false);
    expect(Object.keys(value)).toEqual(['a', '__proto__']);
  });

  test('may be nested 64 deep, and brackets in texts do not count', () => {
    const nested = (depth: number): string => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
    expect(() => read(nested(64))).not.toThrow();
    expect(() => read(nested(65))).toThrow('nested more than 64 deep');
    expect(() => read(`{"a":"\\"${'['.repeat(100)}"}`)).not.toThrow();
    expect(() => read(`{"a":"${'['.repeat(100)}`)).toThrow('not JSON');
    expect(() => read('['.repeat(5_000_000))).toThrow(BundleRefusedError);
  });

  test('is UTF-8 without a byte order mark', () => {
    expect(() => read('\uFEFF{}')).toThrow(BundleRefusedError);
    expect(() => readJsonObject(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d))).toThrow(BundleRefusedError);
  });

  test('refusals quote nothing of it', () => {
    for (const text of ['{"secret-rule": ', '["secret-rule"]', '"secret-rule"', 'secret-rule']) {
      let error: unknown;
      try {
        read(text);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toMatchObject({ kind: 'invalid_data' });
      expect(error).not.toHaveProperty('cause');
      expect(String(error)).not.toContain('secret-rule');
    }
  });
});

describe('canonical JSON', () => {
  // The example of RFC 8785, section 3.2.2 and 3.2.3.
  test('is that of RFC 8785', () => {
    const value = JSON.parse(
      String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`,
    ) as Json;
    expect(canonicalJson(value)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
    const keys = JSON.parse(
      String.raw`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`,
    ) as Json;
    expect(Object.values(JSON.parse(canonicalJson(keys)) as object).length).toBe(7);
    expect([...canonicalJson(keys).matchAll(/:"(\w+)/gu)].map(([, word]) => word)).toEqual([
      'Carriage',
      'One',
      'Control',
      'Latin',
      'Euro',
      'Emoji',
      'Hebrew',
    ]);
  });

  test('has the digest that an independent writer has', async () => {
    const property = fc.asyncProperty(fc.jsonValue(), async (value) => {
      const plain = JSON.parse(JSON.stringify(value)) as Json;
      expect(await jsonDigest(plain)).toBe(createHash('sha256').update(sortedJson(plain)).digest('hex'));
    });
    await fc.assert(property, { seed: fuzzSeed(), numRuns: 500 });
  });

  test('holds no half of a surrogate pair', async () => {
    for (const value of ['\uD800', { '\uDC00': 1 }])
      expect(await rejectionOf(jsonDigest(value))).toBeInstanceOf(BundleRefusedError);
  });
});
