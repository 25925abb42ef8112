import { describe, expect, test } from 'vitest';

import { readJsonObject } from '../../src/bundle/json-payload.ts';
import { BundleRefusedError } from '../../src/index.ts';

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
