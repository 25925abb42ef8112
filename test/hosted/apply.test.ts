import { expect, test } from 'vitest';

import { verifyBundle } from '../../src/bundle/verify-bundle.ts';
import type { Rule } from '../../src/index.ts';
import { NOW, PROJECT, PROJECT_KEY, bundleOf, firstUse, keyOf } from '../support/bundle-stage.ts';

const RULES = 1000;
const ROUNDS = 30;

function median(times: readonly number[]): number {
  return times.toSorted((left, right) => left - right)[Math.floor(times.length / 2)] ?? 0;
}

async function time(work: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return median(times);
}

test('a bundle of a thousand rules is applied in a small multiple of the time that JSON.parse takes', async () => {
  const rules = Array.from({ length: RULES }, (_, index): Rule => ({
    id: `rule-${index}`,
    effect: index % 3 === 0 ? 'deny' : 'allow',
    action: 'llm.generate',
    resource: `model/vendor-${index}/*`,
    conditions: { agent_id: `team-${index % 20}-*` },
    reason: `Rule number ${index}.`,
  }));
  const key = await keyOf(1);
  const bundle = await bundleOf({ rules }, key);
  const json = JSON.stringify({ policies: [{ name: 'p', rules }] });
  const options = {
    trust: firstUse(key),
    projectKey: PROJECT_KEY,
    projectId: PROJECT,
    sdkVersion: '1.0.0',
    now: NOW,
  };
  const apply = await time(async () => verifyBundle(bundle, options));
  const parse = await time(() => JSON.parse(json) as unknown);
  const { compiled } = await verifyBundle(bundle, options);
  console.log(
    JSON.stringify({
      rules: RULES,
      bundleBytes: bundle.length,
      applyMs: apply,
      ratioToJsonParse: Math.round(apply / parse),
    }),
  );
  expect(compiled.rules).toHaveLength(RULES);
  // Far above what is measured: this guards against another order of growth, not against a slow machine.
  expect(apply / parse).toBeLessThan(150);
});
