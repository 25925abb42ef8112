import type { Scenario, ScenarioStep } from './bundle-scenario.ts';
import { A, B, C, NOW, STRANGER, chain, firstUse, legacy, pinned, rotation, versioned } from './bundle-scenario.ts';

const byB = (epoch: number, version = 1): string =>
  versioned({ key: B, metadata: { bundle_epoch: epoch, bundle_version: version } });
const byA = (epoch: number, version = 1): string =>
  versioned({ metadata: { bundle_epoch: epoch, bundle_version: version } });
const AB = rotation([A, B], 2);
const BC = rotation([B, C], 3);

const rotated = (rotations: string, expect: string, ...more: readonly ScenarioStep[]): readonly ScenarioStep[] => [
  { bundle: byA(1), expect: 'accepted' },
  { rotations, expect },
  ...more,
];

const smallOrder = `01${'00'.repeat(31)}`;

/** Which keys are trusted, and how another one takes over. */
export const TRUST_SCENARIOS: readonly Scenario[] = [
  { name: 'a pinned key', trust: pinned(A), steps: [{ bundle: byA(1), expect: 'accepted' }] },
  { name: 'a key that is not pinned', trust: pinned(A), steps: [{ bundle: byB(1), expect: 'signature' }] },
  {
    name: 'two pinned keys overlap: either signs',
    trust: pinned(A, B),
    steps: [{ bundle: byB(1), expect: 'accepted' }],
  },
  {
    name: 'two pinned keys overlap: the new one takes over with its epoch',
    trust: pinned(A, B),
    steps: [
      { bundle: byA(1, 7), expect: 'accepted' },
      { bundle: byB(2, 1), expect: 'accepted' },
    ],
  },
  {
    name: 'a pinned key that was replaced comes back',
    trust: pinned(A, B),
    steps: [
      { bundle: byA(1), expect: 'accepted' },
      { bundle: byB(2), expect: 'accepted' },
      { bundle: byA(1, 2), expect: 'rollback' },
    ],
  },
  {
    name: 'a pinned key that was replaced claims the epoch of its successor',
    trust: pinned(A, B),
    steps: [
      { bundle: byA(1), expect: 'accepted' },
      { bundle: byB(2), expect: 'accepted' },
      { bundle: byA(2, 9), expect: 'signature' },
      { bundle: byA(3, 1), expect: 'signature' },
    ],
  },
  {
    name: 'a pinned key signs for a legacy server',
    trust: pinned(A),
    steps: [{ bundle: legacy(), expect: 'accepted' }],
  },
  { name: 'the key of the first use', trust: firstUse(A), steps: [{ bundle: byA(4), expect: 'accepted' }] },
  {
    name: 'another key than that of the first use',
    trust: firstUse(A),
    steps: [
      { bundle: byA(1), expect: 'accepted' },
      { bundle: byB(1, 2), expect: 'signature' },
      { bundle: byB(2), expect: 'signature' },
    ],
  },
  {
    name: 'the key of the first use raises its own epoch',
    trust: firstUse(A),
    steps: [
      { bundle: byA(1), expect: 'accepted' },
      { bundle: byA(2), expect: 'signature' },
    ],
  },
  {
    name: 'another epoch than the remembered one',
    trust: firstUse(A, 3),
    steps: [{ bundle: byA(2), expect: 'signature' }],
  },
  {
    name: 'metadata that names another key',
    trust: pinned(A, B),
    steps: [{ bundle: versioned({ metadata: { key_id: B.keyId } }), expect: 'signature' }],
  },
  {
    name: 'a rotation that both keys have signed',
    trust: firstUse(A),
    steps: rotated(chain(AB), 'accepted', { bundle: byB(2), expect: 'accepted' }),
  },
  {
    name: 'two rotations while the client was away',
    trust: firstUse(A),
    steps: rotated(chain(AB, BC), 'accepted', {
      bundle: versioned({ key: C, metadata: { bundle_epoch: 3 } }),
      expect: 'accepted',
    }),
  },
  {
    name: 'rotations from before the first use are skipped',
    trust: firstUse(B, 2),
    steps: [
      { rotations: chain(AB, BC), expect: 'accepted' },
      { bundle: versioned({ key: C, metadata: { bundle_epoch: 3 } }), expect: 'accepted' },
    ],
  },
  {
    name: 'a rotation before any bundle has said the epoch',
    trust: firstUse(A),
    steps: [
      { rotations: chain(AB), expect: 'accepted' },
      { bundle: byB(2), expect: 'accepted' },
    ],
  },
  {
    name: 'after a rotation the old key signs no more',
    trust: firstUse(A),
    steps: rotated(
      chain(AB),
      'accepted',
      { bundle: byA(1, 2), expect: 'signature' },
      { bundle: byA(2, 2), expect: 'signature' },
      { bundle: byB(2), expect: 'accepted' },
    ),
  },
  {
    name: 'after a rotation the new key signs for its epoch only',
    trust: firstUse(A),
    steps: rotated(
      chain(AB),
      'accepted',
      { bundle: byB(1, 2), expect: 'signature' },
      { bundle: byB(3), expect: 'signature' },
    ),
  },
  {
    name: 'a chain that ends at the trusted key changes nothing',
    trust: firstUse(B, 2),
    steps: [
      { rotations: chain(AB), expect: 'accepted' },
      { bundle: byB(2), expect: 'accepted' },
    ],
  },
  {
    name: 'a rotation that the old key has not signed',
    trust: firstUse(A),
    steps: rotated(chain(rotation([A, STRANGER], 2, { record: { previous_signature: '' } })), 'signature', {
      bundle: versioned({ key: STRANGER, metadata: { bundle_epoch: 2 } }),
      expect: 'signature',
    }),
  },
  {
    name: 'a rotation that a stranger has signed for the old key',
    trust: firstUse(A),
    steps: rotated(chain({ ...rotation([STRANGER, B], 2), previous_key: A.publicKey }), 'signature'),
  },
  {
    name: 'a rotation that the new key has not signed',
    trust: firstUse(A),
    steps: rotated(chain(rotation([A, B], 2, { record: { next_signature: 'AAAA' } })), 'signature'),
  },
  {
    name: 'a rotation whose new key was swapped after signing',
    trust: firstUse(A),
    steps: rotated(chain(rotation([A, B], 2, { record: { public_key: STRANGER.publicKey } })), 'signature'),
  },
  {
    name: 'a rotation whose epoch was changed after signing',
    trust: firstUse(A),
    steps: rotated(chain(rotation([A, B], 3, { record: { epoch: 2 } })), 'signature'),
  },
  {
    name: 'a rotation that skips an epoch',
    trust: firstUse(A),
    steps: rotated(chain(rotation([A, B], 3)), 'signature'),
  },
  {
    name: 'a rotation into the past',
    trust: firstUse(A, 5),
    steps: [{ rotations: chain(rotation([A, B], 5)), expect: 'signature' }],
  },
  {
    name: 'a rotation of another project',
    trust: firstUse(A),
    steps: rotated(chain(rotation([A, B], 2, { project: 'proj_2' })), 'wrong_project'),
  },
  {
    name: 'a rotation of the future',
    trust: firstUse(A),
    steps: rotated(chain(rotation([A, B], 2, { issuedAt: NOW + 301 })), 'clock_skew', {
      bundle: byA(1),
      expect: 'accepted',
    }),
  },
  {
    name: 'a chain with a gap',
    trust: firstUse(A),
    steps: rotated(chain(AB, rotation([STRANGER, C], 3)), 'signature'),
  },
  {
    name: 'a chain that skips an epoch further on',
    trust: firstUse(A),
    steps: rotated(chain(AB, rotation([B, C], 4)), 'signature'),
  },
  {
    name: 'a chain with a fork',
    trust: firstUse(A),
    steps: rotated(chain(AB, rotation([A, C], 2)), 'signature'),
  },
  {
    name: 'a chain that comes back to a replaced key',
    trust: firstUse(A),
    steps: rotated(chain(AB, rotation([B, A], 3), rotation([A, C], 4)), 'signature'),
  },
  {
    name: 'a chain that does not start from the trusted key',
    trust: firstUse(A),
    steps: rotated(chain(rotation([STRANGER, B], 2)), 'signature'),
  },
  { name: 'an empty chain', trust: firstUse(A), steps: rotated(chain(), 'signature') },
  {
    name: 'a chain out of order',
    trust: firstUse(A),
    steps: rotated(chain(BC, AB), 'signature'),
  },
  {
    name: 'a rotation to a key of small order',
    trust: firstUse(A),
    steps: rotated(chain(rotation([A, B], 2, { record: { public_key: smallOrder } })), 'invalid_data'),
  },
  {
    name: 'a chain that lacks a field',
    trust: firstUse(A),
    steps: rotated(chain(rotation([A, B], 2, { record: { issued_at: undefined } })), 'invalid_data'),
  },
  { name: 'a chain that is no JSON', trust: firstUse(A), steps: rotated('<!doctype html>', 'invalid_data') },
  {
    name: 'pinned keys follow no chain',
    trust: pinned(A),
    steps: rotated(chain(AB), 'signature', { bundle: byB(2), expect: 'signature' }),
  },
];
