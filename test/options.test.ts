import { describe, expect, test } from 'vitest';

import { ConfigurationError } from '../src/index.ts';
import { resolveOptions } from '../src/options.ts';

describe('options', () => {
  test('have defaults', () => {
    expect(resolveOptions({}, {})).toEqual({
      policy: undefined,
      policyFile: undefined,
      source: undefined,
      environmentPolicyFile: undefined,
      apiKey: undefined,
      projectId: undefined,
      baseUrl: 'https://api.controlzero.ai',
      cacheDir: '~/.controlzero/cache',
      refreshIntervalMs: undefined,
      logDecisions: true,
      records: [],
      recordContext: [],
      audit: 'best-effort',
      failOpen: false,
      onExpired: 'deny',
      hints: true,
      trustedKeys: [],
      keyTrust: 'first-use',
      minBundleVersion: undefined,
      secretsEnabled: false,
      secrets: [],
      secretsSource: undefined,
      vaultFile: undefined,
      vaultKeyFile: undefined,
      secretTtlMs: 3_600_000,
      mode: 'enforce',
      agentId: undefined,
      traceContext: undefined,
      logger: expect.objectContaining({ warn: expect.any(Function) as unknown }) as unknown,
    });
    expect(resolveOptions(undefined, {})).toMatchObject({ mode: 'enforce' });
  });

  test('come from the environment', () => {
    const environment = {
      CONTROLZERO_POLICY_FILE: 'p.yaml',
      CONTROLZERO_API_KEY: ' cz_live_x ',
      CONTROLZERO_PROJECT_ID: 'proj',
      CONTROLZERO_API_URL: 'https://api.example',
      CONTROLZERO_CACHE_DIR: '/cache',
      CONTROLZERO_REFRESH_INTERVAL: '1.5',
      CONTROLZERO_LOG_DECISIONS: 'false',
      CONTROLZERO_FAIL_OPEN: '1',
      CONTROLZERO_SECRETS_ENABLED: 'TRUE',
      CONTROLZERO_SECRET_TTL: '90',
      CONTROLZERO_ON_EXPIRED: 'keep',
      CONTROLZERO_HINTS: 'false',
      CONTROLZERO_TRUSTED_KEYS: `${'a'.repeat(64)}, ${'B'.repeat(64)}`,
      CONTROLZERO_KEY_TRUST: 'legacy',
      CONTROLZERO_MIN_BUNDLE_VERSION: '7',
    };
    expect(resolveOptions({}, environment)).toMatchObject({
      environmentPolicyFile: 'p.yaml',
      apiKey: 'cz_live_x',
      projectId: 'proj',
      baseUrl: 'https://api.example',
      cacheDir: '/cache',
      refreshIntervalMs: 1500,
      logDecisions: false,
      failOpen: true,
      secretsEnabled: true,
      secretTtlMs: 90_000,
      onExpired: 'keep',
      hints: false,
      trustedKeys: ['a'.repeat(64), 'B'.repeat(64)],
      keyTrust: 'legacy',
      minBundleVersion: 7,
    });
    expect(resolveOptions({}, { ...environment, CONTROLZERO_BASE_URL: 'https://base.example' }).baseUrl).toBe(
      'https://base.example',
    );
  });

  test('given in code win over the environment', () => {
    const environment = { CONTROLZERO_FAIL_OPEN: 'true', CONTROLZERO_REFRESH_INTERVAL: '9', CONTROLZERO_API_KEY: 'a' };
    expect(
      resolveOptions(
        {
          failOpen: false,
          refreshInterval: 0,
          apiKey: 'b',
        },
        environment,
      ),
    ).toMatchObject({
      failOpen: false,
      refreshIntervalMs: 0,
      apiKey: 'b',
    });
  });

  test('an empty variable is none', () => {
    expect(resolveOptions({}, { CONTROLZERO_API_KEY: ' ', CONTROLZERO_FAIL_OPEN: '' })).toMatchObject({
      apiKey: undefined,
      failOpen: false,
    });
  });

  test.each<readonly [object, string]>([
    [{ policyfile: 'x' }, 'Unknown option "policyfile". Did you mean "policyFile"?'],
    [{ zzz: 'x' }, 'Unknown option "zzz". Options are policy, policyFile, '],
    [{ policy: 'x' }, 'Option "policy" takes a policy, a list of policies or { policies: [...] }; it got a text.'],
    [{ policyFile: '' }, 'Option "policyFile" takes a text that is not empty; it got a text.'],
    [{ apiKey: 5 }, 'Option "apiKey" takes a text that is not empty; it got 5.'],
    [{ refreshInterval: -1 }, 'Option "refreshInterval" takes a number of seconds from 0 to 86400; it got -1.'],
    [
      { refreshInterval: Number.NaN },
      'Option "refreshInterval" takes a number of seconds from 0 to 86400; it got NaN.',
    ],
    [{ refreshInterval: 2 ** 31 }, 'Option "refreshInterval" takes a number of seconds'],
    [{ failOpen: 'true' }, 'Option "failOpen" takes true or false; it got a text.'],
    [{ mode: 'watch' }, `Option "mode" takes 'enforce' or 'shadow'; it got a text.`],
    [{ source: {} }, 'Option "source" takes an object with read(); it got an object.'],
    [
      { logger: { warn: 5 } },
      'Option "logger" takes an object with debug(), info(), warn() and error(); it got an object.',
    ],
    [{ onExpired: 'allow' }, `Option "onExpired" takes 'deny' or 'keep'; it got a text.`],
    [{ keyTrust: true }, `Option "keyTrust" takes 'first-use' or 'legacy'`],
    [{ trustedKeys: ['abc'] }, 'Option "trustedKeys" takes public keys of 64 hexadecimal digits each'],
    [{ minBundleVersion: 1.5 }, 'Option "minBundleVersion" takes a whole number from 0 on'],
    [{ policy: {}, policyFile: 'x' }, 'Options "policy" and "policyFile" both name a policy; give one of them.'],
  ])('%j are refused', (options, message) => {
    expect(() => resolveOptions(options, {})).toThrow(ConfigurationError);
    expect(() => resolveOptions(options, {})).toThrow(message);
  });

  test.each([
    [{ CONTROLZERO_FAIL_OPEN: 'yes' }, 'Environment variable CONTROLZERO_FAIL_OPEN takes true or false.'],
    [
      { CONTROLZERO_REFRESH_INTERVAL: 'soon' },
      'Environment variable CONTROLZERO_REFRESH_INTERVAL takes a number of seconds',
    ],
    [{ CONTROLZERO_ON_EXPIRED: 'allow' }, "CONTROLZERO_ON_EXPIRED takes 'deny' or 'keep'."],
    [{ CONTROLZERO_KEY_TRUST: 'all' }, "CONTROLZERO_KEY_TRUST takes 'first-use' or 'legacy'."],
    [{ CONTROLZERO_TRUSTED_KEYS: 'abc' }, 'CONTROLZERO_TRUSTED_KEYS takes public keys of 64 hexadecimal digits each.'],
    [{ CONTROLZERO_MIN_BUNDLE_VERSION: '-1' }, 'CONTROLZERO_MIN_BUNDLE_VERSION takes a whole number from 0 on.'],
  ])('%j is refused', (environment, message) => {
    expect(() => resolveOptions({}, environment)).toThrow(message);
  });

  test('that are no object are refused', () => {
    expect(() => resolveOptions(null as never, {})).toThrow(ConfigurationError);
    expect(() => resolveOptions('x' as never, {})).toThrow('Options are an object.');
  });

  test('a wrong value is not shown, because it may be a secret', () => {
    expect(() => resolveOptions({ agentId: '', apiKey: 'cz_live_secret' }, {})).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') as string }) as Error,
    );
  });

  test('a source or logger may be an instance of a class', () => {
    class Source {
      kind = 'own';
      refreshIntervalMs = 0;
      async read(): Promise<never> {
        throw new Error('x');
      }
    }
    expect(resolveOptions({ source: new Source(), logger: console }, {}).source).toBeInstanceOf(Source);
  });
});
