import * as fc from 'fast-check';
import { is } from 'valibot';
import { describe, expect, test } from 'vitest';

import { readPolicies } from '../../src/policy/parsed-policy.ts';
import { plainCopy } from '../../src/policy/plain-copy.ts';
import { readPlainDocument } from '../../src/policy/plain-document.ts';
import { policyDocumentSchema } from '../../src/policy/policy-schema.ts';
import { finish } from '../../src/policy/steps.ts';
import { unknownKeyProblems } from '../../src/policy/unknown-keys.ts';
import { policyDocument } from '../support/arbitrary-policy.ts';
import { fuzzSeed } from '../support/fuzz-seed.ts';

const seed = fuzzSeed();
const read = (document: unknown): ReturnType<typeof readPolicies> | undefined => finish(readPlainDocument(document));

// The complete check, and what it reads.
function readCompletely(document: unknown): ReturnType<typeof readPolicies> | undefined {
  const { copy, faults } = plainCopy(document);
  const isValid = faults.length === 0 && unknownKeyProblems(copy).next().done && is(policyDocumentSchema, copy);
  return isValid ? readPolicies(copy) : undefined;
}

// Places all over a document, and what may wrongly stand there.
function* placesIn(value: unknown): Generator<[owner: Record<string, unknown>, key: string]> {
  if (typeof value !== 'object' || value === null) return;
  for (const key of Object.keys(value)) {
    yield [value as Record<string, unknown>, key];
    yield* placesIn((value as Record<string, unknown>)[key]);
  }
}

const WRONG: readonly unknown[] = [
  undefined,
  null,
  '',
  0,
  Number.NaN,
  true,
  [],
  {},
  [1],
  ['a', ''],
  'x'.repeat(600),
  'a b',
  '[',
  '{a',
  '!a',
  '@(a)',
  'allow',
  new Map(),
  () => 'a',
  { agent_id: [] },
  { constructor: 'a' },
  { agent_id: null },
];

describe('the short way', () => {
  test('reads valid documents as the complete check does', () => {
    let taken = 0;
    const property = fc.property(policyDocument, (document) => {
      const short = read(document);
      if (short !== undefined) taken += 1;
      expect(short).toEqual(readCompletely(document));
    });
    fc.assert(property, { seed, numRuns: 2000 });
    expect(taken).toBe(2000);
  });

  test('takes nothing that the complete check refuses', { timeout: 60_000 }, () => {
    let refused = 0;
    const keys = fc.constantFrom('efect', 'when', 'resources', 'actions', 'deny', 'priority', '__proto__', 'rules');
    const property = fc.property(
      policyDocument,
      fc.nat(),
      fc.constantFrom(...WRONG),
      fc.option(keys),
      (given, at, wrong, key) => {
        const document = structuredClone(given);
        const places = [...placesIn(document)];
        const [owner, name] = places[at % Math.max(1, places.length)] ?? [document as Record<string, unknown>, 'rules'];
        Object.defineProperty(owner, key ?? name, { value: wrong, enumerable: true, configurable: true });
        const complete = readCompletely(document);
        const short = read(document);
        if (complete === undefined) refused += 1;
        if (short !== undefined) expect(short).toEqual(complete);
      },
    );
    fc.assert(property, { seed, numRuns: 5000 });
    expect(refused).toBeGreaterThan(1000);
  });

  test('runs no getter', () => {
    let runs = 0;
    const rule = {
      effect: 'allow',
      action: 'a',
      get resource() {
        runs += 1;
        return 'b';
      },
    };
    expect(read({ rules: [rule] })).toBeUndefined();
    expect(runs).toBe(0);
  });

  test('takes rules with rare keys as well', () => {
    const rule = { effect: 'allow', action: 'a', resource: 'b', reason_localized: { de: 'c' }, escalate_on_deny: true };
    expect(read({ rules: [rule] })).toEqual(readCompletely({ rules: [rule] }));
    expect(read({ $schema: 'x', policies: [{ rules: [rule] }] })).toHaveLength(1);
    expect(read({ policies: [], more: 1 })).toBeUndefined();
  });

  test('takes every key of a policy, as the complete check does', () => {
    const settings = { default_action: 'warn', default_on_missing: 'deny', default_on_empty: 'observe' };
    const tamper = { default_on_tamper: 'deny-all', tamper_behavior: 'quarantine' };
    const about = { $schema: 'x', version: 1, name: 'a', description: 'b', priority: 5, default_action: undefined };
    const rule = { effect: 'allow', action: 'a', resource: undefined, conditions: undefined };
    const document = { ...about, ...tamper, settings: { ...settings, ...tamper }, rules: [rule] };
    expect(read(document)).toEqual(readCompletely(document));
    expect(read(document)).toMatchObject([{ name: 'a', priority: 5, defaultAction: 'warn' }]);
    expect(read({ name: 'a' })).toBeUndefined();
  });

  test.each([
    { name: '' },
    { version: '2' },
    { priority: Number.POSITIVE_INFINITY },
    { settings: { more: 1 } },
    { default_action: 'observe' },
    { default_on_missing: 'warn' },
    { more: 1 },
    { description: 1 },
    {
      get name() {
        return 'a';
      },
    },
  ])('leaves a head such as %o to the complete check, which refuses it', (head) => {
    const document = Object.defineProperties({ rules: [] }, Object.getOwnPropertyDescriptors(head));
    expect(read(document)).toBeUndefined();
    expect(readCompletely(document)).toBeUndefined();
  });

  test.each([{ reason_localized: { de: 1 } }, { reason_localized: 'a' }, { escalate_on_deny: 'yes' }])(
    'leaves a rule with %o to the complete check, which refuses it',
    (wrong) => {
      const document = { rules: [{ effect: 'allow', action: 'a', resource: 'b', ...wrong }] };
      expect(read(document)).toBeUndefined();
      expect(readCompletely(document)).toBeUndefined();
    },
  );
});
