import type { Scenario } from './bundle-scenario.ts';
import { NOW, PROJECT_KEY } from './bundle-scenario.ts';
import { FORM_SCENARIOS } from './scenarios-of-form.ts';
import { ORDER_SCENARIOS } from './scenarios-of-order.ts';
import { SIZE_SCENARIOS } from './scenarios-of-size.ts';
import { TIME_SCENARIOS } from './scenarios-of-time.ts';
import { TRUST_SCENARIOS } from './scenarios-of-trust.ts';

/** What a client knows in every scenario. Times are seconds since the epoch. */
export interface VectorFile {
  readonly description: string;
  readonly project_id: string;
  /** Base64. */
  readonly project_key: string;
  readonly now: number;
  readonly sdk_version: string;
  readonly scenarios: readonly Scenario[];
}

const fileOf = (description: string, scenarios: readonly Scenario[]): VectorFile => ({
  description,
  project_id: 'proj_1',
  project_key: PROJECT_KEY.toString('base64'),
  now: NOW,
  sdk_version: '1.0.0',
  scenarios,
});

/** The JSON files of scenarios, by name. */
export function vectorFiles(): ReadonlyMap<string, VectorFile> {
  return new Map([
    ['bundle-trust.json', fileOf('Which keys are trusted, and how another one takes over', TRUST_SCENARIOS)],
    ['bundle-order.json', fileOf('Replays, withdrawals and two servers', ORDER_SCENARIOS)],
    ['bundle-time.json', fileOf('Freezes, clocks, and bundles that belong elsewhere', TIME_SCENARIOS)],
    ['bundle-form.json', fileOf('Layout, limits, counts and required features', FORM_SCENARIOS)],
  ]);
}

/** Scenarios that are run here only. */
export const LARGE_FILE: VectorFile = fileOf('Limits', SIZE_SCENARIOS);
