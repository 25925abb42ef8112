import { afterEach, describe, expect, test, vi } from 'vitest';

import type { SecretReasonCode, SecretsContent, SecretsSource } from '../../src/index.ts';
import { SecretUnavailableError } from '../../src/index.ts';
import { rejectionOf } from '../support/rejection-of.ts';
import { secretsStage } from '../support/secrets-stage.ts';

const OLD = 'sk-old-0123456789abcdef';
const NEW = 'sk-new-fedcba9876543210';

const fail =
  (reasonCode: SecretReasonCode, message = 'It failed.') =>
  async (): Promise<never> => {
    throw new SecretUnavailableError({ reasonCode, message });
  };

function reasonOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return (error as SecretUnavailableError).reasonCode;
  }
  return undefined;
}

// Timers go on: events are delivered by them.
function stopClocks(): void {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] });
}

afterEach(() => void vi.useRealTimers());

describe('secrets that change', () => {
  test('are exchanged whole, told by name, and the old bytes are filled with zeros', async () => {
    const { cz, source, events } = secretsStage({ kept: 'same-value', openai: OLD, gone: 'going' });
    await cz.initialize();
    const old = source.handedOut;
    source.hold({ kept: 'same-value', openai: NEW, fresh: 'coming' });
    await cz.refresh();
    expect([cz.getSecret('kept'), cz.getSecret('openai'), cz.getSecret('fresh')]).toEqual([
      'same-value',
      NEW,
      'coming',
    ]);
    expect(() => cz.getSecret('gone')).toThrow('No secret gone');
    expect(old.every((bytes) => bytes.every((byte) => byte === 0))).toBe(true);
    await cz.flush();
    expect(events.map(({ type, ...rest }) => [type, 'name' in rest ? rest.name : undefined])).toEqual([
      ['secret-rotated', 'openai'],
      ['secret-added', 'fresh'],
      ['secret-removed', 'gone'],
    ]);
    expect(JSON.stringify(events)).not.toMatch(/same-value|sk-|going|coming/u);
  });

  test('are not opened again while their revision stays', async () => {
    const { cz, source, events } = secretsStage({ openai: OLD });
    await cz.initialize();
    const handedOut = source.handedOut;
    await cz.refresh();
    expect([source.reads, source.handedOut]).toEqual([2, handedOut]);
    expect(events).toEqual([]);
  });

  test('are all refused for one that cannot be a secret, and its bytes are not kept', async () => {
    const { cz, source } = secretsStage({ openai: OLD });
    await cz.initialize();
    for (const values of [
      { openai: NEW, 'bad name': 'x' },
      { openai: NEW, empty: '' },
      { openai: NEW, big: 'x'.repeat(65_537) },
    ]) {
      source.hold(values);
      expect(await rejectionOf(cz.refresh())).toMatchObject({ reasonCode: 'INVALID' });
      expect(cz.getSecret('openai')).toBe(OLD);
      expect(source.handedOut.every((bytes) => bytes.every((byte) => byte === 0))).toBe(true);
    }
  });

  test.each<readonly [string, () => readonly (readonly [string, Uint8Array])[], string]>([
    ['no text', () => [['a', new Uint8Array([0xff, 0xfe])]], 'A secret is UTF-8 text; a is not.'],
    [
      'too many',
      () => Array.from({ length: 10_001 }, (_, index) => [`n${index}`, new Uint8Array([65])] as const),
      'There are 10001 secrets; at most 10000 are taken.',
    ],
  ])('are refused when they are %s', async (_, make, message) => {
    const secrets = new Map(make());
    const secretsSource: SecretsSource = {
      kind: 'own',
      refreshIntervalMs: 0,
      read: async () => ({ revision: '1', open: async () => ({ secrets }) }),
    };
    const { cz } = secretsStage({}, { secretsSource });
    expect(await rejectionOf(cz.initialize())).toMatchObject({ reasonCode: 'INVALID', message });
    expect([...secrets.values()].every((bytes) => bytes.every((byte) => byte === 0))).toBe(true);
  });

  test('are read in the same tick as the policy', async () => {
    const { cz, source, events } = secretsStage({ openai: OLD }, { refreshInterval: 0.01 });
    await cz.initialize();
    source.hold({ openai: NEW });
    await expect.poll(() => events.length).toBe(1);
    expect(cz.getSecret('openai')).toBe(NEW);
  });

  test('are filled with zeros when the client is closed', async () => {
    const { cz, source } = secretsStage({ openai: OLD });
    await cz.initialize();
    await cz.close();
    expect(source.handedOut.every((bytes) => bytes.every((byte) => byte === 0))).toBe(true);
    expect(cz.status().secrets).toMatchObject({ count: 0, revision: null });
  });
});

