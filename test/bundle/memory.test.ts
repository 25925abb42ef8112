import { describe, expect, test } from 'vitest';

import { readMark } from '../../src/bundle/high-water-mark.ts';
import { MAX_ROTATIONS, followRotations, rotateKey } from '../../src/bundle/rotation-chain.ts';
import { createSigningKey } from '../../src/bundle/signing-key.ts';
import { NOW, NOW_SECONDS, PROJECT, bundleOf, firstUse, keyOf, verify } from '../support/bundle-stage.ts';

const key = await keyOf(1);

describe('what a client remembers', () => {
  test('is remembered exactly, or not at all', async () => {
    const { mark } = await verify(await bundleOf({ rules: [] }, key), firstUse(key));
    expect(readMark(JSON.parse(JSON.stringify(mark)))).toEqual(mark);
    for (const wrong of [
      null,
      [],
      'mark',
      { ...mark, extra: 1 },
      { ...mark, version: '1' },
      { ...mark, version: -1 },
      { ...mark, epoch: 1.5 },
      { ...mark, digest: null },
      { ...mark, createdAt: undefined },
    ])
      expect(readMark(wrong)).toBeUndefined();
  });

  test('a release candidate is older than its release', async () => {
    const bundle = await bundleOf({ rules: [] }, key, { minSdkVersion: '1.2.0' });
    for (const sdkVersion of ['1.2.0-rc.1', '1.2.0a1', '1.2.0.dev2', '1.1.9', 'v1.1', 'unknown'])
      await expect(verify(bundle, firstUse(key), { sdkVersion })).rejects.toMatchObject({ kind: 'unsupported' });
    for (const sdkVersion of ['1.2.0', '1.10.0', 'v2'])
      expect((await verify(bundle, firstUse(key), { sdkVersion })).metadata.minSdkVersion).toBe('1.2.0');
  });

  test('a clock or a limit that is no number refuses', async () => {
    const bundle = await bundleOf({ rules: [] }, key);
    await expect(verify(bundle, firstUse(key), { now: Number.NaN })).rejects.toMatchObject({ kind: 'clock_skew' });
    const attempt = verify(bundle, firstUse(key), { minBundleVersion: Number.NaN });
    await expect(attempt).rejects.toMatchObject({ kind: 'rollback' });
  });

  test('the same arguments give the same answer, and none of them is changed', async () => {
    const bundle = await bundleOf({ rules: [] }, key);
    const trust = Object.freeze({ ...firstUse(key), keys: Object.freeze(firstUse(key).keys.map(Object.freeze)) });
    const before = Uint8Array.from(bundle);
    const [first, second] = [await verify(bundle, trust as never), await verify(bundle, trust as never)];
    const functions = { compiled: null, readDocument: null };
    expect({ ...first, ...functions }).toEqual({ ...second, ...functions });
    expect(await first.readDocument()).toEqual(await second.readDocument());
    expect(bundle).toEqual(before);
  });

  test(`${MAX_ROTATIONS} rotations are followed to the end`, async () => {
    let previous = key;
    const rotations: object[] = [];
    for (let epoch = 2; epoch <= MAX_ROTATIONS + 1; epoch += 1) {
      const next = await createSigningKey();
      rotations.push(await rotateKey({ projectId: PROJECT, epoch, previous, next, issuedAt: NOW_SECONDS }));
      previous = next;
    }
    const bytes = new TextEncoder().encode(JSON.stringify({ rotations }));
    const trust = await followRotations(firstUse(key, 1), bytes, { projectId: PROJECT, now: NOW });
    expect(trust).toEqual(firstUse(previous, MAX_ROTATIONS + 1));
  });
});
