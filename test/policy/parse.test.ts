import { runInNewContext } from 'node:vm';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { compileMatcher } from '../../src/engine/wildcard.ts';
import { PolicyInvalidError } from '../../src/index.ts';
import { parsePolicy } from '../../src/policy/parse.ts';
import type { PolicyProblem } from '../../src/policy/problem.ts';
import { policyDocument } from '../support/arbitrary-policy.ts';
import { fuzzSeed } from '../support/fuzz-seed.ts';

const seed = fuzzSeed();
const allow = { effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' };

function problemsOf(document: unknown): readonly PolicyProblem[] {
  try {
    parsePolicy(document, { origin: 'a test' });
  } catch (error) {
    if (error instanceof PolicyInvalidError) return error.problems;
    throw error;
  }
  return [];
}

function describeProblems(document: unknown): string[] {
  return problemsOf(document).map(
    ({ path, message, found, suggestion }) => `${path || '(document)'} | ${message} | ${found} | ${suggestion ?? '-'}`,
  );
}

describe('parsePolicy', () => {
  test('lists every problem of a document, in the order of the document', () => {
    const document = {
      nam: 'x',
      priority: 'high',
      default_action: 'alow',
      rules: [
        { effect: 'allwo', action: 'llm.generate', resource: 'model/a' },
        { effect: 'allow', action: 5, resource: [] },
        { effect: 'allow', action: 'llm.generate', resource: '!model/a', condition: {} },
        {
          effect: 'allow',
          action: 'llm.generate',
          resource: 'model/a',
          conditions: { agent_id: null, constructor: 'x', level: Number.NaN },
        },
        'deny',
        { action: 'llm.generate' },
      ],
    };
    expect(describeProblems(document)).toEqual([
      'nam | Unknown key. | "nam" | name',
      'priority | Wrong type. | "high" | -',
      'default_action | Not one of the accepted values. | "alow" | allow',
      'rules[0].effect | Not one of the accepted values. | "allwo" | allow',
      'rules[1].action | Wrong type. | 5 | -',
      'rules[1].resource | The value is empty. | an empty list | -',
      'rules[2].condition | Unknown key. | "condition" | conditions',
      'rules[2].resource | A pattern cannot be negated. | "!model/a" | -',
      'rules[3].conditions.constructor | This key is reserved. | "constructor" | -',
      'rules[3].conditions.agent_id | Wrong type. | null | -',
      'rules[3].conditions.level | Wrong type. | NaN | -',
      'rules[4] | Wrong type. | "deny" | -',
      'rules[5] | The rule has no effect. | an object | -',
      'rules[5] | The rule names no resource. | an object | -',
    ]);
  });

  test('says in one message what was found, what is accepted and what was meant', () => {
    expect(() => parsePolicy({ rules: [{ ...allow, wen: {} }] }, { origin: 'policy.yaml' })).toThrow(
      /^Policy from policy\.yaml has 1 problem:\n {2}rules\[0\]\.wen: Unknown key\. Found "wen"; accepted: id, name, .+ Did you mean "when"\?$/u,
    );
  });

  test.each([
    'condition',
    'Conditions',
    'condtions',
    'contitions',
    'conditons',
    'whe',
    'wehn',
    'if',
    'filters',
    'agent_id',
    'clients',
    'projects',
    'models',
    ' conditions',
    'constructor',
    '__proto__',
  ])('a rule with %s does not load', (key) => {
    const rule = JSON.parse(JSON.stringify(allow).replace('}', `,${JSON.stringify(key)}:{"agent_id":"x"}}`)) as object;
    expect(problemsOf({ rules: [rule] })).toHaveLength(1);
  });

  test.each<readonly [string, unknown, string]>([
    ['no rules', {}, 'rules | A required key is missing. | nothing | -'],
    ['null', null, '(document) | Wrong type. | null | -'],
    ['a text', 'allow', '(document) | Wrong type. | "allow" | -'],
    ['rules that are no list', { rules: {} }, 'rules | Wrong type. | an object | -'],
    ['policies that are no list', { policies: 5 }, 'policies | Wrong type. | 5 | -'],
    ['an unknown key beside policies', { policies: [], polices: [] }, 'polices | Unknown key. | "polices" | policies'],
    [
      'an unknown setting',
      { version: '1', settings: { default_acton: 'deny' }, rules: [] },
      'settings.default_acton | Unknown key. | "default_acton" | default_action',
    ],
    [
      'a key that promises what is not done',
      { rules: [], dlp_rules: [] },
      'dlp_rules | Unknown key. This package does not scan content, so the document promises more than it would keep. | "dlp_rules" | -',
    ],
    ['another version', { version: '2', rules: [] }, 'version | Not one of the accepted values. | "2" | -'],
    [
      'both shorthands',
      { version: '1', rules: [{ allow: 'a', deny: 'b' }] },
      'rules[0] | "allow" and "deny" say the same thing twice. | an object | -',
    ],
    [
      'effect and shorthand',
      { version: '1', rules: [{ effect: 'allow', deny: 'b' }] },
      'rules[0] | "effect" and "deny" say the same thing twice. | an object | -',
    ],
    [
      'action twice',
      { rules: [{ ...allow, actions: 'b' }] },
      'rules[0] | "action" and "actions" say the same thing twice. | an object | -',
    ],
    [
      'resource twice',
      { rules: [{ ...allow, resources: 'b' }] },
      'rules[0] | "resource" and "resources" say the same thing twice. | an object | -',
    ],
    [
      'conditions as a list',
      { rules: [{ ...allow, effect: 'deny', conditions: ['premium-*'] }] },
      'rules[0].conditions | Wrong type. | a list of 1 | -',
    ],
    [
      'conditions twice',
      { rules: [{ ...allow, conditions: {}, when: {} }] },
      'rules[0] | "conditions" and "when" say the same thing twice. | an object | -',
    ],
    [
      'action beside a shorthand',
      { version: '1', rules: [{ allow: 'a', action: 'b' }] },
      'rules[0] | The shorthand already names the action. | an object | -',
    ],
    [
      'no action',
      { rules: [{ effect: 'allow', resource: 'a' }] },
      'rules[0] | The rule names no action. | an object | -',
    ],
    [
      'a space in a resource',
      { rules: [{ ...allow, resource: 'model/gpt-4 ' }] },
      'rules[0].resource | No name holds a space, control or format character, so this never matches. | "model/gpt-4 " | -',
    ],
    ['a number in a list', { rules: [{ ...allow, resource: ['a', 5] }] }, 'rules[0].resource[1] | Wrong type. | 5 | -'],
    [
      'a bad pattern in a list',
      { rules: [{ ...allow, conditions: { agent_id: ['a', '['] } }] },
      'rules[0].conditions.agent_id[1] | The set is not closed. | "[" | -',
    ],
    [
      'an infinite number',
      { rules: [{ ...allow, conditions: { level: Infinity } }] },
      'rules[0].conditions.level | The number is not finite. | Infinity | -',
    ],
    ['an empty id', { rules: [{ ...allow, id: '' }] }, 'rules[0].id | The value is empty. | "" | -'],
    ['a key that is no identifier', { 'a b': 1, rules: [] }, '["a b"] | Unknown key. | "a b" | -'],
    [
      'an effect that exists elsewhere',
      { rules: [{ ...allow, effect: 'audit' }] },
      'rules[0].effect | Not one of the accepted values. | "audit" | -',
    ],
  ])('refuses %s', (_, document, expected) => {
    expect(describeProblems(document)).toEqual([expected]);
  });

  test.each<readonly [string, unknown]>([
    [
      'a getter',
      {
        get rules() {
          return [];
        },
      },
    ],
    [
      'a getter in a rule',
      {
        rules: [
          {
            ...allow,
            get conditions() {
              return {};
            },
          },
        ],
      },
    ],
    ['a function', { rules: [{ ...allow, conditions: () => true }] }],
    ['a symbol', { rules: [{ ...allow, id: Symbol('x') }] }],
    ['a big integer', { rules: [], priority: 1n }],
    ['a date', { rules: [{ ...allow, reason: new Date(0) }] }],
    ['a map', new Map([['rules', []]])],
    [
      'a class instance',
      new (class {
        rules = [];
      })(),
    ],
    [
      'a Proxy whose traps throw',
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('secret');
          },
        },
      ),
    ],
    [
      'a cycle',
      (() => {
        const cycle: Record<string, unknown> = { rules: [] };
        cycle['rules'] = [cycle];
        return cycle;
      })(),
    ],
    ['a list with a huge length', { rules: { length: 4e9 } }],
    ['a list without end', Object.assign([], { length: 4_000_000_001 })],
  ])('refuses %s without running it', (_, document) => {
    const problems = problemsOf(document);
    expect(problems.length).toBeGreaterThan(0);
    expect(JSON.stringify(problems)).not.toContain('secret');
  });

  test('counts no more than 100 things that are no data', () => {
    expect(problemsOf({ rules: Array.from({ length: 150 }, () => () => true) })).toHaveLength(100);
  });

  test('refuses what throws something that is no error', () => {
    const document = new Proxy(
      {},
      {
        ownKeys: () => {
          throw 'secret';
        },
      },
    );
    expect(describeProblems(document)).toEqual([
      '(document) | The document cannot be read: an exception was thrown. | nothing | -',
    ]);
  });

  test('brings every spelling in a pattern to one', () => {
    const rule = {
      effect: 'allow',
      action: ['llm[:]generate', 'l?m:g*', '{llm_call,llm:embed}', 'a[0-9:]b'],
      resource: ['model:[a-z]*', 'mode?:x'],
    };
    const [policy] = parsePolicy({ rules: [rule] }, { origin: 'a test' });
    const matcher = compileMatcher(policy?.rules[0]?.actions ?? []);
    expect(['llm.generate', 'lxm.g', 'embedding.generate', 'a.b', 'a5b', 'llm_call'].map(matcher)).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
    ]);
    expect(['model/abc', 'model/1', 'mode1:x'].map(compileMatcher(policy?.rules[0]?.resources ?? []))).toEqual([
      true,
      false,
      true,
    ]);
  });

  test('takes documents of another realm', () => {
    expect(problemsOf(runInNewContext("({ rules: [{ effect: 'allow', action: 'a', resource: 'b' }] })"))).toEqual([]);
  });

  test('takes a document as it is at that moment', () => {
    const rule: { resource: string } = { ...allow };
    const [policy] = parsePolicy({ rules: [rule] }, { origin: 'a test' });
    rule.resource = 'model/*';
    expect(policy?.rules[0]?.resources?.[0]?.text).toBe('model/gpt-4');
  });

  test('shows at most 60 characters of a value and 50 problems in the message', () => {
    const long = 'x'.repeat(10_000);
    const [problem] = problemsOf({ rules: [{ ...allow, effect: long }] });
    expect(problem?.found).toBe(`"${'x'.repeat(60)}" and 9940 more characters`);
    const rules = Array.from({ length: 80 }, () => ({ ...allow, effect: 'x' }));
    expect(problemsOf({ rules })).toHaveLength(80);
    expect(() => parsePolicy({ rules }, { origin: 'a test' })).toThrow(
      /has 80 problems:(?:\n {2}rules.*){50}\n {2}and 30 more in error\.problems$/u,
    );
  });

  test('every valid document is taken, and each key misspelt in it is refused', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(policyDocument, fc.nat(), fc.nat(), (document, pick, place) => {
        expect(problemsOf(document)).toEqual([]);
        const text = JSON.stringify(document);
        const keys = Array.from(
          text.matchAll(
            /"(effect|actions?|resources?|conditions|when|rules|settings|default_action|priority|policies)":/gu,
          ),
        );
        const chosen = keys[pick % Math.max(keys.length, 1)];
        if (!chosen) return;
        const key = chosen[1] ?? '';
        const at = place % key.length;
        const misspelt = `${key.slice(0, at)}${key.slice(at + 1)}`;
        const broken = `${text.slice(0, chosen.index)}"${misspelt}":${text.slice(chosen.index + key.length + 3)}`;
        if (['action', 'resource'].includes(misspelt)) return;
        const suggestions = problemsOf(JSON.parse(broken)).map(({ suggestion }) => suggestion);
        if (key === 'policies') expect(suggestions.length).toBeGreaterThan(0);
        else expect(suggestions.some((suggestion) => suggestion?.startsWith(key.replace(/s$/u, '')))).toBe(true);
      }),
      { seed, numRuns: 1500 },
    );
  });
});
