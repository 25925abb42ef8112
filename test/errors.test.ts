import { inspect } from 'node:util';

import { describe, expect, test } from 'vitest';

import {
  ConfigurationError,
  ControlZeroError,
  PolicyDeniedError,
  PolicyInvalidError,
  PolicyUnavailableError,
  findPolicyDenied,
} from '../src/index.ts';
import { createDecision } from '../src/policy/decision.ts';
import { SOURCE_URL, runProgram } from './support/run-program.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const decision = createDecision({
  effect: 'deny',
  reason: 'secret rule text',
  reasonCode: 'RULE_MATCH',
  policy: 'p',
  rule: 1,
  revision: 'r',
});
const request = { action: 'llm.generate', resource: 'model/gpt-4', agentId: 'basic' };
const denied = (): PolicyDeniedError =>
  new PolicyDeniedError({ request, decision, alternatives: () => ['gpt-3.5-turbo'] });

describe('PolicyDeniedError', () => {
  test('has one line that tells action, model and agent, and no rule text', () => {
    const { message, name, code, status } = denied();
    expect(message).toBe(
      'Policy denied llm.generate on model/gpt-4 for agent basic. Nothing was sent; error.alternatives lists what this agent may use.',
    );
    expect([name, code, status]).toEqual(['PolicyDeniedError', 'ERR_CZ_POLICY_DENIED', 403]);
    expect(String(denied())).toBe(`PolicyDeniedError: ${message}`);
  });

  test('escapes what could break a line or a terminal, and cuts what is long', () => {
    const { message } = new PolicyDeniedError({
      decision,
      request: { action: 'a\n\u001B[31m', resource: 'x'.repeat(500), agentId: '\u202Eevil\u2028' },
    });
    expect(message).toContain('a\\u{a}\\u{1b}[31m');
    expect(message).toContain('\\u{202e}evil\\u{2028}');
    expect(message).toContain(`${'x'.repeat(200)}…`);
    expect(message).not.toContain('x'.repeat(201));
    expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  test('computes the alternatives when they are asked for, once', () => {
    let calls = 0;
    const error = new PolicyDeniedError({
      request,
      decision,
      alternatives: () => {
        calls += 1;
        return ['a'];
      },
    });
    expect(calls).toBe(0);
    expect(error.alternatives).toEqual(['a']);
    expect(error.alternatives).toEqual(['a']);
    expect(calls).toBe(1);
    expect(new PolicyDeniedError({ request, decision }).alternatives).toEqual([]);
  });

  test('gives them through a Proxy as well, and shows nothing of how', () => {
    const error = denied();
    expect(new Proxy(error, {}).alternatives).toEqual(['gpt-3.5-turbo']);
    const get = (target: object, key: string | symbol, receiver: unknown): unknown =>
      Reflect.get(target, key, receiver);
    const frozen = new Proxy<PolicyDeniedError>(Object.freeze(denied()), {
      get,
      set: () => false,
      defineProperty: () => false,
    });
    expect([frozen.alternatives, frozen.alternatives]).toEqual([['gpt-3.5-turbo'], ['gpt-3.5-turbo']]);
    expect(Object.keys(error)).toEqual(['code', 'status', 'decision', 'request', 'alternatives']);
    expect(inspect(error)).not.toContain('Symbol');
  });

  test('has a stable JSON form', () => {
    expect(JSON.parse(JSON.stringify(denied()))).toEqual({
      name: 'PolicyDeniedError',
      code: 'ERR_CZ_POLICY_DENIED',
      message: denied().message,
      status: 403,
      decision,
      request,
      alternatives: ['gpt-3.5-turbo'],
    });
  });

  test('is final for retry layers', () => {
    for (const error of [denied(), new PolicyUnavailableError({ message: 'x' })]) {
      expect(Reflect.get(error, Symbol.for('langchain.errors.retryable'))).toBe(false);
    }
  });

  test('can take further properties, and shows well', () => {
    const error = Object.assign(denied(), { requestId: 1 });
    expect(error.requestId).toBe(1);
    expect(inspect(error)).toContain('PolicyDeniedError: Policy denied llm.generate');
    expect(error.stack).toContain('errors.test.ts');
  });
});

describe('instanceof', () => {
  test('follows the classes', () => {
    const error = denied();
    expect(error).toBeInstanceOf(Error);
    expect(error).toBeInstanceOf(ControlZeroError);
    expect(error).not.toBeInstanceOf(PolicyUnavailableError);
    expect(PolicyDeniedError.isInstance(error)).toBe(true);
    expect(ControlZeroError.isInstance(error)).toBe(true);
    expect(PolicyInvalidError.isInstance(error)).toBe(false);
    for (const other of [undefined, null, 'x', {}, new Error('x')])
      expect(PolicyDeniedError.isInstance(other)).toBe(false);
  });

  test('holds for classes that a user derives', () => {
    class Mine extends PolicyDeniedError {}
    const mine = new Mine({ request, decision });
    expect(mine).toBeInstanceOf(Mine);
    expect(mine).toBeInstanceOf(PolicyDeniedError);
    expect(denied()).not.toBeInstanceOf(Mine);
  });

  test('holds across two copies of the package', async () => {
    const output = await runProgram(
      `
      const one = await import(${JSON.stringify(SOURCE_URL)});
      const two = await import(${JSON.stringify(new URL('errors.ts?copy', SOURCE_URL).href)});
      const error = await new one.ControlZero({ policy: { rules: [] } }).enforce({ action: 'a', resource: 'b' }).catch((thrown) => thrown);
      console.log(JSON.stringify([one.PolicyDeniedError === two.PolicyDeniedError, error instanceof two.PolicyDeniedError, error instanceof two.ControlZeroError, error instanceof two.ConfigurationError]));`,
      { cwd: temporaryFolder() },
    );
    expect(JSON.parse(output)).toEqual([false, true, true, false]);
  });
});

describe('the other errors', () => {
  test('have names, codes and JSON forms', () => {
    const problem = { path: 'rules', message: 'Wrong type.', found: '5', accepted: 'a list' };
    const invalid = new PolicyInvalidError({ origin: 'policy.yaml', problems: [problem] });
    expect(invalid.toJSON()).toEqual({
      name: 'PolicyInvalidError',
      code: 'ERR_CZ_POLICY_INVALID',
      message: invalid.message,
      origin: 'policy.yaml',
      problems: [problem],
    });
    expect(new ConfigurationError('x', new Error('y'))).toMatchObject({
      name: 'ConfigurationError',
      code: 'ERR_CZ_CONFIGURATION',
      cause: new Error('y'),
    });
    expect(new PolicyUnavailableError({ message: 'x' }).toJSON()).toEqual({
      name: 'PolicyUnavailableError',
      code: 'ERR_CZ_POLICY_UNAVAILABLE',
      message: 'x',
      status: 503,
    });
    expect(new PolicyUnavailableError({ message: 'x', decision, request }).toJSON()).toMatchObject({
      decision,
      request,
    });
    expect(new ConfigurationError('x')).not.toHaveProperty('cause');
  });
});

describe('findPolicyDenied', () => {
  const error = denied();

  test.each<readonly [string, unknown]>([
    ['itself', error],
    ['a cause', new Error('x', { cause: error })],
    ['a cause of a cause', new Error('x', { cause: new Error('y', { cause: error }) })],
    ['an aggregate', new AggregateError([new Error('x'), error])],
    ['a lastError', Object.assign(new Error('x'), { lastError: error })],
    ['an error property', { error }],
    ['a list in a cause', new Error('x', { cause: new AggregateError([error]) })],
  ])('finds it as %s', (_, wrapped) => {
    expect(findPolicyDenied(wrapped)).toBe(error);
  });

  test('finds nothing where there is nothing, also in circles and endless chains', () => {
    const circle = new Error('x');
    circle.cause = circle;
    let deep = new Error('0');
    for (let index = 1; index < 5000; index += 1) deep = new Error(String(index), { cause: deep });
    for (const other of [undefined, null, 'x', 5, circle, deep, new Error('x')])
      expect(findPolicyDenied(other)).toBeUndefined();
  });
});
