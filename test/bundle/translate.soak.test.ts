import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { bundlePayload, wirePolicies } from '../../src/bundle/bundle-payload.ts';
import type { VerifiedBundle, VerifyBundleOptions } from '../../src/bundle/verify-bundle.ts';
import type { PolicyRequest } from '../../src/index.ts';
import { policyDocument, requestGrid } from '../support/arbitrary-policy.ts';
import { firstUse, keyOf, publicationBy, signed, verify } from '../support/bundle-stage.ts';
import { decide } from '../support/decide.ts';
import { fuzzSeed } from '../support/fuzz-seed.ts';
import { createNaiveEvaluator } from '../support/naive-evaluator.ts';
import { repeats } from '../support/soak.ts';

const key = await keyOf(1);
const trust = firstUse(key);

async function read(
  policies: readonly object[],
  payload: object = {},
  options: Partial<VerifyBundleOptions> = {},
): Promise<VerifiedBundle> {
  const complete = await bundlePayload(policies, publicationBy(key));
  return verify(await signed({ ...complete, ...payload }, key), trust, options);
}

const ask = (bundle: VerifiedBundle, resource: string, agent?: string): string => {
  const request: PolicyRequest = { action: 'llm.generate', resource };
  const { effect } = decide(
    bundle.compiled,
    agent === undefined ? request : { ...request, context: { agent_id: agent } },
  );
  return effect;
};

const GPT_4 = 'model/gpt-4';
const base = { effect: 'allow', actions: ['llm.generate'], resources: [GPT_4] };

/** The effect on gpt-4, on another model, and on gpt-4 for a premium agent. */
async function effectsOf(rule: object, options: Partial<VerifyBundleOptions> = {}): Promise<readonly string[]> {
  const bundle = await read([{ name: 'p', rules: [rule] }], { default_action: 'warn' }, options);
  return [ask(bundle, GPT_4), ask(bundle, 'model/o1'), ask(bundle, GPT_4, 'premium-1')];
}

