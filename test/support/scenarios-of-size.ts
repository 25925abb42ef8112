import type { BundleChanges, Scenario, ScenarioStep } from './bundle-scenario.ts';
import { A, B, chain, firstUse, rotation, versioned } from './bundle-scenario.ts';

const trust = firstUse(A, 1);
const one = (name: string, step: ScenarioStep): Scenario => ({ name, trust, steps: [step] });

const manyRules = (count: number): BundleChanges => {
  const rule = { effect: 'deny', actions: ['x'] };
  return { policies: [{ name: 'many', rules: Array.from({ length: count }, () => rule) }] };
};

const unsigned = rotation([A, B], 2, { record: { previous_signature: '', next_signature: '' } });

/** Limits whose cases are too large for the JSON files. */
export const SIZE_SCENARIOS: readonly Scenario[] = [
  one('10,000 rules', { bundle: versioned(manyRules(10_000)), expect: 'accepted' }),
  one('10,001 rules', { bundle: versioned(manyRules(10_001)), expect: 'too_large' }),
  one('more than 16 MiB', { bundle: Buffer.alloc(16 * 1024 * 1024 + 1).toString('base64'), expect: 'too_large' }),
  one('16 MiB of nothing', { bundle: Buffer.alloc(16 * 1024 * 1024).toString('base64'), expect: 'invalid_data' }),
  one('a chain of 257 rotations', {
    rotations: chain(...Array.from({ length: 257 }, () => unsigned)),
    expect: 'too_large',
  }),
  one('a chain of more than 512 KiB', { rotations: ' '.repeat(512 * 1024 + 1), expect: 'too_large' }),
];
