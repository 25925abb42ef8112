/** The seed of a random test: `FUZZ_SEED`, or a new one. Print it, so that a run can be repeated. */
export function fuzzSeed(): number {
  const given = process.env['FUZZ_SEED'];
  return given === undefined ? Math.floor(Math.random() * 0x7f_ff_ff_ff) : Number(given);
}
