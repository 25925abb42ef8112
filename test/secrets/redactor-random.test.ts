import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Redactor } from '../../src/secrets/redactor.ts';
import { SecretValue } from '../../src/secrets/secret-value.ts';
import { ENCODINGS } from '../support/canaries.ts';
import { fuzzSeed } from '../support/fuzz-seed.ts';

const seed = fuzzSeed();
const LABEL = '[S]';

function redactorOf(values: readonly string[]): Redactor {
  const redactor = new Redactor();
  redactor.learn(values.map((value) => new SecretValue(LABEL, new TextEncoder().encode(value))));
  return redactor;
}

// Values of every script, and those that look like keys; 8 characters at least, also when they were encoded.
const value = fc.oneof(
  fc.string({ unit: 'binary', minLength: 8, maxLength: 60 }).filter((text) => text.isWellFormed()),
  fc.stringMatching(/^sk-[\w+/=-]{8,80}$/u),
  fc.stringMatching(/^[ab]{8,20}$/u),
);
const around = fc.string({ maxLength: 40 }).filter((text) => !text.includes('cz_'));

describe('a redactor, with random values in random texts', () => {
  test(`leaves no value, in any encoding (FUZZ_SEED=${seed})`, () => {
    const property = fc.property(
      fc.array(value, { minLength: 1, maxLength: 4 }),
      fc.array(fc.tuple(around, fc.nat(3), fc.constantFrom(...Object.values(ENCODINGS))), {
        minLength: 1,
        maxLength: 5,
      }),
      around,
      (values, pieces, end) => {
        const written = pieces.map(([before, which, encode]) => before + encode(values[which % values.length] ?? ''));
        const redacted = redactorOf(values).redact(written.join('') + end);
        for (const one of values) {
          for (const encode of Object.values(ENCODINGS)) {
            // What is left of base64 are the last characters, which depend on what follows.
            const form = encode(one).replaceAll('=', '').slice(0, -1);
            if (form.length >= 11) expect(redacted).not.toContain(form);
          }
          expect(redacted).not.toContain(one);
        }
      },
    );
    fc.assert(property, { seed, numRuns: 3000 });
  });

  test(`changes nothing else (FUZZ_SEED=${seed})`, () => {
    const property = fc.property(fc.array(value, { maxLength: 4 }), fc.string({ maxLength: 200 }), (values, text) => {
      const redacted = redactorOf(values).redact(text);
      expect(redacted.includes(LABEL) || text.includes('cz_') ? text : redacted).toBe(text);
    });
    fc.assert(property, { seed, numRuns: 3000 });
  });

  test('takes a time that grows with the text, and not with its square', () => {
    const redactor = redactorOf(Array.from({ length: 50 }, (_, index) => `aaaaaaaa${'a'.repeat(index)}b`));
    const timeOf = (length: number): number => {
      const text = 'a'.repeat(length);
      const start = process.hrtime.bigint();
      redactor.redact(text);
      return Number(process.hrtime.bigint() - start);
    };
    const fastestOf = (length: number): number => Math.min(...Array.from({ length: 5 }, () => timeOf(length)));
    fastestOf(1000);
    expect(fastestOf(16_000) / fastestOf(4000)).toBeLessThan(12);
  });
});
