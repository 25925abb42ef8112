import { describe, expect, test } from 'vitest';

import type { DecisionEvent, PolicyDocument, PolicyEvent, PolicyRequest, Status } from '../../src/index.ts';
import {
  ControlZero,
  PolicyDeniedError,
  PolicyInvalidError,
  PolicyUnavailableError,
  init,
  modelRequest,
  runAs,
  undeterminedRequest,
} from '../../src/index.ts';
import { createTestControlZero } from '../../src/testing/index.ts';
import { memoryLogger } from '../support/memory-logger.ts';

const policy: PolicyDocument = {
  name: 'p',
  rules: [
    {
      id: 'premium',
      effect: 'allow',
      action: 'llm.generate',
      resource: 'model/gpt-4',
      conditions: { agent_id: 'premium-*' },
    },
    { id: 'open', effect: 'allow', action: 'llm.generate', resource: ['model/gpt-3.5-turbo', 'model/gpt-4o*'] },
    { id: 'watched', effect: 'warn', action: 'llm.generate', resource: 'model/o3' },
  ],
};
const gpt4 = modelRequest({ action: 'llm.generate', model: 'gpt-4' });
const open = modelRequest({ action: 'llm.generate', model: 'gpt-3.5-turbo' });
const withAgent = (agent: string): PolicyRequest => ({ ...gpt4, context: { agent_id: agent } });

describe('enforce', () => {
  test('gives the decision of an allowed request', async () => {
    const { cz } = await createTestControlZero(policy);
    expect(await cz.enforce(open)).toMatchObject({ allowed: true, effect: 'allow', policy: 'p', rule: 'open' });
    expect(await cz.enforce(modelRequest({ action: 'llm.generate', model: 'o3' }))).toMatchObject({
      allowed: true,
      effect: 'warn',
      rule: 'watched',
    });
  });

  test('throws a denial that says what may be done instead', async () => {
    const { cz } = await createTestControlZero(policy);
    const error: unknown = await cz.enforce(withAgent('basic')).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PolicyDeniedError);
    expect(error).toMatchObject({
      name: 'PolicyDeniedError',
      code: 'ERR_CZ_POLICY_DENIED',
      status: 403,
      request: { action: 'llm.generate', resource: 'model/gpt-4', agentId: 'basic' },
      decision: { allowed: false, reasonCode: 'NO_RULE_MATCH', policy: null, rule: null },
      alternatives: ['gpt-3.5-turbo', 'o3'],
    });
  });

  test('gives every denial an error of its own', async () => {
    const { cz } = await createTestControlZero(policy);
    const [one, two] = await Promise.allSettled([cz.enforce(gpt4), cz.enforce(gpt4)]);
    if (one?.status !== 'rejected' || two?.status !== 'rejected') throw new Error('Both are denied.');
    expect(one.reason).not.toBe(two.reason);
    expect(Object.isExtensible(one.reason)).toBe(true);
  });

  test('initializes on first use', async () => {
    const cz = new ControlZero({ policy });
    expect((await cz.check(open)).allowed).toBe(true);
    await cz.close();
    const other = new ControlZero({ policy });
    expect((await other.enforce(open)).allowed).toBe(true);
    await other.close();
  });

  test('without a policy says that nobody could decide, and why', async () => {
    const logger = memoryLogger();
    const cz = new ControlZero({ policy: { rules: [{}] }, logger });
    const error: unknown = await cz.enforce(withAgent('a')).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PolicyUnavailableError);
    expect(error).not.toBeInstanceOf(PolicyDeniedError);
    expect(error).toMatchObject({
      status: 503,
      decision: { reasonCode: 'NO_POLICY' },
      request: { agentId: 'a' },
      cause: expect.any(PolicyInvalidError) as unknown,
    });
    expect((await cz.check(open)).reasonCode).toBe('NO_POLICY');
    expect(logger.lines).toHaveLength(1);
    expect(logger.lines[0]).toMatch(/^error: Policy from the policy option has 3 problems:[^]+No policy is active\.$/u);
    await cz.close();
  });

  test('with failOpen lets calls go ahead while no policy is active, and says so', async () => {
    const cz = new ControlZero({ policy: { rules: [{}] }, failOpen: true, logger: memoryLogger() });
    expect(await cz.enforce(gpt4)).toMatchObject({ allowed: true, effect: 'warn', reasonCode: 'NO_POLICY' });
    await expect(cz.enforce(undeterminedRequest('llm.generate', 'No model.'))).rejects.toThrow(PolicyDeniedError);
    expect(cz.status()).toMatchObject({ failOpen: true, usable: false });
    await cz.close();
  });

  test('says in the message why a request cannot be judged', async () => {
    const { cz } = await createTestControlZero(policy);
    const request = undeterminedRequest('llm.generate', 'The call names no model.', { agent_id: 'a' });
    await expect(cz.enforce(request)).rejects.toThrow(
      'Policy denied llm.generate on (undetermined model) for agent a: The call names no model. Nothing was sent.',
    );
    await expect(cz.enforce({ action: 'a', resource: 5 as never })).rejects.toThrow(
      /^Policy denied a on \(number\): The resource is not/u,
    );
  });
});

