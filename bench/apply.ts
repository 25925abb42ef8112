import { activate } from '../src/sync/active-policy.ts';
import { BestTimes } from './best-times.ts';
import { toPolicy } from './engine-subject.ts';
import { mixedRules } from './engine-workload.ts';
import { HostedBundle } from './hosted-bundle.ts';
import type { Measurement, Table } from './table.ts';

const POLICY_SIZES = [10_000, 100_000];
// A bundle with more rules is refused.
const BUNDLE_SIZES = [1000, 10_000];
const QUICK_SIZES = [10_000];

const LARGE = 100_000;

function turnsFor(count: number): number {
  return count < LARGE ? 31 : 9;
}

async function policyTable(count: number): Promise<Table> {
  const text = JSON.stringify(toPolicy(mixedRules(count)));
  const best = new BestTimes();
  const turns = turnsFor(count);
  for (let turn = 0; turn < turns; turn += 1) {
    const { document, ms } = best.parse(text);
    const snapshot = { revision: 'bench', origin: 'a bench', parse: async () => ({ document }) };
    await best.watch('JSON.parse and apply', async () => activate(snapshot, { kind: 'bench', at: 0 }), ms);
  }
  return best.table(`Applying a policy in a running process, ${count} rules, the best of ${turns}`);
}

async function bundleTable(count: number): Promise<Table> {
  const policy = toPolicy(mixedRules(count));
  const text = JSON.stringify(policy);
  const bundle = await HostedBundle.of(policy);
  const best = new BestTimes();
  const turns = turnsFor(count);
  for (let turn = 0; turn < turns; turn += 1) {
    best.parse(text);
    await bundle.timeParts(best);
    await best.watch('all, from bytes to decisions', async () => bundle.apply());
  }
  return best.table(`Applying a hosted bundle in a running process, ${count} rules, the best of ${turns}`);
}

/** How long a new policy takes to apply, and how long it holds up everything else. */
export const apply: Measurement = {
  name: 'apply',
  measure: async ({ isQuick }) => {
    const tables: Table[] = [];
    for (const count of isQuick ? QUICK_SIZES : POLICY_SIZES) tables.push(await policyTable(count));
    for (const count of isQuick ? QUICK_SIZES : BUNDLE_SIZES) tables.push(await bundleTable(count));
    return tables;
  },
};