describe('the forms of a rule', () => {
  test.each<[name: string, rule: object]>([
    ['actions and resources', base],
    ['one action, one resource', { effect: 'allow', action: 'llm.generate', resource: GPT_4 }],
    ['the spelling with a colon', { effect: 'allow', actions: ['llm:generate'], resources: ['model:gpt-4'] }],
    ['a tool', { effect: 'allow', tool: 'llm', resource: GPT_4 }],
    ['a pattern', { effect: 'allow', pattern: 'llm.*', resource: GPT_4 }],
    ['match.tool', { effect: 'allow', match: { tool: 'llm' }, resource: GPT_4 }],
    ['match.action and match.resource', { effect: 'allow', match: { action: 'llm:generate', resource: GPT_4 } }],
    ['the effect in action', { action: 'allow', actions: ['llm.generate'], resources: [GPT_4] }],
    ['two forms that agree', { ...base, action: 'llm.generate', resource: GPT_4 }],
    ['null for what is absent', { ...base, conditions: null, when: null, clients: null, geo: null, match: null }],
    ['empty lists of clients and projects', { ...base, clients: [], projects: [] }],
    ['this project, any client', { ...base, projects: ['proj_1'], clients: ['*'] }],
    [
      'what describes it',
      {
        ...base,
        id: 7,
        description: 'd',
        reason: 'r',
        reason_code: 'C',
        reason_localized: { de: 'r' },
        escalate_on_deny: 'yes',
        created_at: 'then',
      },
    ],
    ['an empty object of conditions', { ...base, conditions: {} }],
  ])('allow: %s', async (_, rule) => {
    expect(await effectsOf(rule)).toEqual(['allow', 'warn', 'allow']);
  });

  test.each<[name: string, rule: object]>([
    ['an unknown key', { ...base, geo: 'eu' }],
    ['an unknown key within match', { ...base, match: { agent: 'x' } }],
    ['a match that is no object', { ...base, match: 'llm' }],
    ['models, as other products write it', { ...base, models: ['gpt-4'] }],
    ['another project', { ...base, projects: ['proj_2'] }],
    ['clients, where ours has no name', { ...base, clients: ['node-sdk'] }],
    ['clients that are no texts', { ...base, clients: [1] }],
    ['no action', { effect: 'allow', resources: [GPT_4] }],
    ['no actions in the list', { ...base, actions: [] }],
    ['no resources in the list', { ...base, resources: [] }],
    ['actions that disagree', { ...base, tool: 'database' }],
    ['resources that disagree', { ...base, resource: 'model/*' }],
    ['actions that are no texts', { ...base, actions: [{ tool: 'llm' }] }],
    ['a kind of condition that is not evaluated', { ...base, conditions: { time: { after: '09:00' } } }],
    ['conditions that are a list', { ...base, conditions: ['premium-*'] }],
    ['conditions that are a text', { ...base, conditions: 'agent == premium' }],
    ['an empty list in a condition', { ...base, conditions: { agent_id: [] } }],
    ['two conditions for one attribute', { ...base, conditions: { agent_id: 'a' }, when: { agent_id: 'b' } }],
    ['an enabled flag that is no boolean', { ...base, enabled: 'no' }],
  ])('out of force: an allow with %s', async (_, rule) => {
    expect(await effectsOf(rule)).toEqual(['warn', 'warn', 'warn']);
    const { notes, readDocument } = await read([{ name: 'p', rules: [{ ...rule, id: 'x' }] }]);
    expect(notes).toMatchObject([
      { policy: 'p', rule: 'x', message: expect.stringMatching(/^The rule is out of force: /u) as string },
    ]);
    expect((await readDocument()).policies[0]?.rules).toEqual([]);
    // The same as a denial stays in force, for all that its reading covers.
    expect((await effectsOf({ ...rule, effect: 'deny' }))[0]).toBe('deny');
  });

  test.each<[name: string, rule: object]>([
    ['no effect', { actions: ['llm.generate'], resources: [GPT_4] }],
    ['an unknown effect', { ...base, effect: 'permit' }],
    ['an effect in capitals', { ...base, effect: 'ALLOW' }],
    ['an effect that is no text', { ...base, effect: ['allow'] }],
    ['an approval that nobody asks for', { ...base, effect: 'hitl_required' }],
    ['two effects', { ...base, action: 'deny' }],
  ])('denied: %s', async (_, rule) => {
    expect(await effectsOf(rule)).toEqual(['deny', 'warn', 'deny']);
  });

  test('audit lets through and is flagged', async () => {
    const bundle = await read([{ name: 'p', rules: [{ ...base, effect: 'audit' }] }]);
    expect([ask(bundle, GPT_4), ask(bundle, 'model/o1')]).toEqual(['warn', 'deny']);
  });

  test.each([
    [{ enabled: false }, ['warn', 'warn', 'warn']],
    [{ is_enabled: false, enabled: true }, ['warn', 'warn', 'warn']],
    [{ is_enabled: true }, ['allow', 'warn', 'allow']],
    [{ conditions: { agent_id: 'premium-*' } }, ['warn', 'warn', 'allow']],
    [{ when: { agent_id: ['premium-*', 'x'] } }, ['warn', 'warn', 'allow']],
    [{ conditions: { agent_id: 'premium-*' }, when: { agent_id: 'premium-*' } }, ['warn', 'warn', 'allow']],
    [{ conditions: { agent_id: 'premium-*' }, when: { level: 1 } }, ['warn', 'warn', 'warn']],
  ])('%j gives %j', async (more, effects) => {
    expect(await effectsOf({ ...base, ...more })).toEqual(effects);
  });

  test('rules for other clients are left out, where ours has a name', async () => {
    const options = { clientName: 'node-sdk' };
    expect(await effectsOf({ ...base, clients: ['cursor'] }, options)).toEqual(['warn', 'warn', 'warn']);
    expect(await effectsOf({ ...base, effect: 'deny', clients: ['cursor'] }, options)).toEqual([
      'warn',
      'warn',
      'warn',
    ]);
    expect(await effectsOf({ ...base, clients: ['cursor', 'node-sdk'] }, options)).toEqual(['allow', 'warn', 'allow']);
    expect(await effectsOf({ ...base, effect: 'deny', clients: ['node-*'] }, options)).toEqual([
      'deny',
      'warn',
      'deny',
    ]);
  });

  test('notes name the keys and nothing else of a rule', async () => {
    const { notes } = await read([
      { name: 'p', rules: [{ ...base, geo: 'sk-canary', conditions: { x: { y: 'sk-canary' } } }] },
    ]);
    expect(notes).toEqual([
      {
        policy: 'p',
        rule: 'rule-0',
        message:
          'The rule is out of force: one of its conditions is of a kind this package does not evaluate; its key "geo" is not known.',
      },
    ]);
  });

  test('every part of a rule reaches the document', async () => {
    const rule = {
      id: 'r',
      effect: 'deny',
      actions: ['llm.generate'],
      resources: [GPT_4],
      conditions: { agent_id: ['a', 'b'], level: 3, beta: true },
      description: 'd',
      reason: 'why',
      reason_code: 'CODE',
      reason_localized: { de: 'warum' },
      escalate_on_deny: true,
    };
    const { readDocument, compiled } = await read([{ name: 'p', priority: 5, rules: [rule] }]);
    expect((await readDocument()).policies).toEqual([{ version: '1', name: 'p', priority: 5, rules: [rule] }]);
    expect(compiled.rules[0]?.decision).toMatchObject({ policy: 'p', rule: 'r', reason: 'why' });
  });
});