describe('decisions', () => {
  test('are made once per policy, frozen, and shared by all requests that get them', async () => {
    const { cz, setPolicy } = await createTestControlZero(policy);
    const decision = cz.evaluate(withAgent('premium-1'));
    expect(cz.evaluate(withAgent('premium-2'))).toBe(decision);
    expect(cz.evaluate(gpt4)).toBe(cz.evaluate({ ...open, action: 'tool.call' }));
    expect(Object.isFrozen(decision)).toBe(true);
    await setPolicy({ rules: [] });
    expect(decision).toMatchObject({ allowed: true, rule: 'premium' });
    expect(cz.evaluate(withAgent('premium-1')).revision).not.toBe(decision.revision);
  });
});

describe('enforceFirst', () => {
  test('lets the first allowed request go ahead and reports what was asked for', async () => {
    const { cz, decisions } = await createTestControlZero(policy);
    expect(await cz.enforceFirst([gpt4, modelRequest({ action: 'llm.generate', model: 'nope' }), open])).toMatchObject({
      index: 2,
      decision: { rule: 'open' },
    });
    expect(await decisions()).toEqual([
      expect.objectContaining({
        resource: 'model/gpt-3.5-turbo',
        enforced: true,
        fallback: { requested: 'model/gpt-4', denied: expect.objectContaining({ allowed: false }) as unknown },
      }),
    ]);
  });

  test('throws the denial of the first when none is allowed, as one event', async () => {
    const { cz, decisions } = await createTestControlZero(policy);
    await expect(cz.enforceFirst([gpt4, { ...open, action: 'embedding.generate' }])).rejects.toMatchObject({
      request: { resource: 'model/gpt-4' },
    });
    expect(await decisions()).toHaveLength(1);
  });

  test('an attempt that is decided as the one before adds no event, another decision does', async () => {
    const { cz, decisions, setPolicy } = await createTestControlZero(policy);
    const { decision: previous } = await cz.enforceFirst([open]);
    await cz.enforceFirst([open], { previous });
    expect(await decisions()).toHaveLength(1);
    const served = await cz.enforceFirst([gpt4, open]);
    await cz.enforceFirst([gpt4, open], { previous: served.decision });
    expect(await decisions()).toHaveLength(2);
    await setPolicy({ rules: [] });
    await expect(cz.enforceFirst([open], { previous })).rejects.toThrow(PolicyDeniedError);
    expect(await decisions()).toHaveLength(3);
  });

  test('takes at least one request', async () => {
    const { cz } = await createTestControlZero(policy);
    await expect(cz.enforceFirst([])).rejects.toThrow(TypeError);
  });

  test('is done at once when a policy is active, and not at all before', async () => {
    const { cz, decisions } = await createTestControlZero(policy);
    expect(cz.enforceFirstNow([gpt4, open])).toMatchObject({ index: 1, decision: { rule: 'open' } });
    expect(() => cz.enforceFirstNow([gpt4])).toThrow(PolicyDeniedError);
    expect(await decisions()).toHaveLength(2);
    expect(new ControlZero({ policy }).enforceFirstNow([open])).toBeUndefined();
  });
});

describe('shadow mode', () => {
  test('decides and reports, and never throws', async () => {
    const { cz, decisions } = await createTestControlZero(policy, { mode: 'shadow' });
    expect(await cz.enforce(gpt4)).toMatchObject({ allowed: false });
    expect(await cz.enforceFirst([gpt4, open])).toMatchObject({ index: 0, decision: { allowed: false } });
    expect(await cz.enforce(undeterminedRequest('llm.generate', 'No model.'))).toMatchObject({
      reasonCode: 'INVALID_REQUEST',
    });
    expect(await decisions()).toEqual(
      Array.from({ length: 3 }, () => expect.objectContaining({ mode: 'shadow', enforced: false }) as unknown),
    );
    expect(cz.status().mode).toBe('shadow');
  });
});

