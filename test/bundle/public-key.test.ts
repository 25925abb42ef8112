import { describe, expect, test } from 'vitest';

import { fromBase64, fromHex, toBase64, toHex } from '../../src/bundle/bytes.ts';
import type { KeyTrust } from '../../src/bundle/key-trust.ts';
import { chooseTrust, readTrust } from '../../src/bundle/key-trust.ts';
import { isSignedBy, keyIdOf, readPublicKey } from '../../src/bundle/public-key.ts';
import { BundleRefusedError } from '../../src/index.ts';
import { keyOf } from '../support/bundle-stage.ts';
import { naiveKey } from '../support/naive-bundle.ts';
import { rejectionOf } from '../support/rejection-of.ts';

const key = await keyOf(1);
const { publicKey } = key;
const other = naiveKey(2).publicKey;

const P = 2n ** 255n - 19n;
const littleEndian = (value: bigint): string =>
  value.toString(16).padStart(64, '0').match(/../gu)?.toReversed().join('') ?? '';

// All y coordinates of small order (draft-irtf-cfrg-vrf, RFC 7748 §7), each with either sign of x.
const SMALL_ORDER = [
  0n,
  1n,
  P - 1n,
  BigInt('0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826'),
  BigInt('0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7'),
].flatMap((y) => [littleEndian(y), littleEndian(y + 2n ** 255n)]);
const NOT_CANONICAL = Array.from({ length: 19 }, (_, above) => P + BigInt(above)).flatMap((y) => [
  littleEndian(y),
  littleEndian(y + 2n ** 255n),
]);

describe('public keys', () => {
  test('are read from hexadecimal digits of either case and from base64', () => {
    const base64 = Buffer.from(publicKey, 'hex').toString('base64');
    for (const text of [publicKey, publicKey.toUpperCase(), ` ${publicKey}\n`, base64])
      expect(readPublicKey(text)).toEqual({ hex: publicKey });
  });

  test.each([...SMALL_ORDER, ...NOT_CANONICAL])('%s is refused', async (hex) => {
    expect(readPublicKey(hex)).toMatchObject({ fault: expect.stringMatching(/small order|canonical/u) as string });
    const attempt = isSignedBy(hex, { message: new Uint8Array(1), signature: new Uint8Array(64) });
    expect(await rejectionOf(attempt)).toMatchObject({ code: 'ERR_CZ_BUNDLE_REFUSED', kind: 'signature' });
  });

  test.each(['', 'not a key', publicKey.slice(2), `${publicKey}00`, 'z'.repeat(64), 'AAAA'])(
    '%j is refused',
    (text) => {
      const read = readPublicKey(text);
      expect(read).toHaveProperty('fault');
      if (text.length > 4) expect(JSON.stringify(read)).not.toContain(text);
    },
  );

  test('have the first 16 digits of their SHA-256 as id', async () => {
    expect(publicKey).toBe(naiveKey(1).publicKey);
    expect(await keyIdOf(publicKey)).toBe(naiveKey(1).keyId);
  });

  test('tell a signature from none', async () => {
    const message = new TextEncoder().encode('message');
    const signature = await key.sign(message);
    expect(await isSignedBy(publicKey, { message, signature })).toBe(true);
    expect(await isSignedBy(other, { message, signature })).toBe(false);
    expect(await isSignedBy(publicKey, { message, signature: signature.subarray(1) })).toBe(false);
  });

  test('say so where the runtime has no Ed25519', async () => {
    const { importKey } = crypto.subtle;
    const without = (name: string) => (): never => {
      throw new DOMException('no such thing', name);
    };
    try {
      for (const [name, kind] of [
        ['NotSupportedError', 'unsupported'],
        ['DataError', 'signature'],
      ] as const) {
        Object.defineProperty(crypto.subtle, 'importKey', { value: without(name), configurable: true, writable: true });
        const attempt = isSignedBy(publicKey, { message: new Uint8Array(1), signature: new Uint8Array(64) });
        expect(await rejectionOf(attempt)).toMatchObject({ kind });
      }
    } finally {
      Object.defineProperty(crypto.subtle, 'importKey', { value: importKey, configurable: true, writable: true });
    }
  });
});

describe('trust', () => {
  const remembered: KeyTrust = { kind: 'first-use', keys: [{ publicKey, epoch: 3 }] };

  test('is the strongest that there is', () => {
    expect(chooseTrust({})).toBeUndefined();
    expect(chooseTrust({ offered: other })).toEqual({ kind: 'first-use', keys: [{ publicKey: other, epoch: null }] });
    expect(chooseTrust({ remembered, offered: other })).toBe(remembered);
    expect(chooseTrust({ pinned: [other], remembered, offered: publicKey })).toEqual({
      kind: 'pinned',
      keys: [{ publicKey: other, epoch: null }],
    });
  });

  test('keeps what is known of pinned keys, and each key once', () => {
    expect(chooseTrust({ pinned: [publicKey, other, publicKey.toUpperCase()], remembered })).toEqual({
      kind: 'pinned',
      keys: [
        { publicKey, epoch: 3 },
        { publicKey: other, epoch: null },
      ],
    });
  });

  test('of a legacy server is whatever it offers', () => {
    expect(chooseTrust({ isLegacy: true, remembered, offered: other })).toEqual({
      kind: 'legacy',
      keys: [{ publicKey: other, epoch: null }],
    });
    expect(chooseTrust({ isLegacy: true, remembered })).toBeUndefined();
    const legacy: KeyTrust = { kind: 'legacy', keys: remembered.keys };
    expect(chooseTrust({ remembered: legacy, offered: other })?.keys[0]?.publicKey).toBe(other);
  });

  test.each([
    ['a pinned key that is none', { pinned: ['abc'] }],
    ['an offered key of small order', { offered: littleEndian(1n) }],
    ['17 pinned keys', { pinned: Array.from({ length: 17 }, (_, at) => naiveKey(at + 20).publicKey) }],
  ])('refuses %s', (_, options) => {
    expect(() => chooseTrust(options)).toThrow(BundleRefusedError);
  });

  test('is remembered exactly, or not at all', () => {
    expect(readTrust(JSON.parse(JSON.stringify(remembered)))).toEqual(remembered);
    const [entry] = remembered.keys;
    for (const wrong of [
      null,
      'first-use',
      {},
      { ...remembered, extra: 1 },
      { ...remembered, kind: 'blind' },
      { ...remembered, keys: [] },
      { ...remembered, keys: [{ ...entry, epoch: -1 }] },
      { ...remembered, keys: [{ ...entry, publicKey: publicKey.toUpperCase() }] },
      { ...remembered, keys: [{ ...entry, publicKey: littleEndian(1n) }] },
      { ...remembered, keys: Array.from({ length: 17 }, () => entry) },
    ])
      expect(readTrust(wrong)).toBeUndefined();
  });
});

test('bytes as text and back', () => {
  const bytes = Uint8Array.from({ length: 70_000 }, (_, at) => at & 0xff);
  expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
  expect(fromBase64(toBase64(bytes))).toEqual(bytes);
  expect(fromHex(toHex(bytes))).toEqual(bytes);
  for (const text of ['a', 'zz', '0x00']) expect(fromHex(text)).toBeUndefined();
  for (const text of ['a', 'ab', 'ab-_', 'abc=d', 'YQ', ' YQ==']) expect(fromBase64(text)).toBeUndefined();
});
