import type { Scenario } from './bundle-scenario.ts';
import { A, DAY, NOW, firstUse, legacy, versioned } from './bundle-scenario.ts';

const trust = firstUse(A);
const bundle = versioned();
const YEAR = 365 * DAY;

/** Freezes, clocks, and bundles that belong elsewhere. */
export const TIME_SCENARIOS: readonly Scenario[] = [
  { name: 'a moment before it expires', trust, steps: [{ bundle, now: NOW + DAY - 1, expect: 'accepted' }] },
  {
    name: 'within five minutes after it expired',
    trust,
    steps: [{ bundle, now: NOW + DAY + 299, expect: 'accepted' }],
  },
  { name: 'five minutes after it expired', trust, steps: [{ bundle, now: NOW + DAY + 300, expect: 'expired' }] },
  {
    name: 'a server that is frozen',
    trust,
    steps: [
      { bundle, expect: 'accepted' },
      { bundle, now: NOW + 2 * DAY, expect: 'expired' },
      { bundle: versioned({ issuedAt: NOW + 2 * DAY }), now: NOW + 2 * DAY, expect: 'accepted' },
    ],
  },
  { name: 'issued five minutes ahead', trust, steps: [{ bundle, now: NOW - 300, expect: 'accepted' }] },
  { name: 'issued more than five minutes ahead', trust, steps: [{ bundle, now: NOW - 301, expect: 'clock_skew' }] },
  {
    name: 'a date of the future does not lock out the present',
    trust,
    steps: [
      { bundle: versioned({ issuedAt: NOW + YEAR, metadata: { bundle_version: 9 } }), expect: 'clock_skew' },
      { bundle, expect: 'accepted' },
    ],
  },
  {
    name: 'a clock that was ten years behind, and is set',
    trust,
    steps: [
      { bundle, now: NOW - 10 * YEAR, expect: 'clock_skew' },
      { bundle, expect: 'accepted' },
    ],
  },
  {
    name: 'a clock that is ten years ahead, and is set',
    trust,
    steps: [
      { bundle, now: NOW + 10 * YEAR, expect: 'expired' },
      { bundle, expect: 'accepted' },
    ],
  },
  {
    name: 'a header of the future over metadata of the present',
    trust,
    steps: [{ bundle: versioned({ bundle: { header: { createdAt: BigInt(NOW + 301) } } }), expect: 'clock_skew' }],
  },
  {
    name: 'legacy: made in the future',
    trust,
    steps: [{ bundle: legacy({ issuedAt: NOW + 301 }), expect: 'clock_skew' }],
  },
  {
    name: 'legacy: never expires by itself',
    trust,
    steps: [{ bundle: legacy(), now: NOW + YEAR, expect: 'accepted' }],
  },
  {
    name: 'legacy: expires when it says so',
    trust,
    steps: [{ bundle: legacy({ metadata: { expires_at: NOW + 60 } }), now: NOW + DAY, expect: 'expired' }],
  },
  {
    name: 'expires before it was issued',
    trust,
    steps: [{ bundle: versioned({ metadata: { expires_at: NOW } }), expect: 'invalid_data' }],
  },
  {
    name: 'of another project',
    trust,
    steps: [{ bundle: versioned({ metadata: { project_id: 'proj_2' } }), expect: 'wrong_project' }],
  },
  {
    name: 'legacy: of another project',
    trust,
    steps: [{ bundle: legacy({ payload: { project_id: 'proj_2' } }), expect: 'wrong_project' }],
  },
  {
    name: 'legacy: of a project that it does not name',
    trust,
    steps: [{ bundle: legacy({ payload: { project_id: null } }), expect: 'accepted' }],
  },
  {
    name: 'of two projects',
    trust,
    steps: [{ bundle: versioned({ payload: { project_id: 'proj_2' } }), expect: 'invalid_data' }],
  },
  {
    name: 'of the environment that is expected',
    trust,
    steps: [{ bundle: versioned({ metadata: { environment: 'prod' } }), environment: 'prod', expect: 'accepted' }],
  },
  {
    name: 'of another environment',
    trust,
    steps: [{ bundle: versioned({ metadata: { environment: 'dev' } }), environment: 'prod', expect: 'wrong_project' }],
  },
  {
    name: 'of no environment, where one is expected',
    trust,
    steps: [{ bundle, environment: 'prod', expect: 'wrong_project' }],
  },
  {
    name: 'of another environment than before',
    trust,
    steps: [
      { bundle: versioned({ metadata: { environment: 'prod' } }), expect: 'accepted' },
      { bundle: versioned({ metadata: { environment: 'dev', bundle_version: 2 } }), expect: 'wrong_project' },
      { bundle: versioned({ metadata: { bundle_version: 2 } }), expect: 'wrong_project' },
    ],
  },
  {
    name: 'for another audience',
    trust,
    steps: [{ bundle: versioned({ metadata: { audience: 'batch' } }), audience: 'api', expect: 'wrong_project' }],
  },
  {
    name: 'for another audience than before',
    trust,
    steps: [
      { bundle: versioned({ metadata: { audience: 'api' } }), expect: 'accepted' },
      { bundle: versioned({ metadata: { audience: 'batch', bundle_version: 2 } }), expect: 'wrong_project' },
    ],
  },
];
