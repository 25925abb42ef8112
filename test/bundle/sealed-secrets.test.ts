import { describe, expect, test } from 'vitest';

import type { Bytes } from '../../src/bundle/bytes.ts';
import { utf8 } from '../../src/bundle/bytes.ts';
import type { KeyTrust } from '../../src/bundle/key-trust.ts';
import type { OpenedSecrets, OpenSecretsOptions, SecretsPublication } from '../../src/bundle/sealed-secrets.ts';
import { MAX_ENVELOPE_BYTES, openSecrets, sealSecrets } from '../../src/bundle/sealed-secrets.ts';
import { MAX_SECRET_BYTES, packSecrets, unpackSecrets } from '../../src/bundle/secret-entries.ts';
import { BundleRefusedError } from '../../src/index.ts';
import {
  DAY,
  NOW,
  NOW_SECONDS,
  PROJECT,
  PROJECT_KEY,
  bundleOf,
  firstUse,
  keyOf,
  verify,
} from '../support/bundle-stage.ts';
import { refusalKind } from '../support/refusal-kind.ts';
import { rejectionOf } from '../support/rejection-of.ts';

const key = await keyOf(1);
const other = await keyOf(2);
const CANARY = 'sk-canary-53cret';
const SECRETS = new Map([
  ['openai', utf8(CANARY)],
  ['empty', utf8('')],
  ['a.b_c-1', utf8('schlüssel 🔑')],
]);

const publication: SecretsPublication = {
  projectId: PROJECT,
  secretsVersion: 5,
  bundleEpoch: 1,
  bundleVersion: 3,
  issuedAt: NOW_SECONDS,
  expiresAt: NOW_SECONDS + DAY,
};

const seal = (
  changes: Partial<SecretsPublication> = {},
  secrets: ReadonlyMap<string, Bytes> = SECRETS,
): Promise<Bytes> =>
  sealSecrets(secrets, { publication: { ...publication, ...changes }, signingKey: key, projectKey: PROJECT_KEY });

const open = (bytes: Uint8Array, changes: Partial<OpenSecretsOptions> = {}): Promise<OpenedSecrets> =>
  openSecrets(bytes, { trust: firstUse(key, 1), projectKey: PROJECT_KEY, projectId: PROJECT, now: NOW, ...changes });

