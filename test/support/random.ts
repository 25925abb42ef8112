/** Random numbers from a seed, so that a run can be repeated. */
export interface Random {
  /** From 0 up to, and without, the limit. */
  below(limit: number): number;
  pick<T>(list: readonly T[]): T;
  /** True with a chance of one in so many. */
  oneIn(times: number): boolean;
}

/** A generator of 32 bits of state: small, fast, and good enough to choose test cases. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const below = (limit: number): number => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * limit);
  };
  return {
    below,
    pick: (list) => list[below(list.length)] as (typeof list)[number],
    oneIn: (times) => below(times) === 0,
  };
}
