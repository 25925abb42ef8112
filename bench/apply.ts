import { activate } from '../src/sync/active-policy.ts';
import { BestTimes } from './best-times.ts';
import { toPolicy } from './engine-subject.ts';
import { mixedRules } from './engine-workload.ts';
import { HostedBundle } from './hosted-bundle.ts';
import type { Measurement, Table } from './table.ts';

interface Size {
  readonly count: number;
  readonly turns: number;
}

const POLICIES: readonly Size[] = [
  { count: 10_000, turns: 31 },
  { count: 100_000, turns: 9 },
];
// A bundle with more rules is refused.
const BUNDLES: readonly Size[] = [
  { count: 1000, turns: 31 },
  { count: 10_000, turns: 31 },
];
const QUICK: readonly Size[] = [{ count: 10_000, turns: 9 }];

async function policyTable({ count, turns }: Size): Promise<Table> {
  const text = JSON.stringify(toPolicy(mixedRules(count)));
  const best = new BestTimes();
  for (let turn = 0; turn < turns; turn += 1) {
    const { document, ms } = best.parse(text);
    const snapshot = { revision: 'bench', origin: 'a bench', parse: async () => ({ document }) };
    await best.watch('JSON.parse and apply', async () => activate(snapshot, { kind: 'bench', at: 0 }), ms);
  }
  return best.table(`Applying a policy in a running process, ${count} rules, the best of ${turns}`);
}

async function bundleTable({ count, turns }: Size): Promise<Table> {
  const policy = toPolicy(mixedRules(count));
  const text = JSON.stringify(policy);
  const bundle = await HostedBundle.of(policy);
  const best = new BestTimes();
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
    for (const size of isQuick ? QUICK : POLICIES) tables.push(await policyTable(size));
    for (const size of isQuick ? QUICK : BUNDLES) tables.push(await bundleTable(size));
    return tables;
  },
};