describe('an envelope of secrets', () => {
  test('comes back as it was sealed', async () => {
    const opened = await open(await seal());
    expect(opened).toEqual({
      secrets: SECRETS,
      secretsVersion: 5,
      bundle: { epoch: 1, version: 3 },
      issuedAt: NOW,
      expiresAt: NOW + DAY * 1000,
    });
    expect((await open(await seal({}, new Map()))).secrets.size).toBe(0);
  });

  test('keeps each value in a buffer of its own', async () => {
    const { secrets } = await open(await seal());
    for (const value of secrets.values()) expect(value.buffer.byteLength).toBe(value.byteLength);
    secrets.get('openai')?.fill(0);
    expect(secrets.get('a.b_c-1')).toEqual(SECRETS.get('a.b_c-1'));
  });

  test('shows nothing of its secrets in its bytes', async () => {
    const text = new TextDecoder('latin1').decode(await seal());
    for (const word of [CANARY, 'openai', 'sk-', PROJECT]) expect(text).not.toContain(word);
  });

  test('every flipped bit, and every truncation and insertion, is refused', async () => {
    const bytes = await seal({}, new Map([['k', utf8('v')]]));
    const kinds = new Map<string, number>();
    const expectRefused = async (changed: Uint8Array): Promise<void> => {
      const kind = await refusalKind(open(changed));
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    };
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Uint8Array.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await expectRefused(changed);
    }
    for (let at = 0; at < bytes.length; at += 1) {
      await expectRefused(bytes.subarray(0, at));
      await expectRefused(Uint8Array.from([...bytes.subarray(0, at), 0x41, ...bytes.subarray(at)]));
    }
    await expectRefused(Uint8Array.from([...bytes, 0]));
    expect([...kinds.values()].reduce((sum, count) => sum + count)).toBe(bytes.length * 10 + 1);
  });

  const trustBoth: KeyTrust = {
    kind: 'pinned',
    keys: [...firstUse(key, 1).keys, { publicKey: other.publicKey, epoch: null }],
  };

  test.each<[name: string, kind: string, attempt: () => Promise<unknown>]>([
    ['another project', 'signature', async () => open(await seal({ projectId: 'proj_2' }))],
    [
      'another environment',
      'wrong_project',
      async () => open(await seal({ environment: 'dev' }), { environment: 'prod' }),
    ],
    ['no environment', 'wrong_project', async () => open(await seal(), { environment: 'prod' })],
    ['another audience', 'wrong_project', async () => open(await seal({ audience: 'a' }), { audience: 'b' })],
    ['another project key', 'signature', async () => open(await seal(), { projectKey: new Uint8Array(32) })],
    ['a project key of 16 bytes', 'signature', async () => open(await seal(), { projectKey: new Uint8Array(16) })],
    ['a key that is not trusted', 'signature', async () => open(await seal(), { trust: firstUse(other) })],
    ['an epoch that is not the epoch of its key', 'signature', async () => open(await seal({ bundleEpoch: 2 }))],
    ['an older version of the secrets', 'rollback', async () => open(await seal(), { minSecretsVersion: 6 })],
    ['secrets under older policies', 'rollback', async () => open(await seal(), { active: { epoch: 1, version: 4 } })],
    ['secrets under an older epoch', 'rollback', async () => open(await seal(), { active: { epoch: 2, version: 1 } })],
    ['secrets past their time', 'expired', async () => open(await seal(), { now: NOW + (DAY + 300) * 1000 })],
    ['secrets of the future', 'clock_skew', async () => open(await seal(), { now: NOW - 301_000 })],
    ['more than 1 MiB', 'too_large', async () => open(new Uint8Array(MAX_ENVELOPE_BYTES + 1))],
    ['a policy bundle', 'invalid_data', async () => open(await bundleOf({ rules: [] }, key))],
    ['a name with a slash', 'invalid_data', async () => seal({}, new Map([['a/b', utf8('v')]]))],
    ['a name of a prototype', 'invalid_data', async () => seal({}, new Map([['__proto__ ', utf8('v')]]))],
    [
      'a value of more than 64 KiB',
      'too_large',
      async () => seal({}, new Map([['a', new Uint8Array(MAX_SECRET_BYTES + 1)]])),
    ],
  ])('is refused: %s', async (_, kind, attempt) => {
    expect(await refusalKind(attempt())).toBe(kind);
  });

  test('is no policy bundle', async () => {
    expect(await refusalKind(verify(await seal(), firstUse(key)))).toBe('invalid_data');
  });

  test('is taken from any pinned key, and from policies that are newer than the active ones', async () => {
    const opened = await open(await seal(), {
      trust: trustBoth,
      active: { epoch: 1, version: 2 },
      minSecretsVersion: 5,
    });
    expect(opened.bundle).toEqual({ epoch: 1, version: 3 });
  });

  test('says nothing of names and values when it is refused', async () => {
    const errors = await Promise.all([
      rejectionOf(open(await seal(), { minSecretsVersion: 6 })),
      rejectionOf(seal({}, new Map([[CANARY + '/', utf8(CANARY)]]))),
    ]);
    for (const error of errors) expect(JSON.stringify([String(error), error])).not.toContain(CANARY);
  });
});

describe('the entries of an envelope', () => {
  const packed = packSecrets(SECRETS);

  test('their layout, byte by byte', () => {
    const pair = packSecrets(new Map([['ab', utf8('xyz')]]));
    expect([...pair]).toEqual([2, 0, 3, 0, 0, 0, 0x61, 0x62, 0x78, 0x79, 0x7a]);
  });

  test('every truncation is refused', () => {
    for (let end = 0; end < packed.length; end += 1)
      expect(() => unpackSecrets(packed.subarray(0, end), SECRETS.size)).toThrow(BundleRefusedError);
  });

  test('two of one name, and another count, are refused', () => {
    const pair = packSecrets(new Map([['ab', utf8('xyz')]]));
    expect(() => unpackSecrets(Uint8Array.from([...pair, ...pair]), 2)).toThrow('two secrets of one name');
    expect(() => unpackSecrets(pair, 2)).toThrow('lost secrets');
  });
});
