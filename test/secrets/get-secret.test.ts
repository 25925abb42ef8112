import { inspect } from 'node:util';

import { describe, expect, test, vi } from 'vitest';

import type { PolicyDocument, Rule } from '../../src/index.ts';
import { ControlZero, PolicyDeniedError, SecretNotFoundError, SecretUnavailableError, runAs } from '../../src/index.ts';
import { secretsStage } from '../support/secrets-stage.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const VALUE = 'sk-live-0123456789abcdef';

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('Expected an error.');
}

const gated = (...rules: readonly Rule[]): PolicyDocument => ({ rules });
const allowed: Rule = { effect: 'allow', action: 'secret.read', resource: 'secret/openai' };

describe('getSecret', () => {
  test('gives the value from memory, without reading the source again', async () => {
    const { cz, source } = secretsStage({ openai: VALUE, anthropic: 'sk-ant-0123456789' });
    await cz.initialize();
    for (let round = 0; round < 100; round += 1) expect(cz.getSecret('openai')).toBe(VALUE);
    expect(cz.getSecret('anthropic')).toBe('sk-ant-0123456789');
    expect(source.reads).toBe(1);
    expect(cz.status().secrets).toMatchObject({ source: 'steered', count: 2, revision: '0', lastError: null });
  });

  test.each<readonly [string, string]>([
    ['text of any script', 'pässwörd ключ 🔑'],
    ['many lines', '-----BEGIN KEY-----\nabc\n-----END KEY-----\n'],
    ['one character', 'x'],
    ['64 KiB', 'x'.repeat(65_536)],
  ])('gives back %s as it was stored', async (_, value) => {
    const { cz } = secretsStage({ a: value });
    await cz.initialize();
    expect(cz.getSecret('a')).toBe(value);
  });

  test.each(['__proto__', 'constructor', 'toString', 'a.b-c_D9', 'x'.repeat(128)])(
    'takes the name %s',
    async (name) => {
      const { cz } = secretsStage(Object.fromEntries([[name, VALUE]]));
      await cz.initialize();
      expect(cz.getSecret(name)).toBe(VALUE);
      expect(thrownBy(() => cz.getSecret(name === 'toString' ? 'valueOf' : 'toString'))).toBeInstanceOf(
        SecretNotFoundError,
      );
    },
  );

  test.each<readonly [string, unknown]>([
    ['empty', ''],
    ['with a space', 'open ai'],
    ['with a slash', '../etc/passwd'],
    ['with a line break', 'openai\n'],
    ['of 129 characters', 'x'.repeat(129)],
    ['that is no text', { toString: () => 'openai' }],
    ['that is absent', undefined],
  ])('refuses a name %s without showing it', async (_, name) => {
    const { cz } = secretsStage({ openai: VALUE });
    await cz.initialize();
    const error = thrownBy(() => cz.getSecret(name as string)) as SecretNotFoundError;
    expect(error).toBeInstanceOf(SecretNotFoundError);
    expect(error.message).toBe("A name of a secret is 1 to 128 letters, digits, '.', '_' and '-'; this one is not.");
  });

  test('says what is missing when there are no secrets to give', async () => {
    const disabled = new ControlZero({ policy: { rules: [] } });
    await disabled.initialize();
    expect(thrownBy(() => disabled.getSecret('openai'))).toMatchObject({
      name: 'SecretUnavailableError',
      code: 'ERR_CZ_SECRET_UNAVAILABLE',
      status: 503,
      reasonCode: 'SECRETS_DISABLED',
      message: 'Set secretsEnabled: true or CONTROLZERO_SECRETS_ENABLED=true.',
    });
    expect(disabled.status().secrets).toBeNull();
    await disabled.close();
    const { cz } = secretsStage({ openai: VALUE });
    expect(thrownBy(() => cz.getSecret('openai'))).toMatchObject({ reasonCode: 'NOT_INITIALIZED' });
    await cz.initialize();
    await cz.close();
    expect(thrownBy(() => cz.getSecret('openai'))).toMatchObject({ reasonCode: 'CLIENT_CLOSED' });
  });

  test('gives nothing while no policy is active, unless failOpen says so', async () => {
    const noPolicy: PolicyDocument = { rules: [{}] };
    const closed = secretsStage({ openai: VALUE }, { policy: noPolicy });
    await expect(closed.cz.initialize()).rejects.toThrow();
    await expect.poll(() => closed.cz.status().secrets?.count).toBe(1);
    expect(thrownBy(() => closed.cz.getSecret('openai'))).toMatchObject({ reasonCode: 'NO_POLICY' });
    const unconfigured = secretsStage({ openai: VALUE }, { policy: undefined as never, failOpen: true });
    vi.spyOn(process, 'cwd').mockReturnValue(temporaryFolder());
    await expect(unconfigured.cz.initialize()).rejects.toThrow('No policy is configured');
    expect(thrownBy(() => unconfigured.cz.getSecret('openai'))).toMatchObject({ reasonCode: 'NOT_INITIALIZED' });
    const open = secretsStage({ openai: VALUE }, { policy: noPolicy, failOpen: true });
    await expect(open.cz.initialize()).rejects.toThrow();
    await expect.poll(() => open.cz.status().secrets?.count).toBe(1);
    expect(open.cz.getSecret('openai')).toBe(VALUE);
  });
});

