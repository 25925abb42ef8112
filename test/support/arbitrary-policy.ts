import * as fc from 'fast-check';

import type { Context, Policy, PolicyDocument, PolicyRequest, Rule } from '../../src/index.ts';

// Small alphabets, so that patterns and names meet often.
const PATTERN_PIECES = [
  'a',
  'b',
  'c',
  '4',
  '-',
  '/',
  'gpt',
  '*',
  '**',
  '?',
  '[ab]',
  '[!a]',
  '[a-c]',
  '[a-]',
  '{a,b}',
  '{gpt,a*,}',
  '{[ab],?}',
  '\\*',
  '\\[',
  '+',
  '(',
  '|',
  '.',
  '😀',
];
const NAME_PIECES = ['a', 'b', 'c', '4', '-', '/', 'gpt', '*', '[', '+', '(', '|', '.', '😀'];
const ACTIONS = [
  'llm.generate',
  'llm:generate',
  'llm_call',
  'llm.call',
  'embedding.generate',
  'llm.embed',
  'embedding:generate',
  'tool.call',
  'llm',
  'a.b',
];
const ACTION_PATTERNS = [
  ...ACTIONS,
  '*',
  'llm.*',
  'llm:*',
  '*.generate',
  '{llm,embedding}.generate',
  'l?m.generate',
  'embedding*',
  '{llm_call,tool.call}',
  '[le]*',
];
const AGENTS = ['premium-1', 'premium-2', 'basic', 'a', ''];
const AGENT_PATTERNS = ['premium-*', 'basic', '*', 'a', '?', '{basic,a}', '[!b]*', 'premium-[12]'];

const pieces = (list: readonly string[], maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...list), { minLength: 1, maxLength }).map((parts) => parts.join(''));

// A piece ending in a star before a parenthesis would be an extended glob, and a leading "!" none at all.
const isPlainPattern = (text: string): boolean => !/[@+*?!]\(/u.test(text) && !text.startsWith('!');

/** Patterns of model names, most of them behind `model/`. */
const modelPattern: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom('model/', 'model/', 'model/', 'model:', '', 'm?del/'), pieces(PATTERN_PIECES, 4))
  .map(([prefix, text]) => prefix + text)
  .filter(isPlainPattern);

/** Names of models, a few of them no names at all. */
export const modelName: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 30,
    arbitrary: fc
      .tuple(fc.constantFrom('model/', 'model/', 'model/', 'model:', ''), pieces(NAME_PIECES, 4))
      .map((parts) => parts.join('')),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      'model/a b',
      'model/a\n',
      `model/${'a'.repeat(1100)}`,
      'model/\u200Ba',
      '__proto__',
      'model/__proto__',
      'model/\uD800',
    ),
  },
);

const oneOrMore = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | T[]> =>
  fc.oneof(arbitrary, fc.array(arbitrary, { minLength: 1, maxLength: 3 }));

const condition = fc.oneof(oneOrMore(fc.constantFrom(...AGENT_PATTERNS)), fc.constantFrom(1, 2, 0), fc.boolean());
const conditions = fc.dictionary(fc.constantFrom('agent_id', 'agent_id', 'level', 'beta', 'toString'), condition, {
  maxKeys: 2,
});

const optional = <T>(key: string, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<object> =>
  fc.option(arbitrary, { nil: undefined }).map((value) => (value === undefined ? {} : { [key]: value }));

const subject = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('allow', 'deny', 'warn'),
      fc.constantFrom('action', 'actions'),
      oneOrMore(fc.constantFrom(...ACTION_PATTERNS)),
    )
    .map(([effect, key, value]) => ({ effect, [key]: value })),
  fc
    .tuple(fc.constantFrom('allow', 'deny'), oneOrMore(fc.constantFrom(...ACTION_PATTERNS)))
    .map(([key, value]) => ({ [key]: value })),
);

const resource = fc
  .tuple(fc.constantFrom('resource', 'resources'), oneOrMore(modelPattern))
  .map(([key, value]) => ({ [key]: value }));
const conditional = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom('conditions', 'when'), conditions).map(([key, value]) => ({ [key]: value })),
  },
);