describe('a source of secrets that fails', () => {
  test('at start makes initialize() reject with its reason; the policy decides all the same', async () => {
    const { cz, source } = secretsStage({ openai: OLD });
    source.instead = fail('WRONG_KEY', 'Another key.');
    expect(await rejectionOf(cz.initialize())).toMatchObject({ reasonCode: 'WRONG_KEY', message: 'Another key.' });
    expect(cz.status()).toMatchObject({ usable: true, secrets: { count: 0, lastError: { reasonCode: 'WRONG_KEY' } } });
    expect(reasonOf(() => cz.getSecret('openai'))).toBe('WRONG_KEY');
    expect(await rejectionOf(cz.initialize())).toMatchObject({ reasonCode: 'WRONG_KEY' });
    source.instead = undefined;
    await cz.refresh();
    expect(cz.getSecret('openai')).toBe(OLD);
    expect(cz.status().secrets?.lastError).toBeNull();
  });

  test.each<SecretReasonCode>(['UNREADABLE', 'INVALID', 'WRONG_KEY'])(
    'with %s leaves the last values for secretTtl, and then drops them',
    async (reasonCode) => {
      stopClocks();
      const { cz, source, events } = secretsStage({ openai: OLD }, { secretTtl: 60 });
      await cz.initialize();
      source.instead = fail(reasonCode);
      expect(await rejectionOf(cz.refresh())).toMatchObject({ reasonCode });
      vi.advanceTimersByTime(60_000);
      expect(cz.getSecret('openai')).toBe(OLD);
      vi.advanceTimersByTime(1);
      expect(reasonOf(() => cz.getSecret('openai'))).toBe('EXPIRED');
      expect(source.handedOut.every((bytes) => bytes.every((byte) => byte === 0))).toBe(true);
      await cz.flush();
      expect(events.map(({ type }) => type)).toEqual(['secrets-refused', 'secrets-dropped']);
      source.instead = undefined;
      await cz.refresh();
      expect(cz.getSecret('openai')).toBe(OLD);
    },
  );

  test('leaves them for an hour unless told otherwise, and not at all with 0', async () => {
    stopClocks();
    const { cz, source } = secretsStage({ openai: OLD });
    await cz.initialize();
    source.instead = fail('UNREADABLE');
    await rejectionOf(cz.refresh());
    vi.advanceTimersByTime(3_600_000);
    expect(cz.getSecret('openai')).toBe(OLD);
    vi.advanceTimersByTime(1);
    expect(reasonOf(() => cz.getSecret('openai'))).toBe('EXPIRED');
    const strict = secretsStage({ openai: OLD }, { secretTtl: 0 });
    await strict.cz.initialize();
    vi.advanceTimersByTime(1);
    strict.source.instead = fail('UNREADABLE');
    await rejectionOf(strict.cz.refresh());
    expect(reasonOf(() => strict.cz.getSecret('openai'))).toBe('EXPIRED');
  });

  test('leaves them as long as nothing has failed, however long that was', async () => {
    stopClocks();
    const { cz } = secretsStage({ openai: OLD }, { secretTtl: 60 });
    await cz.initialize();
    vi.advanceTimersByTime(86_400_000);
    expect(cz.getSecret('openai')).toBe(OLD);
  });

  test('is not outlived by a clock that was set back', async () => {
    stopClocks();
    const { cz, source } = secretsStage({ openai: OLD }, { secretTtl: 60 });
    await cz.initialize();
    source.instead = fail('UNREADABLE');
    await rejectionOf(cz.refresh());
    vi.setSystemTime(0);
    vi.advanceTimersByTime(60_001);
    expect(reasonOf(() => cz.getSecret('openai'))).toBe('EXPIRED');
  });

  test('with REVOKED drops all values at once, and comes back only with a good answer', async () => {
    const { cz, source, events } = secretsStage({ openai: OLD });
    await cz.initialize();
    source.instead = fail('REVOKED', 'The API key was refused.');
    expect(await rejectionOf(cz.refresh())).toMatchObject({ reasonCode: 'REVOKED' });
    expect(reasonOf(() => cz.getSecret('openai'))).toBe('REVOKED');
    expect(source.handedOut.every((bytes) => bytes.every((byte) => byte === 0))).toBe(true);
    source.instead = fail('UNREADABLE');
    await rejectionOf(cz.refresh());
    expect(reasonOf(() => cz.getSecret('openai'))).toBe('REVOKED');
    source.instead = undefined;
    await cz.refresh();
    expect(cz.getSecret('openai')).toBe(OLD);
    await cz.flush();
    expect(events.map(({ type }) => type)).toEqual(['secrets-refused', 'secrets-dropped', 'secrets-refused']);
  });

  test('is spared by initialize(), longer after each failure', async () => {
    stopClocks();
    const { cz, source } = secretsStage({ openai: OLD });
    source.instead = fail('UNREADABLE');
    await rejectionOf(cz.initialize());
    const readsAfter = async (passedMs: number): Promise<number> => {
      vi.advanceTimersByTime(passedMs);
      expect(await rejectionOf(cz.initialize())).toMatchObject({ reasonCode: 'UNREADABLE' });
      return source.reads;
    };
    expect([await readsAfter(999), await readsAfter(1), await readsAfter(1999), await readsAfter(1)]).toEqual([
      1, 2, 2, 3,
    ]);
    for (let round = 0; round < 10; round += 1) await readsAfter(60_000);
    expect([await readsAfter(59_999), await readsAfter(1)]).toEqual([13, 14]);
    source.instead = undefined;
    vi.advanceTimersByTime(60_000);
    await cz.initialize();
    expect(cz.getSecret('openai')).toBe(OLD);
  });

  test('tells a failure once, however often it repeats', async () => {
    const { cz, source, events } = secretsStage({ openai: OLD });
    await cz.initialize();
    source.instead = fail('UNREADABLE');
    for (let round = 0; round < 5; round += 1) await rejectionOf(cz.refresh());
    await cz.flush();
    expect(events.map(({ type }) => type)).toEqual(['secrets-refused']);
  });

  test('with an error of its own shows its code and nothing else', async () => {
    const { cz, source } = secretsStage({ openai: OLD });
    source.instead = async () => {
      throw Object.assign(new Error(`GET https://vault/?token=${OLD} failed`), { code: 'ECONNRESET', headers: [OLD] });
    };
    expect(await rejectionOf(cz.initialize())).toMatchObject({
      reasonCode: 'UNREADABLE',
      message: 'The secrets of source steered cannot be read (ECONNRESET).',
    });
    source.instead = async () => Promise.reject(OLD);
    expect(await rejectionOf(cz.refresh())).toMatchObject({
      message: 'The secrets of source steered cannot be read.',
    });
  });

  test('and hangs is given up, and does not hold up the policy', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { cz, source } = secretsStage({ openai: OLD });
    source.instead = async () => new Promise<never>(() => undefined);
    const starting = rejectionOf(cz.initialize({ timeoutMs: 60_000 }));
    while (!cz.status().usable) await new Promise((resolve) => setImmediate(resolve));
    await vi.advanceTimersByTimeAsync(5000);
    expect(await starting).toMatchObject({ message: 'The secrets of source steered did not come in time.' });
    source.instead = undefined;
    await cz.refresh();
    expect(cz.getSecret('openai')).toBe(OLD);
    // Events are on their way.
    await vi.advanceTimersByTimeAsync(1);
  });

  test('and answers after the client was closed leaves nothing behind', async () => {
    const { cz, source } = secretsStage({ openai: OLD });
    const answer = Promise.withResolvers<never>();
    source.instead = async () => answer.promise;
    const starting = rejectionOf(cz.initialize());
    await expect.poll(() => source.reads).toBe(1);
    await cz.close();
    const late = new TextEncoder().encode(OLD);
    answer.resolve({ revision: 'late', open: async () => ({ secrets: new Map([['openai', late]]) }) } as never);
    await starting;
    expect(cz.status().secrets).toMatchObject({ count: 0 });
  });

  test.each(['refused', 'closed'])('and opens too late, when the key was %s, leaves nothing behind', async (how) => {
    const { cz, source } = secretsStage({ openai: OLD });
    await cz.initialize();
    const late = new TextEncoder().encode(NEW);
    const opening = Promise.withResolvers<SecretsContent>();
    source.opening = opening.promise;
    source.hold({ openai: NEW });
    const refreshing = cz.refresh().catch(() => undefined);
    await expect.poll(() => source.reads).toBe(2);
    await new Promise((resolve) => setImmediate(resolve));
    if (how === 'refused') source.revoke('The key was refused.');
    else await cz.close();
    opening.resolve({ secrets: new Map([['openai', late]]) });
    await refreshing;
    await new Promise((resolve) => setImmediate(resolve));
    expect(late.every((byte) => byte === 0)).toBe(true);
    expect(cz.status().secrets).toMatchObject({ count: 0 });
  });

  test('is overruled while it answers by a refusal that was found elsewhere', async () => {
    const { cz, source, events } = secretsStage({ openai: OLD });
    await cz.initialize();
    const answer = Promise.withResolvers<never>();
    source.instead = async () => answer.promise;
    const refreshing = rejectionOf(cz.refresh());
    await expect.poll(() => source.reads).toBe(2);
    source.revoke('The key was refused.');
    expect(await refreshing).toMatchObject({ reasonCode: 'REVOKED', message: 'The key was refused.' });
    // Given before the refusal, so it does not count.
    answer.resolve({ revision: 'late', open: async () => ({ secrets: new Map() }) } as never);
    expect(reasonOf(() => cz.getSecret('openai'))).toBe('REVOKED');
    await cz.flush();
    expect(events.map(({ type }) => type)).toEqual(['secrets-refused', 'secrets-dropped']);
    await cz.close();
    source.revoke('Nobody listens any more.');
    await cz.flush();
    expect(events).toHaveLength(2);
  });
});

describe('secrets with a time of their own', () => {
  test('are dropped when it is over, whether or not anything failed', async () => {
    stopClocks();
    const { cz, source, events } = secretsStage({ openai: OLD });
    source.expiresAt = Date.now() + 60_000;
    await cz.initialize();
    vi.advanceTimersByTime(59_999);
    expect(cz.getSecret('openai')).toBe(OLD);
    vi.advanceTimersByTime(1);
    expect(reasonOf(() => cz.getSecret('openai'))).toBe('EXPIRED');
    source.expiresAt = Date.now() + 60_000;
    await cz.refresh();
    expect(cz.getSecret('openai')).toBe(OLD);
    await cz.flush();
    expect(events.map(({ type }) => type)).toEqual(['secrets-dropped']);
  });
});
