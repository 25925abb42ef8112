import { expect, test } from 'vitest';

import type { KeyTrust } from '../../src/bundle/key-trust.ts';
import { verifyBundle } from '../../src/bundle/verify-bundle.ts';
import { BundleRefusedError } from '../../src/index.ts';
import { A, NOW, PROJECT_KEY, firstUse, legacy, policyNamed, versioned } from '../support/bundle-scenario.ts';
import { isSoak } from '../support/soak.ts';

const BUNDLES: readonly (readonly [name: string, base64: string])[] = [
  ['an empty project', legacy({ policies: [] })],
  ['one rule, legacy', legacy({ policies: [policyNamed('gpt-4')] })],
  ['two policies, versioned', versioned({ policies: [policyNamed('gpt-4'), policyNamed('gpt-4o')] })],
];

const options = {
  now: NOW * 1000,
  projectId: 'proj_1',
  projectKey: PROJECT_KEY,
  sdkVersion: '1.0.0',
  trust: firstUse(A) as KeyTrust,
};

async function kindOf(bytes: Uint8Array): Promise<string> {
  try {
    await verifyBundle(bytes, options);
    return 'accepted';
  } catch (error) {
    return error instanceof BundleRefusedError ? error.kind : `untyped: ${String(error)}`;
  }
}

function* flips(bytes: Uint8Array): Generator<Uint8Array> {
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const changed = Uint8Array.from(bytes);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    yield changed;
  }
}

function* truncations(bytes: Uint8Array): Generator<Uint8Array> {
  for (let end = 0; end < bytes.length; end += 1) yield bytes.subarray(0, end);
}

// A zero, which changes little, and the byte that stands there already.
function* insertions(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at <= bytes.length; at += 1) {
    for (const byte of new Set([0, bytes[at] ?? 0xff])) {
      yield Uint8Array.from([...bytes.subarray(0, at), byte, ...bytes.subarray(at)]);
    }
  }
}

// The long run takes all three bundles; every run takes the smallest one completely.
test.each(isSoak ? BUNDLES : BUNDLES.slice(0, 1))(
  'every flipped bit, truncation and insertion is refused: %s',
  { timeout: 600_000 },
  async (name, base64) => {
    const bytes = Buffer.from(base64, 'base64');
    expect(await kindOf(bytes)).toBe('accepted');
    const kinds = new Map<string, number>();
    const started = performance.now();
    let cases = 0;
    for (const changed of [...flips(bytes), ...truncations(bytes), ...insertions(bytes)]) {
      const kind = await kindOf(changed);
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      cases += 1;
    }
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${name}: ${bytes.length} bytes, ${cases} cases in ${seconds} s`, Object.fromEntries(kinds));
    expect(cases).toBeGreaterThan(bytes.length * 10);
    expect([...kinds.keys()].filter((kind) => !['invalid_data', 'signature', 'unsupported'].includes(kind))).toEqual(
      [],
    );
  },
);
