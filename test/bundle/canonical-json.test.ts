import { createHash } from 'node:crypto';

import * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';

import { Part, jsonDigest, writeCanonical } from '../../src/bundle/canonical-json.ts';
import type { Json } from '../../src/bundle/json-payload.ts';
import { BundleRefusedError } from '../../src/index.ts';
import { finish } from '../../src/policy/steps.ts';
import { fuzzSeed } from '../support/fuzz-seed.ts';
import { sortedJson } from '../support/naive-bundle.ts';
import { rejectionOf } from '../support/rejection-of.ts';

type Sink = Parameters<typeof writeCanonical>[1];

/** Keeps what is written, piece by piece. */
function keeping(): { readonly sink: Sink; readonly text: () => string } {
  const pieces: Uint8Array[] = [];
  return { sink: (bytes) => void pieces.push(bytes.slice()), text: () => Buffer.concat(pieces).toString() };
}

function canonicalJson(value: Json): string {
  const { sink, text } = keeping();
  finish(writeCanonical(value, sink));
  return text();
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

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
      expect(await jsonDigest(plain)).toBe(sha256(sortedJson(plain)));
    });
    await fc.assert(property, { seed: fuzzSeed(), numRuns: 500 });
  });

  test('holds no half of a surrogate pair', async () => {
    for (const value of ['\uD800', { '\uDC00': 1 }])
      expect(await rejectionOf(jsonDigest(value))).toBeInstanceOf(BundleRefusedError);
  });

  // It is written through a buffer of 64 KiB.
  test('is the same wherever a text begins and however long it is', () => {
    for (const length of [0, 1, 65_480, 65_533, 65_534, 65_535, 65_536, 65_537, 200_000]) {
      for (const character of ['a', '"', 'é', '😀']) {
        const value = {
          [character.repeat(40)]: 'x'.repeat(30),
          long: character.repeat(length),
          ['k'.repeat(length)]: [],
        };
        expect(canonicalJson([value, {}, [value]])).toBe(sortedJson([value, {}, [value]]));
      }
    }
  });

  test('is the same for very many lists of keys, with names that objects inherit', () => {
    const value = Array.from({ length: 300 }, (_, at) => ({ [`b${at % 70}`]: at, a: null, ['__proto__']: [at] }));
    const read = JSON.parse(JSON.stringify(value).replaceAll('"b6"', '"toString"')) as Json;
    expect(canonicalJson(read)).toBe(sortedJson(read));
  });

  test('pauses among the rules of a policy, and hands its parts to sinks of their own', () => {
    const policies = [{ rules: Array.from({ length: 1000 }, (_, at) => ({ id: `rule-${at}`, at })) }, { rules: [] }];
    const [all, part] = [keeping(), keeping()];
    const steps = writeCanonical({ z: 1, policies: new Part(policies, part.sink), a: ['x'] }, all.sink);
    let pauses = 0;
    while (!steps.next().done) pauses += 1;
    expect(pauses).toBeGreaterThan(7);
    expect(part.text()).toBe(sortedJson(policies));
    expect(all.text()).toBe(sortedJson({ z: 1, policies, a: ['x'] }));
  });

  test('has the same digest where there is nothing of Node', async () => {
    const value = { rules: Array.from({ length: 9000 }, (_, at) => `rule-${at}`) };
    const digest = await jsonDigest(value);
    const spy = vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined);
    try {
      expect(await jsonDigest(value)).toBe(digest);
    } finally {
      spy.mockRestore();
    }
    expect(digest).toBe(sha256(sortedJson(value)));
  });
});