describe('policies', () => {
  const allow = { effect: 'allow', actions: ['llm.generate'], resources: ['model/*'] };
  const deny = { effect: 'deny', actions: ['llm.generate'], resources: ['model/*'] };

  test('apply by priority, then as listed; 100 unless they say otherwise', async () => {
    const named = (name: string, rule: object, priority?: number): object => ({
      name,
      rules: [rule],
      ...(priority !== undefined && { priority }),
    });
    expect(ask(await read([named('a', allow), named('b', deny, 99)]), GPT_4)).toBe('deny');
    expect(ask(await read([named('a', allow), named('b', deny, 100)]), GPT_4)).toBe('allow');
    expect(ask(await read([named('a', allow, 101), named('b', deny)]), GPT_4)).toBe('deny');
  });

  test('that are not enabled do not count', async () => {
    for (const flag of ['is_enabled', 'enabled'])
      expect(
        ask(
          await read([
            { name: 'a', [flag]: false, rules: [deny] },
            { name: 'b', rules: [allow] },
          ]),
          GPT_4,
        ),
      ).toBe('allow');
  });

  test('with an unknown key allow nothing', async () => {
    const bundle = await read(
      [{ name: 'a', environments: ['dev'], rules: [allow, { ...deny, resources: ['model/o1'] }] }],
      { default_action: 'warn' },
    );
    expect([ask(bundle, GPT_4), ask(bundle, 'model/o1')]).toEqual(['warn', 'deny']);
    expect(bundle.notes.map(({ message }) => message)).toEqual([
      'The rule is out of force: the key "environments" of its policy is not known.',
      'The rule denies more than it says: the key "environments" of its policy is not known.',
    ]);
  });

  test('are named by name, id or place', async () => {
    const { readDocument } = await read([
      { name: 'n', id: 'i', rules: [] },
      { id: 'i', name: '', rules: [] },
      { is_enabled: false, rules: [] },
      { rules: [] },
    ]);
    expect((await readDocument()).policies.map(({ name }) => name)).toEqual(['n', 'i', 'policy-3']);
  });

  test('in a dialect of the future are refused', async () => {
    await expect(read([{ dialect: 'rego', rules: [] }])).rejects.toMatchObject({ kind: 'unsupported' });
  });

  test('content rules are noted', async () => {
    expect((await read([], { dlp_rules: [{ id: 'x' }] })).notes).toMatchObject([{ policy: null, rule: null }]);
    expect((await read([], { dlp_rules: [] })).notes).toEqual([]);
  });
});

describe('what no rule decides', () => {
  test.each([
    [undefined, 'deny'],
    ['deny', 'deny'],
    ['warn', 'warn'],
    ['audit', 'warn'],
    ['allow', 'allow'],
    ['ALLOW', 'deny'],
    [true, 'deny'],
    [null, 'deny'],
  ])('default_action %j: %s', async (given, effect) => {
    expect(ask(await read([{ name: 'p', rules: [] }], { default_action: given }), GPT_4)).toBe(effect);
    expect(ask(await read([{ name: 'p', default_action: given, rules: [] }]), GPT_4)).toBe(effect);
  });

  test.each([
    [undefined, 'deny'],
    ['observe', 'warn'],
    ['allow', 'allow'],
    ['deny', 'deny'],
    ['Observe', 'deny'],
  ])('an empty project with default_on_empty %j: %s', async (given, effect) => {
    const bundle = await read([], { default_on_empty: given, default_action: 'allow' });
    expect(ask(bundle, GPT_4)).toBe(effect);
    if (given === 'observe') expect(bundle.compiled.noMatch.policy).toBe('default_on_empty');
  });

  test('an empty project denies where the bundle could be a replay', async () => {
    const legacy = await signed({ policies: [], default_on_empty: 'observe', default_action: 'allow' }, key);
    expect(ask(await verify(legacy, trust), GPT_4)).toBe('deny');
  });

  test('default_on_missing opens nothing', async () => {
    const stripped = await signed(
      { default_on_missing: 'allow', metadata: { active_policy_count: 1 }, policies: [] },
      key,
    );
    await expect(verify(stripped, trust)).rejects.toMatchObject({ kind: 'invalid_data' });
  });
});

const DOCUMENTS = repeats(150, 5000);

test(`${DOCUMENTS} documents decide the same after the way through a bundle`, { timeout: 600_000 }, async () => {
  const seed = fuzzSeed();
  let decisions = 0;
  const property = fc.asyncProperty(policyDocument, requestGrid, async (document, grid) => {
    const { compiled, notes } = await read(wirePolicies(document));
    expect(notes).toEqual([]);
    const naive = createNaiveEvaluator(document);
    for (const request of grid) {
      const { allowed, effect, reasonCode, policy, rule } = decide(compiled, request);
      const expected = naive(request);
      // Rules without an id get one that stays when the policy is edited.
      const id = typeof expected.rule === 'number' ? `rule-${expected.rule}` : expected.rule;
      if (allowed !== expected.allowed || effect !== expected.effect || policy !== expected.policy || rule !== id)
        expect({ request, allowed, effect, reasonCode, policy, rule }).toEqual({ request, ...expected, rule: id });
      decisions += 1;
    }
  });
  await fc.assert(property, { seed, numRuns: DOCUMENTS });
  console.log(`${decisions} decisions, 0 differences, FUZZ_SEED=${seed}`);
});
