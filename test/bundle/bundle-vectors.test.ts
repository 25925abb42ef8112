import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import type { HighWaterMark } from '../../src/bundle/high-water-mark.ts';
import { readMark } from '../../src/bundle/high-water-mark.ts';
import type { KeyTrust } from '../../src/bundle/key-trust.ts';
import { readTrust } from '../../src/bundle/key-trust.ts';
import { followRotations } from '../../src/bundle/rotation-chain.ts';
import type { VerifyBundleOptions } from '../../src/bundle/verify-bundle.ts';
import { verifyBundle } from '../../src/bundle/verify-bundle.ts';
import { BundleRefusedError } from '../../src/index.ts';
import type { Scenario, ScenarioStep } from '../support/bundle-scenario.ts';
import type { VectorFile } from '../support/bundle-vectors.ts';
import { LARGE_FILE, vectorFiles } from '../support/bundle-vectors.ts';

interface State {
  readonly trust: KeyTrust;
  readonly mark: HighWaterMark | undefined;
}

const read = (name: string): VectorFile =>
  JSON.parse(readFileSync(fileURLToPath(new URL(`../conformance/${name}`, import.meta.url)), 'utf8')) as VectorFile;

function optionsOf(
  file: VectorFile,
  step: Extract<ScenarioStep, { bundle: string }>,
  state: State,
): VerifyBundleOptions {
  return {
    now: (step.now ?? file.now) * 1000,
    projectId: file.project_id,
    projectKey: Buffer.from(step.project_key ?? file.project_key, 'base64'),
    sdkVersion: file.sdk_version,
    trust: state.trust,
    ...(state.mark && { mark: state.mark }),
    ...(step.environment !== undefined && { environment: step.environment }),
    ...(step.audience !== undefined && { audience: step.audience }),
    ...(step.min_bundle_version !== undefined && { minBundleVersion: step.min_bundle_version }),
  };
}

async function apply(file: VectorFile, step: ScenarioStep, state: State): Promise<State> {
  const now = (step.now ?? file.now) * 1000;
  if ('rotations' in step) {
    const bytes = new TextEncoder().encode(step.rotations);
    return { ...state, trust: await followRotations(state.trust, bytes, { projectId: file.project_id, now }) };
  }
  const { trust, mark } = await verifyBundle(Buffer.from(step.bundle, 'base64'), optionsOf(file, step, state));
  // Remembered as a client does: written out and read back.
  const [kept, keptMark] = [readTrust(JSON.parse(JSON.stringify(trust))), readMark(JSON.parse(JSON.stringify(mark)))];
  expect([kept, keptMark]).toEqual([trust, mark]);
  return { trust, mark };
}

const names = [...vectorFiles().keys()];

test('there are scenarios enough to be worth running elsewhere, and each has a name of its own', () => {
  const all = names.flatMap((name) => read(name).scenarios.map((scenario) => `${name}: ${scenario.name}`));
  expect(all.length).toBeGreaterThanOrEqual(140);
  expect(new Set(all).size).toBe(all.length);
  const named = names.filter((name) => name !== 'bundle-form.json').flatMap((name) => read(name).scenarios);
  expect(named.length).toBeGreaterThanOrEqual(80);
});

test.each(names)('%s holds what is generated today', (name) => {
  const generated: unknown = JSON.parse(JSON.stringify(vectorFiles().get(name)));
  expect(read(name), 'npm run vectors').toEqual(generated);
});

async function outcomesOf(file: VectorFile, scenario: Scenario): Promise<readonly string[]> {
  let state: State = { trust: scenario.trust as KeyTrust, mark: undefined };
  const outcomes: string[] = [];
  for (const step of scenario.steps) {
    const outcome = await apply(file, step, state).catch((error: unknown) => error);
    if (outcome instanceof Error && !(outcome instanceof BundleRefusedError)) throw outcome;
    outcomes.push(outcome instanceof BundleRefusedError ? outcome.kind : 'accepted');
    if (!(outcome instanceof Error)) state = outcome as State;
  }
  return outcomes;
}

describe.each([...names.map(read), LARGE_FILE])('$description', (file) => {
  test.each(file.scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', async (_, scenario) => {
    expect(await outcomesOf(file, scenario)).toEqual(scenario.steps.map((step) => step.expect));
  });
});
