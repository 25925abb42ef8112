import { activate } from '../src/sync/active-policy.ts';
import { toPolicy } from './engine-subject.ts';
import { mixedRules } from './engine-workload.ts';
import type { Measurement, Table } from './table.ts';

// What neighbours on the machine take is wall time here, so the best of several turns counts.
const TURNS = 9;

interface Applied {
  readonly jsonMs: number;
  readonly applyMs: number;
  readonly longestBlockMs: number;
}

// Looks at the clock as often as the event loop lets it.
class LoopWatch {
  longestMs = 0;
  #last = performance.now();
  #isOn = true;

  start(): void {
    setImmediate(() => {
      this.#look();
      if (this.#isOn) this.start();
    });
  }

  stop(): void {
    this.#look();
    this.#isOn = false;
  }

  #look(): void {
    const now = performance.now();
    this.longestMs = Math.max(this.longestMs, now - this.#last);
    this.#last = now;
  }
}

async function applyOnce(text: string): Promise<Applied> {
  const start = performance.now();
  const document: unknown = JSON.parse(text);
  const jsonMs = performance.now() - start;
  const watch = new LoopWatch();
  watch.start();
  const applied = performance.now();
  await activate({ revision: 'bench', origin: 'a bench', parse: async () => ({ document }) }, { kind: 'bench', at: 0 });
  const applyMs = performance.now() - applied;
  watch.stop();
  return { jsonMs, applyMs, longestBlockMs: watch.longestMs };
}

async function tableOf(count: number): Promise<Table> {
  const text = JSON.stringify(toPolicy(mixedRules(count)));
  const turns: Applied[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) turns.push(await applyOnce(text));
  const jsonMs = Math.min(...turns.map((turn) => turn.jsonMs));
  const applyMs = Math.min(...turns.map((turn) => turn.applyMs));
  const blockMs = Math.min(...turns.map((turn) => turn.longestBlockMs));
  return {
    title: `Applying a policy in a running process, ${count} rules, the best of ${TURNS}`,
    columns: ['ms', '/ JSON.parse'],
    rows: [
      ['JSON.parse', jsonMs, 1],
      ['JSON.parse and apply', jsonMs + applyMs, (jsonMs + applyMs) / jsonMs],
      ['longest block of the event loop', blockMs, blockMs / jsonMs],
    ],
  };
}

/** How long a new policy takes to apply, and how long it holds up everything else. */
export const apply: Measurement = {
  name: 'apply',
  measure: async ({ isQuick }) => {
    const tables: Table[] = [];
    for (const count of isQuick ? [10_000] : [10_000, 100_000]) tables.push(await tableOf(count));
    return tables;
  },
};
