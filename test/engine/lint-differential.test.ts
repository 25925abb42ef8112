import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { lintRules } from '../../src/engine/lint.ts';
import { parsePolicy } from '../../src/policy/parse.ts';
import type { Policy, PolicyDocument, Rule } from '../../src/policy/types.ts';
import { crowdedPolicy, policyDocument } from '../support/arbitrary-policy.ts';
import { fuzzSeed } from '../support/fuzz-seed.ts';
import type { NaiveFinding } from '../support/naive-lint.ts';
import { naiveLint } from '../support/naive-lint.ts';

const seed = fuzzSeed();

function listOf(names: NaiveFinding['by']): string {
  const shown = names.slice(0, 3).map((name) => `rule ${JSON.stringify(name)}`);
  return (names.length > 3 ? shown.concat(`${names.length - 3} more`) : shown).join(', ');
}

// What of a message depends on other rules.
function expected({ kind, by }: NaiveFinding): string {
  if (kind === 'matches-nothing') return 'No request holds a name';
  if (kind === 'duplicate-rule') return `It says the same as ${listOf(by)} before it.`;
  if (kind === 'shadowed-rule') return `It never decides: ${listOf(by)} before it matches every such request.`;
  if (kind === 'unreachable-rule')
    return `It never decides: ${listOf(by)} before it match every such request together.`;
  return `; ${by.length === 0 ? 'the default' : listOf(by)} may then allow the call.`;
}

/** Compares lint with what comparing all pairs finds, and counts the kinds. */
function compare(document: PolicyDocument, counts: Map<string, number>): void {
  const policies = parsePolicy(document, { origin: 'test' });
  const starts = policies.map((_, index) => policies.slice(0, index).reduce((sum, { rules }) => sum + rules.length, 0));
  const { findings, isComplete } = lintRules(policies);
  const about = findings.filter(({ kind }) => kind !== 'pattern-trap');
  const naive = naiveLint(policies);
  expect(about.map(({ kind, at }) => `${(starts[at[0]] ?? 0) + at[1]} ${kind}`)).toEqual(
    naive.map(({ kind, at }) => `${at} ${kind}`),
  );
  for (const [index, one] of naive.entries()) {
    expect(about[index]?.message).toContain(expected(one));
    counts.set(one.kind, (counts.get(one.kind) ?? 0) + 1);
  }
  expect(isComplete).toBe(true);
}

const AGENTS = ['a', 'team-*', 'team-1-*', 'team-?', '[!t]*', '{a,b}'];
const MODELS = [
  'gpt-4',
  'gpt-4*',
  'gpt-?',
  'gpt-[0-4]',
  'gpt-[5-9]',
  'gpt-[0-9]',
  'gpt-[!4]',
  '*-mini',
  '*pt*',
  'g*4',
  '*',
];
const ACTIONS = ['llm.generate', 'llm.*', '*', 'embedding.generate', '{llm,embedding}.generate'];

// Few names in many forms, so that rules cover each other alone and together.
const closeRule: fc.Arbitrary<Rule> = fc
  .tuple(
    fc.constantFrom('allow', 'allow', 'deny', 'warn'),
    fc.constantFrom(...ACTIONS),
    fc.array(fc.constantFrom(...MODELS), { minLength: 1, maxLength: 3 }),
    fc.option(fc.array(fc.constantFrom(...AGENTS), { minLength: 1, maxLength: 2 }), { nil: undefined }),
  )
  .map(([effect, action, models, agents]) => ({
    effect,
    action,
    resource: models.map((model) => `model/${model}`),
    conditions: agents ? { agent_id: agents } : {},
  }));

const closePolicy: fc.Arbitrary<Policy> = fc
  .tuple(fc.array(closeRule, { minLength: 4, maxLength: 40 }), fc.constantFrom('deny', 'allow'))
  .map(([rules, default_action]) => ({ rules, default_action }));

const WORDS = Array.from(
  { length: 40 },
  (_, index) => `${'abcdefgh'[index % 8]}${['s', 't', 'u', 'v', '😀'][index % 5]}`,
);
const FORMS: readonly ((word: string, other: string) => string)[] = [
  (word) => `model/${word}`,
  (word, other) => `model/${word}${other}`,
  (word) => `model/${word}*`,
  (word) => `*-${word}`,
  (word, other) => `model/${word}*${other}`,
  (word, other) => `model/x*${word}*${other}`,
  (word, other) => `model/${word}?${other}`,
  (word, other) => `model/[ab]${word}{${other},-}`,
  (word) => `mod?l/${word}[!q]`,
];

// Many rules that have little in common, so that what a deny leaves to others comes late or never.
const sparseRule: fc.Arbitrary<Rule> = fc
  .tuple(
    fc.constantFrom('allow', 'deny', 'deny', 'warn'),
    fc.constantFrom('llm.generate', 'llm.generate', 'tool.call', 'llm.*'),
    fc.tuple(fc.constantFrom(...WORDS), fc.constantFrom(...WORDS), fc.constantFrom(...FORMS)),
    fc.constantFrom<NonNullable<Rule['conditions']>>({}, { agent_id: 'a*' }, { tier: 1 }, { agent_id: 'b', tier: 2 }),
  )
  .map(([effect, action, [word, other, form], conditions]) => ({
    effect,
    action,
    resource: form(word, other),
    conditions,
  }));

const closing: { rules: Rule[] } & Policy = { version: '1', rules: [{ deny: '*' }] };
const sparsePolicy: fc.Arbitrary<Policy[]> = fc
  .tuple(fc.array(sparseRule, { minLength: 110, maxLength: 130 }), fc.nat(130), fc.boolean())
  .map(([rules, at, isClosed]) =>
    [{ rules: rules.slice(0, at) }].concat(isClosed ? closing : [], { rules: rules.slice(at) }),
  );

describe('lint finds what comparing all pairs of rules finds, in the same order', () => {
  test.each<[string, fc.Arbitrary<PolicyDocument>, number, number]>([
    ['policies of all shapes', policyDocument, 600, 4],
    ['rules that share their names', crowdedPolicy, 80, 2],
    ['rules that cover each other together', closePolicy, 250, 4],
    ['many rules that have little in common', sparsePolicy, 12, 2],
  ])('%s', { timeout: 300_000 }, (_, documents, numRuns, kinds) => {
    const counts = new Map<string, number>();
    fc.assert(
      fc.property(documents, (document) => compare(document, counts)),
      { seed, numRuns },
    );
    console.log(`FUZZ_SEED=${seed} ${JSON.stringify([...counts])}`);
    expect(counts.size).toBeGreaterThanOrEqual(kinds);
  });
});
