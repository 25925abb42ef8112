import type { BenchCase, BenchGroup } from './bench-case.ts';

/** How long is measured. */
export interface SampleOptions {
  /** Batches of each case. */
  readonly rounds: number;
  /** Milliseconds that a batch should take. Default: 2. */
  readonly batchMs?: number;
}

/** The batches of each case of a group, in nanoseconds per call and in the order of the rounds. */
export type Samples = readonly (readonly number[])[];

const MOST_CALLS = 2 ** 24;

// Time that other processes take counts as wall time only, work of other threads (garbage collection,
// compilation) as processor time only: the smaller of the two is nearest to what the calls cost.
async function charge({ run }: BenchCase, times: number): Promise<number> {
  const wallBefore = process.hrtime.bigint();
  const cpuBefore = process.cpuUsage();
  await run(times);
  const { user, system } = process.cpuUsage(cpuBefore);
  const wall = Number(process.hrtime.bigint() - wallBefore);
  return Math.min(wall, (user + system) * 1000);
}

async function callsPerBatch(benchCase: BenchCase, batchNs: number): Promise<number> {
  const { leastCalls = 1 } = benchCase;
  for (let calls = leastCalls; calls < MOST_CALLS; calls *= 2) {
    const cost = await charge(benchCase, calls);
    if (cost >= batchNs / 2) return Math.max(leastCalls, Math.round((calls * batchNs) / cost));
  }
  return MOST_CALLS;
}

// One disturbance while a batch is small would end the search early, so it is done twice.
async function calibrate(benchCase: BenchCase, batchNs: number): Promise<number> {
  const first = await callsPerBatch(benchCase, batchNs);
  return Math.max(first, await callsPerBatch(benchCase, batchNs));
}

// In another order each time, so that none always pays for the garbage of the same neighbour.
function shuffled(count: number): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last -= 1) {
    const chosen = Math.floor(Math.random() * (last + 1));
    [order[last], order[chosen]] = [order[chosen] as number, order[last] as number];
  }
  return order;
}

async function sampleGroup({ cases }: BenchGroup, calls: readonly number[], rounds: number): Promise<Samples> {
  const samples = cases.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const index of shuffled(cases.length)) {
      const times = calls[index] ?? 1;
      samples[index]?.push((await charge(cases[index] as BenchCase, times)) / times);
    }
  }
  return samples;
}

/**
 * Measures groups of cases: short batches, the cases of a group in turns. Every case is warm before the
 * first is measured, because functions that they share are compiled anew for what comes later.
 */
export async function sampleGroups(groups: readonly BenchGroup[], options: SampleOptions): Promise<readonly Samples[]> {
  const { rounds, batchMs = 2 } = options;
  const batchNs = batchMs * 1_000_000;
  const warmed: number[][] = [];
  for (const group of groups) {
    const calls: number[] = [];
    for (const benchCase of group.cases) calls.push(await calibrate(benchCase, batchNs));
    await sampleGroup(group, calls, Math.ceil(rounds / 4));
    warmed.push(calls);
  }
  const results: Samples[] = [];
  for (const [index, group] of groups.entries()) {
    const calls: number[] = [];
    for (const [place, benchCase] of group.cases.entries())
      calls.push(Math.max(warmed[index]?.[place] ?? 1, await calibrate(benchCase, batchNs)));
    results.push(await sampleGroup(group, calls, rounds));
  }
  return results;
}
