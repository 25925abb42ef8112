// One engine, one size, a process of its own: prints what compiling takes and what stays in memory.
import { compilePolicy } from '../src/engine/compile.ts';
import { parsePolicy } from '../src/policy/parse.ts';
import { toPolicy } from './engine-subject.ts';
import { mixedRules } from './engine-workload.ts';
import { ALL_PEERS } from './peers/all-peers.ts';

/** What such a process prints. */
export interface Footprint {
  readonly jsonMs: number;
  readonly parsedBytes: number;
  /** Checking the document. Peers check nothing. */
  readonly checkMs: number;
  readonly compileMs: number;
  readonly bytes: number;
}

const [, , engine = '', size = ''] = process.argv;
const count = Number(size);
const rules = mixedRules(count);
const text = JSON.stringify(toPolicy(rules));

function heap(): number {
  for (let turn = 0; turn < 4; turn += 1) globalThis.gc?.();
  return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
}

async function timed<Result>(work: () => Result | Promise<Result>): Promise<readonly [ms: number, result: Result]> {
  const start = process.hrtime.bigint();
  const result = await work();
  return [Number(process.hrtime.bigint() - start) / 1e6, result];
}

// Warm, as in a process that has read a policy before; the fastest of a few.
async function fastest<Result>(times: number, work: () => Result | Promise<Result>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < times; turn += 1) best = Math.min(best, (await timed(work))[0]);
  return best;
}

const times = Math.max(3, Math.min(50, Math.floor(200_000 / count)));

async function ours(): Promise<Footprint> {
  const document: unknown = JSON.parse(text);
  const parse = (): ReturnType<typeof parsePolicy> => parsePolicy(document, { origin: 'a bench' });
  const parsed = parse();
  const jsonMs = await fastest(times, () => JSON.parse(text) as unknown);
  const checkMs = await fastest(times, parse);
  const compileMs = await fastest(times, () => compilePolicy(parsed, 'bench'));
  const before = heap();
  const kept: unknown[] = [JSON.parse(text)];
  const between = heap();
  kept.push(compilePolicy(parsePolicy(kept[0], { origin: 'a bench' }), 'bench'));
  const after = heap();
  if (kept.length !== 2) throw new Error('Nothing is kept.');
  return { jsonMs, checkMs, compileMs, parsedBytes: (between - before) / count, bytes: (after - between) / count };
}

async function theirs(name: string): Promise<Footprint> {
  const peer = ALL_PEERS.find((one) => one.name === name);
  if (!peer) throw new Error(`There is no ${name}.`);
  await peer.open(mixedRules(4));
  const jsonMs = await fastest(times, () => JSON.parse(text) as unknown);
  const before = heap();
  // Some compile when they are asked for the first time, so every engine is asked once.
  const ask = { action: 'llm.generate', resource: 'model/none', context: { agent_id: 'nobody' } };
  const [compileMs, decide] = await timed(async () => {
    const opened = await peer.open(rules);
    await opened(ask);
    return opened;
  });
  const after = heap();
  await decide(ask);
  return { jsonMs, checkMs: 0, compileMs, parsedBytes: 0, bytes: (after - before) / count };
}

console.log(JSON.stringify(engine === 'ours' ? await ours() : await theirs(engine)));
process.exit();
