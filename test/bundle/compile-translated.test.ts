import { describe, expect, test } from 'vitest';

import type { CompiledTranslation } from '../../src/bundle/compile-translated.ts';
import { compileTranslated, documentOf } from '../../src/bundle/compile-translated.ts';
import { readJsonObject } from '../../src/bundle/json-payload.ts';
import type { TranslatedPayload } from '../../src/bundle/translate-payload.ts';
import { isInForce, translatePayload } from '../../src/bundle/translate-payload.ts';
import type { CompiledPolicy } from '../../src/engine/compiled-policy.ts';
import { compilePolicy } from '../../src/engine/compile.ts';
import { BundleRefusedError, PolicyInvalidError } from '../../src/index.ts';
import { checkDocument } from '../../src/policy/parse.ts';
import { finish } from '../../src/policy/steps.ts';
import { mutatedPayload } from '../support/bundle-mutations.ts';
import { fuzzSeed } from '../support/fuzz-seed.ts';
import { createRandom } from '../support/random.ts';

const PAYLOADS = 4000;
const audience = { integrity: 'versioned', projectId: 'proj_1', clientName: 'node-sdk' } as const;

const translate = (payload: unknown): TranslatedPayload =>
  translatePayload(readJsonObject(new TextEncoder().encode(JSON.stringify(payload))), audience);

function ruleWith(parts: object): TranslatedPayload {
  const rule = { id: 'r', effect: 'allow', actions: ['llm.generate'], resources: ['model/gpt-4'], ...parts };
  return translate({ policies: [{ name: 'p', rules: [rule] }] });
}

const compile = ({ policies }: TranslatedPayload): CompiledTranslation => finish(compileTranslated(policies, 'r1'));

// Everything that decides.
const rulesOf = ({ rules, noMatch }: CompiledPolicy): object => ({
  noMatch,
  rules: rules.map(({ decision, actions, resourceTexts, conditions }) => ({
    decision,
    actions: actions.texts,
    resourceTexts,
    conditions: conditions.map(({ key, accepted }) => ({ key, accepted })),
  })),
});

// What the complete check makes of it, without the way in passing.
function compileCompletely({ policies }: TranslatedPayload): CompiledPolicy | undefined {
  try {
    checkDocument(
      documentOf(policies, () => true),
      { origin: 'a test' },
    );
    return compilePolicy(checkDocument(documentOf(policies, isInForce), { origin: 'a test' }), 'r1');
  } catch (error) {
    if (error instanceof PolicyInvalidError) return undefined;
    throw error;
  }
}

function refusalOf<Result>(work: () => Result): Result | BundleRefusedError {
  try {
    return work();
  } catch (error) {
    if (error instanceof BundleRefusedError) return error;
    throw error;
  }
}

describe('rules that are read while they are compiled', () => {
  test(`are read as the complete check reads them, in ${PAYLOADS} payloads`, () => {
    const random = createRandom(fuzzSeed());
    const counts = { accepted: 0, refused: 0 };
    for (let count = 0; count < PAYLOADS; count += 1) {
      const translated = refusalOf(() => translate(mutatedPayload(random, 'a key')));
      if (translated instanceof BundleRefusedError) continue;
      const outcome = refusalOf(() => compile(translated));
      const expected = compileCompletely(translated);
      counts[expected ? 'accepted' : 'refused'] += 1;
      if (outcome instanceof BundleRefusedError) expect(expected).toBeUndefined();
      else expect(rulesOf(outcome.compiled)).toEqual(expected && rulesOf(expected));
    }
    expect(counts.accepted).toBeGreaterThan(PAYLOADS / 10);
    expect(counts.refused).toBeGreaterThan(PAYLOADS / 100);
  });

  test.each<[name: string, parts: object]>([
    ['an id that is no text', { id: { a: 1 } }],
    ['a description that is no text', { description: 1 }],
    ['a reason that is no text', { reason: ['a'] }],
    ['a code that is no text', { reason_code: true }],
    ['translations that are a list', { reason_localized: ['a'] }],
    ['translations that are a text', { reason_localized: 'a' }],
    ['a translation that is no text', { reason_localized: { de: 1 } }],
    ['a condition on a reserved key', { conditions: { constructor: 'a' } }],
    ['a pattern that is none', { resources: ['model/[a'] }],
    ['an action that no name can be', { actions: ['llm generate'] }],
    ['a pattern of a condition that is none', { conditions: { agent_id: '{a' } }],
  ])('are refused with %s, in force or not', (_, parts) => {
    for (const more of [{}, { geo: 'eu' }]) {
      const attempt = (): unknown => compile(ruleWith({ ...parts, ...more }));
      expect(attempt).toThrow('Its policies have 1 problem; error.cause.problems lists them.');
    }
  });

  test('are refused with a number that JSON cannot hold', () => {
    const text = JSON.stringify({
      policies: [{ rules: [{ effect: 'deny', actions: ['*'], conditions: { level: 'N' } }] }],
    });
    const payload = readJsonObject(new TextEncoder().encode(text.replace('"N"', '1e999')));
    expect(() => compile(translatePayload(payload, audience))).toThrow('1 problem;');
  });

  test('in a policy whose head is not valid are refused', () => {
    const priority = translate({ policies: [{ name: 'p', priority: '5', rules: [] }] });
    expect(() => compile(priority)).toThrow('1 problem;');
  });

  test('have nothing that is inherited', () => {
    const rules = [
      { effect: 'allow', actions: ['llm.generate'], resources: ['model/gpt-4'] },
      { effect: 'deny', actions: ['llm'], resources: ['*'] },
    ];
    const translated = translate({ policies: [{ dialect: 'exact', rules }] });
    const before = rulesOf(compile(translated).compiled);
    const inherited = { allow: '*', resource: '*', when: { x: 'y' }, reason: 'r', version: '1', priority: 'x' };
    const everything = Object.getPrototypeOf({}) as object;
    for (const [key, value] of Object.entries(inherited))
      Object.defineProperty(everything, key, { value, configurable: true });
    try {
      expect(rulesOf(compile(translated).compiled)).toEqual(before);
    } finally {
      for (const key of Object.keys(inherited)) Reflect.deleteProperty(everything, key);
    }
  });

  test('name a resource where the dialect wants one', () => {
    const rules = [{ effect: 'allow', actions: ['llm.generate'] }];
    expect(() => compile(translate({ policies: [{ dialect: 'exact', rules }] }))).toThrow('1 problem;');
    expect(compile(translate({ policies: [{ rules }] })).compiled.rules).toHaveLength(1);
  });

  test('take the complete check where they are longer than a look can tell, and are right', () => {
    const agents = Array.from({ length: 100_001 }, (_, at) => `agent-${at}`);
    const doubtful = { effect: 'allow', actions: ['llm.generate'], resources: ['model/o1'], geo: 'eu', id: 'x' };
    const long = {
      effect: 'allow',
      actions: ['llm.generate'],
      resources: ['model/o1'],
      conditions: { agent_id: agents },
    };
    const { compiled, notes } = compile(translate({ policies: [{ name: 'p', rules: [doubtful, long] }] }));
    expect(compiled.rules.map(({ name }) => name)).toEqual(['rule-1']);
    expect(compiled.rules[0]?.conditions[0]?.accepted).toHaveLength(100_001);
    expect(notes).toMatchObject([{ policy: 'p', rule: 'x' }]);
    expect(compile(ruleWith({ reason_localized: { constructor: 'a' } })).compiled.rules).toHaveLength(1);
  });
});
