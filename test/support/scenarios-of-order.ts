import type { BundleChanges, Scenario } from './bundle-scenario.ts';
import { A, B, DAY, NOW, chain, firstUse, legacy, policyNamed, rotation, versioned } from './bundle-scenario.ts';

const trust = firstUse(A);
const other = [policyNamed('gpt-4o')];

const at = (version: number, changes: BundleChanges = {}): string =>
  versioned({ ...changes, metadata: { bundle_version: version, ...changes.metadata } });

const inEpochTwo = (version: number, metadata: object = {}): string =>
  versioned({ key: B, metadata: { bundle_epoch: 2, bundle_version: version, ...metadata } });

const toB = { rotations: chain(rotation([A, B], 2)), expect: 'accepted' };

/** Replays, withdrawals and two servers. */
export const ORDER_SCENARIOS: readonly Scenario[] = [
  {
    name: 'a newer version, then the older one again',
    trust,
    steps: [
      { bundle: at(1), expect: 'accepted' },
      { bundle: at(2, { policies: other }), expect: 'accepted' },
      { bundle: at(1), expect: 'rollback' },
      { bundle: at(2, { policies: other }), expect: 'accepted' },
    ],
  },
  {
    name: 'the same version signed anew',
    trust,
    steps: [
      { bundle: at(3), expect: 'accepted' },
      { bundle: at(3, { issuedAt: NOW + DAY }), now: NOW + DAY, expect: 'accepted' },
    ],
  },
  {
    name: 'the same version with another content',
    trust,
    steps: [
      { bundle: at(3), expect: 'accepted' },
      { bundle: at(3, { policies: other }), expect: 'equivocation' },
      { bundle: at(3), expect: 'accepted' },
    ],
  },
  {
    name: 'the same version with another default',
    trust,
    steps: [
      { bundle: at(3), expect: 'accepted' },
      { bundle: at(3, { payload: { default_action: 'allow' } }), expect: 'equivocation' },
    ],
  },
  {
    name: 'old rules under a new version',
    trust,
    steps: [
      { bundle: at(1), expect: 'accepted' },
      { bundle: at(2, { policies: other }), expect: 'accepted' },
      { bundle: at(3), expect: 'accepted' },
    ],
  },
  {
    name: 'a jump to the highest version ends with a new epoch',
    trust,
    steps: [
      { bundle: at(Number.MAX_SAFE_INTEGER), expect: 'accepted' },
      { bundle: at(5), expect: 'rollback' },
      toB,
      { bundle: inEpochTwo(5), expect: 'accepted' },
      { bundle: inEpochTwo(6), expect: 'accepted' },
      { bundle: inEpochTwo(5), expect: 'rollback' },
    ],
  },
  {
    name: 'an empty project replayed',
    trust,
    steps: [
      { bundle: at(1, { policies: [], payload: { default_on_empty: 'observe' } }), expect: 'accepted' },
      { bundle: at(2), expect: 'accepted' },
      { bundle: at(1, { policies: [], payload: { default_on_empty: 'observe' } }), expect: 'rollback' },
    ],
  },
  {
    name: 'below the version that code asks for',
    trust,
    steps: [
      { bundle: at(4), min_bundle_version: 5, expect: 'rollback' },
      { bundle: at(5), min_bundle_version: 5, expect: 'accepted' },
    ],
  },
  {
    name: 'a version that withdraws itself',
    trust,
    steps: [{ bundle: at(4, { metadata: { revoked_before: 5 } }), expect: 'rollback' }],
  },
  {
    name: 'a version that withdraws those before it',
    trust,
    steps: [
      { bundle: at(5, { metadata: { revoked_before: 5 } }), expect: 'accepted' },
      { bundle: at(4), expect: 'rollback' },
      { bundle: at(5), expect: 'accepted' },
    ],
  },
  {
    name: 'withdrawals do not reach into the next epoch',
    trust,
    steps: [
      { bundle: at(9, { metadata: { revoked_before: 9 } }), expect: 'accepted' },
      toB,
      { bundle: inEpochTwo(1), expect: 'accepted' },
      { bundle: inEpochTwo(3, { revoked_before: 3 }), expect: 'accepted' },
      { bundle: inEpochTwo(2), expect: 'rollback' },
    ],
  },
  {
    name: 'what is refused moves nothing',
    trust,
    steps: [
      { bundle: at(1), expect: 'accepted' },
      { bundle: at(9, { issuedAt: NOW - 2 * DAY }), expect: 'expired' },
      {
        bundle: at(9, { policies: [{ name: 'x', rules: [{ effect: 'allow', actions: ['['] }] }] }),
        expect: 'invalid_data',
      },
      { bundle: at(9, { metadata: { project_id: 'proj_2' } }), expect: 'wrong_project' },
      { bundle: at(2, { policies: other }), expect: 'accepted' },
    ],
  },
  {
    name: 'legacy: made before the one accepted last',
    trust,
    steps: [
      { bundle: legacy({ issuedAt: NOW - 10 }), expect: 'accepted' },
      { bundle: legacy({ issuedAt: NOW - 11 }), expect: 'rollback' },
    ],
  },
  {
    name: 'legacy: made in the same second, with another content',
    trust,
    steps: [
      { bundle: legacy(), expect: 'accepted' },
      { bundle: legacy({ policies: other }), expect: 'accepted' },
    ],
  },
  {
    name: 'legacy: after a bundle with a version',
    trust,
    steps: [
      { bundle: at(1), expect: 'accepted' },
      { bundle: legacy({ issuedAt: NOW + 60 }), expect: 'rollback' },
    ],
  },
  {
    name: 'legacy: a server that starts to give versions',
    trust,
    steps: [
      { bundle: legacy({ issuedAt: NOW - DAY }), expect: 'accepted' },
      { bundle: at(1), expect: 'accepted' },
      { bundle: legacy(), expect: 'rollback' },
    ],
  },
  {
    name: 'legacy: a bundle with a version from before it',
    trust,
    steps: [
      { bundle: legacy(), expect: 'accepted' },
      { bundle: at(1, { issuedAt: NOW - 60 }), expect: 'rollback' },
    ],
  },
  {
    name: 'legacy: where code asks for a version',
    trust,
    steps: [{ bundle: legacy(), min_bundle_version: 0, expect: 'rollback' }],
  },
];