/** Rules of both dialects. */
export const rule: fc.Arbitrary<Rule> = fc
  .tuple(subject, resource, conditional, optional('id', fc.constantFrom('x', 'y', 'z')))
  .map((parts) => Object.assign({}, ...parts) as Rule);

const fileRule = fc
  .tuple(subject, fc.oneof(resource, fc.constant({})), conditional)
  .map((parts) => Object.assign({}, ...parts) as Rule);
const effect = fc.constantFrom('allow', 'deny', 'warn');
const head = fc.tuple(
  optional('name', fc.constantFrom('p', 'q')),
  optional('priority', fc.constantFrom(1, 50, 100, 200)),
  fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: optional('default_action', effect) }),
);

/** One policy of either dialect. */
export const policy: fc.Arbitrary<Policy> = fc.oneof(
  fc
    .tuple(head, fc.array(rule, { maxLength: 12 }))
    .map(([parts, rules]) => Object.assign({ rules }, ...parts) as Policy),
  fc
    .tuple(
      head,
      fc.array(fileRule, { maxLength: 12 }),
      optional(
        'settings',
        effect.map((value) => ({ default_action: value })),
      ),
    )
    .map(([parts, rules, settings]) => Object.assign({ version: '1', rules }, ...parts, settings) as Policy),
);

/** Documents of all three shapes. */
export const policyDocument: fc.Arbitrary<PolicyDocument> = fc.oneof(
  policy,
  fc.array(policy, { maxLength: 3 }),
  fc.array(policy, { maxLength: 3 }).map((policies) => ({ policies })),
);

/** Contexts with attributes of every kind, the odd ones included. */
export const context: fc.Arbitrary<Context | undefined> = fc.option(
  fc.record(
    {
      agent_id: fc.constantFrom<unknown>(...AGENTS, 1, null, undefined, ['basic'], Object('basic'), 'x'.repeat(1100)),
      level: fc.constantFrom<unknown>(1, 2, 0, '1', true, Number.NaN),
      beta: fc.constantFrom<unknown>(true, false, 'true', 1),
    },
    { requiredKeys: [] },
  ),
  { nil: undefined },
);

/** Requests as a grid, so that a few generated values give many requests. */
export const requestGrid: fc.Arbitrary<PolicyRequest[]> = fc
  .tuple(
    fc.uniqueArray(fc.constantFrom(...ACTIONS), { minLength: 2, maxLength: 3 }),
    fc.array(fc.tuple(modelName, fc.option(fc.array(modelName, { maxLength: 2 }), { nil: undefined, freq: 3 })), {
      minLength: 8,
      maxLength: 12,
    }),
    fc.array(context, { minLength: 4, maxLength: 5 }),
  )
  .map(([actions, names, contexts]) =>
    actions.flatMap((action) =>
      // With other names first and then without: what was decided about the one says nothing about the other.
      names
        .flatMap(([name, aliases]) => (aliases ? [{ name, aliases }, { name }] : [{ name }]))
        .flatMap(({ name, aliases }: { name: string; aliases?: string[] }) =>
          contexts.map((given) =>
            Object.assign({ action, resource: name }, given && { context: given }, aliases && { aliases }),
          ),
        ),
    ),
  );

const MANY_KEYS = Array.from({ length: 24 }, (_, index) => `k${index}`);

const CROWDED_PATTERNS = [
  'model/gpt',
  'model/gpt',
  'model/a/gpt',
  'model/*',
  '*',
  'model/g*',
  '*t',
  '*gp*',
  '*g*',
  '*g*g',
  '?o*',
  'm*gp*',
  'model/*gp*',
  'model/*p[ta]',
];
const CROWDED_NAMES = [
  'model/gpt',
  'model/gpt',
  'model/a/gpt',
  'model/g',
  'model/pt',
  'model/b/a',
  'mgp',
  'gp',
  'g',
  't',
];
const HEADED_TEXTS = ['ab', 'cd', 'ef', 'gh', 'ij', 'kl', 'mn', 'op', 'code1', 'code2', 'code3', 'code4', 'code5'];
const HEADED_NAMES = HEADED_TEXTS.map((text) => `m${text}`);
const CROWDED_VALUES = ['*', 'premium-*', '[!b]*', 'basic', 'a', 'premium-1', '*i*', '?'];

