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
// Only the text: whatever else is alive would share its strings with what is measured.
const text = JSON.stringify(toPolicy(mixedRules(count)));

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

function check(document: unknown): ReturnType<typeof parsePolicy> {
  return parsePolicy(document, { origin: 'a bench' });
}

// In a function of its own, so that nothing but what it gives back stays alive.
function compiled(document: unknown): ReturnType<typeof compilePolicy> {
  return compilePolicy(check(document), 'bench');
}

async function measureTimes(): Promise<Pick<Footprint, 'jsonMs' | 'checkMs' | 'compileMs'>> {
  const document: unknown = JSON.parse(text);
  const parsed = check(document);
  return {
    jsonMs: await fastest(times, () => JSON.parse(text) as unknown),
    checkMs: await fastest(times, () => check(document)),
    compileMs: await fastest(times, () => compilePolicy(parsed, 'bench')),
  };
}

async function ours(): Promise<Footprint> {
  const measured = await measureTimes();
  const before = heap();
  const document: unknown = JSON.parse(text);
  const between = heap();
  const policy = compiled(document);
  const after = heap();
  if (policy.rules.length !== count || document === undefined) throw new Error('Not all of it is there.');
  return { ...measured, parsedBytes: (between - before) / count, bytes: (after - between) / count };
}

async function theirs(name: string): Promise<Footprint> {
  const peer = ALL_PEERS.find((one) => one.name === name);
  if (!peer) throw new Error(`There is no ${name}.`);
  const rules = mixedRules(count);
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