describe('identity', () => {
  test('the request before runAs before the client', async () => {
    const { cz } = await createTestControlZero(policy, { agentId: 'premium-client' });
    expect(cz.evaluate(gpt4).allowed).toBe(true);
    runAs('basic', () => {
      expect(cz.evaluate(gpt4).allowed).toBe(false);
      expect(cz.evaluate(withAgent('premium-1')).allowed).toBe(true);
      runAs({ tier: 'x' }, () => expect(cz.evaluate(gpt4).allowed).toBe(true));
    });
    expect(cz.evaluate(withAgent('basic')).allowed).toBe(false);
  });

  test('a key that is there without a value does not fall through', async () => {
    const { cz } = await createTestControlZero(policy, { agentId: 'premium-client' });
    const request = { ...gpt4, context: { agent_id: undefined } };
    expect(cz.evaluate(request).allowed).toBe(false);
    await expect(cz.enforce(request)).rejects.toSatisfy((error: PolicyDeniedError) => !('agentId' in error.request));
  });

  test('only own strings name an agent', async () => {
    const { cz } = await createTestControlZero(policy);
    for (const context of [
      Object.create({ agent_id: 'premium-1' }),
      { agent_id: Object('premium-1') },
      { agent_id: ['premium-1'] },
    ]) {
      expect(cz.evaluate({ ...gpt4, context: context as object as never }).allowed).toBe(false);
    }
  });
});

describe('explain', () => {
  test('says of each rule why it did or did not match, and records nothing', async () => {
    const { cz, decisions } = await createTestControlZero(policy);
    expect(cz.explain({ ...open, context: { agent_id: 'basic' } })).toEqual({
      decision: expect.objectContaining({ rule: 'open' }) as unknown,
      rules: [
        {
          policy: 'p',
          rule: 'premium',
          effect: 'allow',
          outcome: 'mismatch',
          mismatches: [
            { part: 'resource', accepted: ['model/gpt-4'], found: 'model/gpt-3.5-turbo' },
            { part: 'condition', key: 'agent_id', accepted: ['premium-*'], found: 'basic' },
          ],
        },
        { policy: 'p', rule: 'open', effect: 'allow', outcome: 'decides', mismatches: [] },
        { policy: 'p', rule: 'watched', effect: 'warn', outcome: 'not-reached', mismatches: [] },
      ],
    });
    expect(cz.explain({ ...gpt4, action: 'tool.call' }).rules[0]?.mismatches[0]).toEqual({
      part: 'action',
      accepted: ['llm.generate'],
      found: 'tool.call',
    });
    expect(cz.explain(gpt4).rules[0]?.mismatches).toEqual([
      { part: 'condition', key: 'agent_id', accepted: ['premium-*'], found: null },
    ]);
    expect(cz.explain(withAgent('x'.repeat(2000)))).toMatchObject({
      decision: { reasonCode: 'INVALID_REQUEST' },
      rules: [
        { mismatches: [{ found: '(more than 1,024 characters)' }] },
        { outcome: 'not-reached' },
        { outcome: 'not-reached' },
      ],
    });
    expect(await decisions()).toEqual([]);
  });

  test('explains without rules where there is nothing to walk', async () => {
    const cz = new ControlZero({ policy });
    expect(cz.explain(gpt4)).toMatchObject({ decision: { reasonCode: 'NO_POLICY' }, rules: [] });
    await cz.initialize();
    expect(cz.explain({ ...gpt4, resource: '' })).toMatchObject({
      decision: { reasonCode: 'INVALID_REQUEST' },
      rules: [],
    });
    await cz.close();
    expect(cz.explain(gpt4)).toMatchObject({ decision: { reasonCode: 'CLIENT_CLOSED' }, rules: [] });
  });
});

