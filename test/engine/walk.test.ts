import { describe, expect, test } from 'vitest';

import type { Rule } from '../../src/index.ts';
import { compileDocument, decide } from '../support/decide.ts';

function decided(rules: readonly Rule[], resource: unknown): unknown {
  const compiled = compileDocument({ rules });
  const { rule, reasonCode } = decide(compiled, { action: 'llm.generate', resource: resource as string });
  return rule ?? reasonCode;
}

const allow = (resource: string): Rule => ({ id: `allow ${resource}`, effect: 'allow', action: 'llm.*', resource });
const deny = (resource: string): Rule => ({ id: `deny ${resource}`, effect: 'deny', action: 'llm.*', resource });

// A name that equals a literal of the policy is not checked again; one that goes by other names must be.
describe('a walk along few rules', () => {
  test.each<[readonly Rule[], unknown, string]>([
    [[deny('model/b'), allow('model/a/b')], 'model/a/b', 'deny model/b'],
    [[allow('model/a/b'), deny('model/b')], 'model/a/b', 'allow model/a/b'],
    [[deny('model/b'), allow('model/a/*')], 'model/a/b', 'deny model/b'],
    [[allow('model/b')], 'model/a/b', 'NO_RULE_MATCH'],
    [[allow('model/b')], 'model:b', 'allow model/b'],
    [[allow('tool/b'), allow('*')], 'tool/b', 'allow tool/b'],
    [[allow('tool/b'), allow('*')], 'tool/c', 'allow *'],
    [[allow('model/b'), allow('*')], 'model/b c', 'INVALID_REQUEST'],
    [[allow('model/b')], 'model/\u0000', 'INVALID_REQUEST'],
    [[allow('model/b')], 'model/', 'INVALID_REQUEST'],
    [[allow('model/b')], `model/${'b'.repeat(1019)}`, 'INVALID_REQUEST'],
    [[allow('model/b*')], `model/${'b'.repeat(1018)}`, 'allow model/b*'],
    [[allow('*')], 'model/ü', 'allow *'],
    [[allow('*')], 7, 'INVALID_REQUEST'],
    [[allow('*')], undefined, 'INVALID_REQUEST'],
    [[], 'model/b', 'NO_RULE_MATCH'],
    [[], 'model/b\n', 'INVALID_REQUEST'],
  ])('%#: %j', (rules, resource, expected) => {
    expect(decided(rules, resource)).toBe(expected);
  });
});
