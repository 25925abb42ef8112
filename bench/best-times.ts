import { LoopWatch } from './loop-watch.ts';
import type { Table } from './table.ts';

const UNIT = 'JSON.parse';

// Neighbours on the machine take wall time, and threads beside the main one take processor time.
function startClock(): () => number {
  const start = performance.now();
  const used = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(used);
    return Math.min(performance.now() - start, (user + system) / 1000);
  };
}

/** Milliseconds by what took them, the fewest of several turns, and as multiples of JSON.parse. */
export class BestTimes {
  readonly #best = new Map<string, number>();

  note(name: string, ms: number): void {
    this.#best.set(name, Math.min(ms, this.#best.get(name) ?? Infinity));
  }

  async time<Result>(name: string, work: () => Result | Promise<Result>): Promise<Result> {
    const elapsed = startClock();
    const result = await work();
    this.note(name, elapsed());
    return result;
  }

  /** What everything else is compared with. */
  parse(text: string): { readonly document: unknown; readonly ms: number } {
    const elapsed = startClock();
    const document: unknown = JSON.parse(text);
    const ms = elapsed();
    this.note(UNIT, ms);
    return { document, ms };
  }

  /** Does work that pauses, after some that took so long, and looks for how long it does not pause. */
  async watch(name: string, work: () => Promise<unknown>, beforeMs: number = 0): Promise<void> {
    const watch = new LoopWatch();
    const elapsed = startClock();
    watch.start();
    await work();
    this.note(name, beforeMs + elapsed());
    watch.stop();
    this.note('longest block of the event loop', watch.longestMs);
  }

  table(title: string): Table {
    const unit = this.#best.get(UNIT) ?? Number.NaN;
    const rows = [...this.#best].map(([name, ms]): Table['rows'][number] => [name, ms, ms / unit]);
    return { title, columns: ['ms', `/ ${UNIT}`], rows };
  }
}
