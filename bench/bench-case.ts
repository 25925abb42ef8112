/** One thing that is measured. */
export interface BenchCase {
  readonly name: string;
  /** Does it so many times, one after the other, and gives the last result, so that nothing is optimized away. */
  readonly run: (times: number) => unknown;
  /** A batch is never smaller: for what is done once for each batch. Default: 1. */
  readonly leastCalls?: number;
}

/** Things that are measured together, because only then can they be compared. */
export interface BenchGroup {
  readonly title: string;
  /** The first is what the others are compared with. */
  readonly cases: readonly [BenchCase, ...BenchCase[]];
}

/** One subject. */
export interface Bench {
  /** What it is called on the command line. */
  readonly name: string;
  /** Left out of a quick run. */
  readonly isLong?: boolean;
  /** Batches of each case are never more, however many are asked for. */
  readonly mostRounds?: number;
  /** Makes what is measured. Fails when a case does not do what its name says. */
  readonly open: () => Promise<readonly BenchGroup[]>;
}

/** A case that is a synchronous call. */
export function syncCase(name: string, call: () => unknown): BenchCase {
  return {
    name,
    run: (times) => {
      let last: unknown;
      for (let count = 0; count < times; count += 1) last = call();
      return last;
    },
  };
}

/** A case that is awaited. */
export function asyncCase(name: string, call: () => Promise<unknown>): BenchCase {
  return {
    name,
    run: async (times) => {
      let last: unknown;
      for (let count = 0; count < times; count += 1) last = await call();
      return last;
    },
  };
}