describe('the policy gate of secrets', () => {
  test('is asked only when the policy names the action', async () => {
    const { cz } = secretsStage({ openai: VALUE }, { policy: gated({ effect: 'deny', action: '*', resource: '*' }) });
    const decisions: unknown[] = [];
    cz.onDecision((event) => decisions.push(event));
    await cz.initialize();
    expect(cz.getSecret('openai')).toBe(VALUE);
    await cz.flush();
    expect(decisions).toEqual([]);
  });

  test('lets through what a rule allows, and records one event for each read', async () => {
    const { cz } = secretsStage({ openai: VALUE }, { policy: gated(allowed), agentId: 'support' });
    const decisions: unknown[] = [];
    cz.onDecision((event) => decisions.push(event));
    await cz.initialize();
    expect(cz.getSecret('openai')).toBe(VALUE);
    expect(thrownBy(() => cz.getSecret('other'))).toBeInstanceOf(SecretNotFoundError);
    await cz.flush();
    expect(decisions).toMatchObject([
      { action: 'secret.read', resource: 'secret/openai', agentId: 'support', decision: { allowed: true } },
      { action: 'secret.read', resource: 'secret/other', agentId: 'support', decision: { allowed: false } },
    ]);
    expect(JSON.stringify(decisions)).not.toContain(VALUE);
  });

  test('knows the agent that runAs names', async () => {
    const { cz } = secretsStage(
      { openai: VALUE },
      { policy: gated({ ...allowed, conditions: { agent_id: 'premium-*' } }), agentId: 'basic' },
    );
    await cz.initialize();
    expect(runAs('premium-1', () => cz.getSecret('openai'))).toBe(VALUE);
    expect(thrownBy(() => cz.getSecret('openai'))).toBeInstanceOf(SecretNotFoundError);
    expect(thrownBy(() => runAs('other', () => cz.getSecret('openai')))).toBeInstanceOf(SecretNotFoundError);
  });

  test('shows a denied secret and an unknown one alike', async () => {
    const { cz } = secretsStage(
      { stored: VALUE, openai: VALUE },
      { policy: gated(allowed, { effect: 'allow', action: 'secret.read', resource: 'secret/absent' }) },
    );
    await cz.initialize();
    // Allowed and not there; there and denied; neither.
    const shapes = ['absent', 'stored', 'neither'].map((name) => {
      const error = thrownBy(() => cz.getSecret(name)) as SecretNotFoundError;
      const text = inspect([error.toJSON(), error.stack, Reflect.ownKeys(error)], { showHidden: true });
      return text.replaceAll(name, 'NAME');
    });
    expect(new Set(shapes).size).toBe(1);
    expect(thrownBy(() => cz.getSecret('stored'))).toMatchObject({
      code: 'ERR_CZ_SECRET_NOT_FOUND',
      status: 404,
      message:
        'No secret stored for this caller: none has that name, or the policy denies secret.read on secret/stored.',
    });
  });

  test('tells who may list that reading was denied', async () => {
    const { cz } = secretsStage(
      { stored: VALUE },
      { policy: gated(allowed, { effect: 'allow', action: 'secret.list', resource: 'secret/*' }) },
    );
    await cz.initialize();
    expect(thrownBy(() => cz.getSecret('stored'))).toBeInstanceOf(PolicyDeniedError);
    expect(thrownBy(() => cz.getSecret('stored'))).toMatchObject({
      request: { action: 'secret.read', resource: 'secret/stored' },
      message: 'Policy denied secret.read on secret/stored. Nothing was done.',
    });
  });

  test('understands the names of hosted policies', async () => {
    const { cz } = secretsStage(
      { openai: VALUE, other: VALUE },
      {
        policy: [
          { rules: [{ effect: 'deny', action: 'Secrets:read', resource: 'openai' }] },
          { rules: [{ effect: 'allow', action: 'secret:read', resource: 'secret/*' }] },
        ],
      },
    );
    await cz.initialize();
    expect(cz.getSecret('other')).toBe(VALUE);
    expect(thrownBy(() => cz.getSecret('openai'))).toBeInstanceOf(SecretNotFoundError);
  });

  test('only reports in shadow mode', async () => {
    const { cz } = secretsStage({ stored: VALUE }, { policy: gated(allowed), mode: 'shadow' });
    const decisions: unknown[] = [];
    cz.onDecision((event) => decisions.push(event));
    await cz.initialize();
    expect(cz.getSecret('stored')).toBe(VALUE);
    await cz.flush();
    expect(decisions).toMatchObject([{ enforced: false, decision: { allowed: false } }]);
  });
});

describe('errors of secrets', () => {
  test('have names, codes and JSON forms, and carry no cause', () => {
    const unavailable = new SecretUnavailableError({ reasonCode: 'REVOKED', message: 'x' });
    expect(JSON.parse(JSON.stringify(unavailable))).toEqual({
      name: 'SecretUnavailableError',
      code: 'ERR_CZ_SECRET_UNAVAILABLE',
      message: 'x',
      status: 503,
      reasonCode: 'REVOKED',
    });
    expect(JSON.parse(JSON.stringify(new SecretNotFoundError('x')))).toEqual({
      name: 'SecretNotFoundError',
      code: 'ERR_CZ_SECRET_NOT_FOUND',
      message: 'x',
      status: 404,
    });
    expect(unavailable).not.toHaveProperty('cause');
    expect(unavailable).not.toBeInstanceOf(SecretNotFoundError);
  });
});