describe('events', () => {
  test('carry the decision, never the rest of the context', async () => {
    const { cz, decisions } = await createTestControlZero(policy);
    cz.evaluate({ ...gpt4, context: { agent_id: 'premium-1', prompt: 'secret' } });
    const [event] = await decisions();
    expect(event).toEqual({
      type: 'decision-made',
      id: expect.any(String) as string,
      latencyMs: expect.any(Number) as number,
      at: expect.any(Number) as number,
      action: 'llm.generate',
      resource: 'model/gpt-4',
      agentId: 'premium-1',
      decision: cz.evaluate(withAgent('premium-1')),
      mode: 'enforce',
      enforced: true,
    });
    expect(Object.isFrozen(event)).toBe(true);
    expect(JSON.stringify(event)).not.toContain('secret');
  });

  test('a listener can neither break nor delay a decision', async () => {
    const logger = memoryLogger();
    const { cz } = await createTestControlZero(policy, { logger });
    const order: string[] = [];
    cz.onDecision(() => {
      order.push('listener');
      throw new Error('broken');
    });
    cz.onDecision(async () => Promise.reject(new Error('rejected')));
    await cz.enforce(open);
    order.push('decided');
    await cz.flush();
    await Promise.resolve();
    expect(order).toEqual(['decided', 'listener']);
    expect(logger.lines).toEqual(['error: A listener failed: broken', 'error: A listener failed: rejected']);
  });

  test('a listener is removed by the function that came back', async () => {
    const { cz } = await createTestControlZero(policy);
    const seen: DecisionEvent[] = [];
    const stop = cz.onDecision((event) => seen.push(event));
    cz.evaluate(open);
    await cz.flush();
    stop();
    cz.evaluate(open);
    await cz.flush();
    expect(seen).toHaveLength(1);
  });

  test('tell of policies and states as they change', async () => {
    const { cz, setPolicy } = await createTestControlZero(policy, { logger: memoryLogger() });
    const policies: PolicyEvent[] = [];
    const states: Status[] = [];
    cz.onPolicy((event) => policies.push(event));
    cz.onStatus((status) => states.push(status));
    const { revision } = cz.status().policy ?? {};
    await expect(setPolicy({ rules: [{}] })).rejects.toThrow(PolicyInvalidError);
    await expect(cz.refresh()).rejects.toThrow(PolicyInvalidError);
    expect(cz.status()).toMatchObject({
      state: 'interrupted',
      usable: true,
      consecutiveFailures: 2,
      policy: { revision },
      lastError: { kind: 'invalid_data', code: 'ERR_CZ_POLICY_INVALID' },
    });
    expect(cz.evaluate(open).allowed).toBe(true);
    await setPolicy({ rules: [] });
    await cz.close();
    expect(policies).toMatchObject([
      { type: 'policy-refused', error: expect.any(PolicyInvalidError) as unknown, policy: { revision } },
      { type: 'policy-activated', policy: { rules: 0, kind: 'test' } },
    ]);
    expect(states.map(({ state }) => state)).toEqual(['interrupted', 'ready', 'closed']);
  });
});

describe('close', () => {
  test('denies everything afterwards, and delivers what is queued', async () => {
    const cz = await init({ policy });
    const seen: DecisionEvent[] = [];
    cz.onDecision((event) => seen.push(event));
    cz.evaluate(open);
    await cz.close();
    await cz.close();
    expect(seen).toHaveLength(1);
    expect(cz.evaluate(open)).toMatchObject({ allowed: false, reasonCode: 'CLIENT_CLOSED' });
    expect(await cz.check(open)).toMatchObject({ reasonCode: 'CLIENT_CLOSED' });
    await expect(cz.enforce(open)).rejects.toThrow(PolicyUnavailableError);
    await expect(cz.initialize()).rejects.toThrow('The client is closed; make a new one.');
    await cz.refresh();
    expect(cz.status()).toMatchObject({ state: 'closed', usable: false });
  });

  test('of a client that was never used', async () => {
    const cz = new ControlZero();
    await cz.close();
    expect(cz.status().state).toBe('closed');
  });
});

test('refresh initializes a client that was not', async () => {
  const cz = new ControlZero({ policy });
  await cz.refresh();
  expect(cz.status().state).toBe('local');
  await cz.close();
});

test('status is plain data without secrets', async () => {
  const cz = await init({ policy, apiKey: 'cz_live_secret', logger: memoryLogger() });
  const status = cz.status();
  expect(JSON.parse(JSON.stringify(status))).toEqual(status);
  expect(JSON.stringify(status)).not.toContain('cz_live_secret');
  await cz.close();
});
