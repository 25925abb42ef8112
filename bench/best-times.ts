import { LoopWatch } from './loop-watch.ts';
import type { Table } from './table.ts';

const UNIT = 'JSON.parse';

/**
 * Milliseconds by what took them, and as multiples of JSON.parse. What neighbours on the machine take is wall time
 * here, so the best of several turns counts.
 */
export class BestTimes {
  readonly #best = new Map<string, number>();

  note(name: string, ms: number): void {
    this.#best.set(name, Math.min(ms, this.#best.get(name) ?? Infinity));
  }

  async time<Result>(name: string, work: () => Result | Promise<Result>): Promise<Result> {
    const start = performance.now();
    const result = await work();
    this.note(name, performance.now() - start);
    return result;
  }

  /** What everything else is compared with. */
  parse(text: string): unknown {
    const start = performance.now();
    const document: unknown = JSON.parse(text);
    this.note(UNIT, performance.now() - start);
    return document;
  }

  /** Does work that pauses, beside what it took before, and looks for how long it does not pause. */
  async watch(name: string, work: () => Promise<unknown>, beforeMs: number = 0): Promise<void> {
    const watch = new LoopWatch();
    const start = performance.now();
    watch.start();
    await work();
    this.note(name, beforeMs + performance.now() - start);
    watch.stop();
    this.note('longest block of the event loop', watch.longestMs);
  }

  table(title: string): Table {
    const unit = this.#best.get(UNIT) ?? Number.NaN;
    const rows = [...this.#best].map(([name, ms]): Table['rows'][number] => [name, ms, ms / unit]);
    return { title, columns: ['ms', `/ ${UNIT}`], rows };
  }
}
