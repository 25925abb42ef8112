import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import type { KeyTrust } from '../../src/bundle/key-trust.ts';
import { verifyBundle } from '../../src/bundle/verify-bundle.ts';
import { NOW, PROJECT_KEY, bundleOf, firstUse, keyOf } from '../support/bundle-stage.ts';
import { naiveKey, readNaiveBundle } from '../support/naive-bundle.ts';

interface GoldenBundle {
  readonly name: string;
  /** Hexadecimal. */
  readonly bundle: string;
  readonly created_at: number;
  readonly policy_count: number;
  readonly payload: unknown;
}

interface GoldenFile {
  readonly public_key: string;
  /** Hexadecimal. */
  readonly project_key: string;
  readonly bundles: readonly GoldenBundle[];
}

const path = fileURLToPath(new URL('../conformance/bundle-golden.json', import.meta.url));
const golden = JSON.parse(readFileSync(path, 'utf8')) as GoldenFile;
const projectKey = Buffer.from(golden.project_key, 'hex');
const trust: KeyTrust = { kind: 'first-use', keys: [{ publicKey: golden.public_key, epoch: null }] };

describe.each(golden.bundles)('the golden bundle "$name"', ({ bundle, created_at, policy_count, payload }) => {
  const bytes = Buffer.from(bundle, 'hex');

  test('has a header of 32 bytes, each in its place', () => {
    const createdAt = Buffer.alloc(8);
    createdAt.writeBigUInt64LE(BigInt(created_at));
    const offset = Buffer.alloc(4);
    offset.writeUInt32LE(bytes.length - 64);
    const fields: readonly (readonly [at: number, bytes: Iterable<number>])[] = [
      [0, [0x43, 0x5a, 0x30, 0x31]], // CZ01
      [4, [1, 0]], // schema version
      [6, createdAt], // seconds since 1970
      [14, [policy_count, 0]], // number of policies
      [16, offset], // where the signature begins
      [20, [64, 0, 0, 0]], // its length
      [24, [0, 0, 0, 0, 0, 0, 0, 0]], // reserved
    ];
    let covered = 0;
    for (const [at, part] of fields) {
      const list = [...part];
      expect([...bytes.subarray(at, at + list.length)], `offset ${at}`).toEqual(list);
      covered += list.length;
    }
    expect(covered).toBe(32);
  });

  test('is read by an independent reader', () => {
    const read = readNaiveBundle(bytes, { publicKey: golden.public_key, projectKey });
    expect(read).toEqual({ createdAt: BigInt(created_at), count: policy_count, payload });
  });

  test('is read by this package', async () => {
    const { metadata, readDocument } = await verifyBundle(bytes, { now: NOW, projectKey, trust, sdkVersion: '1.0.0' });
    expect(metadata).toMatchObject({ createdAt: created_at * 1000, projectId: 'proj_golden' });
    expect((await readDocument()).policies).toHaveLength(policy_count);
  });
});

test('the golden bundles are of every kind', () => {
  expect(golden.bundles.map(({ name }) => name)).toEqual(['an empty project', 'an older server', 'a newer server']);
  expect(golden.public_key).toBe(naiveKey(5).publicKey);
});

test('what this package makes, an independent reader reads', async () => {
  const key = await keyOf(1);
  const document = { rules: [{ id: 'a', effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] } as const;
  const bytes = Buffer.from(await bundleOf(document, key));
  const { payload, count } = readNaiveBundle(bytes, { publicKey: key.publicKey, projectKey: PROJECT_KEY });
  expect(count).toBe(1);
  expect(payload).toMatchObject({
    schema_version: '1.1',
    metadata: { project_id: 'proj_1', bundle_version: 1, policy_count: 1 },
    policies: [
      {
        name: 'policy-0',
        rules: [{ id: 'a', effect: 'allow', actions: ['llm.generate'], resources: ['model/gpt-4'] }],
      },
    ],
  });
  const again = Buffer.from(await bundleOf(document, key));
  expect(again.equals(bytes), 'a nonce is used twice').toBe(false);
  expect(
    (await verifyBundle(bytes, { now: NOW, projectKey: PROJECT_KEY, trust: firstUse(key), sdkVersion: '1.0.0' }))
      .metadata.version,
  ).toBe(1);
});