// Many rules for few names: everything is filed together, by actions, by values and by keys.
const crowdedRule: fc.Arbitrary<Rule> = fc
  .tuple(
    fc.constantFrom('allow', 'deny', 'deny', 'warn'),
    oneOrMore(fc.constantFrom('llm.generate', 'llm.generate', ...ACTION_PATTERNS)),
    oneOrMore(fc.constantFrom(...CROWDED_PATTERNS)),
    fc.dictionary(
      fc.constantFrom('agent_id', 'agent_id', 'level', ...MANY_KEYS),
      fc.oneof(fc.constantFrom(...CROWDED_VALUES), condition),
      { minKeys: 1, maxKeys: 2 },
    ),
  )
  .map(([effect, action, resource, conditions]) => ({ effect, action, resource, conditions }));

// Globs whose rarest text stands behind heads of different lengths.
const headedRule: fc.Arbitrary<Rule> = fc
  .tuple(fc.constantFrom('allow', 'deny'), fc.constantFrom('m*', 'model/*'), fc.constantFrom(...HEADED_TEXTS))
  .map(([effect, head, text]) => ({ effect, action: '*', resource: `${head}${text}*` }));

const headedPolicy: fc.Arbitrary<Policy> = fc
  .array(headedRule, { minLength: 24, maxLength: 24 })
  .map((rules) => ({ rules }));

// So few that they are walked along, and names that go by a second one.
const literalRule: fc.Arbitrary<Rule> = fc
  .tuple(fc.constantFrom('allow', 'deny'), fc.constantFrom('model/gpt', 'model/a/gpt', 'model/b/a', 'model/a', 'gp'))
  .map(([effect, name]) => ({ effect, action: '*', resource: name }));

const literalPolicy: fc.Arbitrary<Policy> = fc
  .array(literalRule, { minLength: 2, maxLength: 6 })
  .map((rules) => ({ rules }));

const variedPolicy: fc.Arbitrary<Policy> = fc
  .array(fc.oneof({ weight: 9, arbitrary: crowdedRule }, { weight: 1, arbitrary: rule }), {
    minLength: 12,
    maxLength: 48,
  })
  .map((rules) => ({ rules }));

/** A policy whose rules share their names, so that they have to be told apart by everything else. */
export const crowdedPolicy: fc.Arbitrary<Policy> = fc.oneof(
  { weight: 18, arbitrary: variedPolicy },
  { weight: 1, arbitrary: headedPolicy },
  { weight: 1, arbitrary: literalPolicy },
);

/** Requests that crowded policies are about. */
export const crowdedGrid: fc.Arbitrary<PolicyRequest[]> = fc
  .tuple(
    fc.array(fc.constantFrom(...ACTIONS), { minLength: 2, maxLength: 2 }),
    fc
      .tuple(
        fc.uniqueArray(fc.constantFrom(...CROWDED_NAMES), { minLength: 3, maxLength: 4 }),
        fc.constantFrom(...HEADED_NAMES),
      )
      .map(([names, headed]) => names.concat(headed)),
    fc.array(
      fc
        .tuple(
          context,
          fc.dictionary(
            fc.constantFrom(...MANY_KEYS),
            fc.oneof(
              { weight: 60, arbitrary: fc.constantFrom(...AGENTS, 'basic', 'premium-1') },
              { weight: 10, arbitrary: fc.constantFrom(1, 2, true) },
              { weight: 1, arbitrary: fc.constant('y'.repeat(1025)) },
            ),
            { minKeys: 6, maxKeys: 22 },
          ),
        )
        .map((parts): Context => Object.assign({}, ...parts) as Context),
      { minLength: 8, maxLength: 8 },
    ),
  )
  .map(([actions, names, contexts]) =>
    actions.flatMap((action) =>
      names.flatMap((resource) => contexts.map((given) => ({ action, resource, context: given }))),
    ),
  );
