import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { ControlZero } from '../../src/index.ts';
import type { ScaledClock } from './scaled-clock.ts';
import { createScaledClock } from './scaled-clock.ts';
import { silentLogger } from './silent-logger.ts';
import type { SoakNews, SoakOrder } from './soak-plane.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** How long, how many, how fast. */
export interface SoakOptions {
  readonly clients: number;
  /** Minutes on the clock of the clients. */
  readonly minutes: number;
  /** Minutes before that, until as many clients are failing as ever will be. */
  readonly warmUpMinutes: number;
  /** How many of their seconds pass in a real one. */
  readonly factor: number;
  /** Share of requests that go wrong. */
  readonly faults: number;
}

/** What came of it. */
export interface SoakResult {
  readonly decisions: number;
  /** Decisions that no version that was published so far would have made. */
  readonly wrong: number;
  /** How often a client went back to an older version. */
  readonly regressions: number;
  readonly strays: number;
  readonly requests: number;
  readonly faults: number;
  /** Pulls, against one for each client and interval and one at the start. */
  readonly pullRatio: number;
  /** Clients with the newest version, some time after the faults ended. */
  readonly current: number;
  /** Per minute on the clock of the clients. */
  readonly heapMegabytesPerMinute: number;
  readonly timersLeft: number;
  readonly socketsLeft: number;
}

const MINUTE = 60_000;
const STEP_MS = 20;
const SETTLED_MS = 300;
const SAMPLES = 60;
const SLEEP_MS = 7 * MINUTE;
const MOST_TURNS = 1000;

const requestOf = (model: string): { action: string; resource: string } => ({
  action: 'llm.generate',
  resource: `model/${model}`,
});

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/**
 * How a value grows, between the lowest points of the two halves of a series. Work under way comes and
 * goes; what leaks stays at the bottom.
 */
function growth(points: readonly (readonly [x: number, y: number])[]): number {
  const lowest = (half: typeof points): number => Math.min(...half.map(([, value]) => value));
  const middle = Math.floor(points.length / 2);
  const halfTime = ((points.at(-1)?.[0] ?? 0) - (points[0]?.[0] ?? 0)) / 2;
  return (lowest(points.slice(middle)) - lowest(points.slice(0, middle))) / halfTime;
}

class Soak {
  readonly clients: readonly ControlZero[];
  readonly #seen = new Map<ControlZero, number>();
  readonly #heap: [number, number][] = [];
  readonly #plane: Plane;
  readonly #clock: ScaledClock;
  decisions = 0;
  wrong = 0;
  regressions = 0;

  constructor(count: number, clock: ScaledClock, plane: Plane) {
    this.#plane = plane;
    this.#clock = clock;
    const { apiKey, url: baseUrl } = plane.news;
    const common = { apiKey, baseUrl, hints: false, logger: silentLogger, cacheDir: temporaryFolder() };
    this.clients = Array.from({ length: count }, () => new ControlZero(common, clock));
  }

  /** Looks what every client decides by, and whether anybody ever published that. */
  judge(): void {
    const { published } = this.#plane.news;
    for (const cz of this.clients) {
      // The first version of the control plane is empty.
      const version = (cz.status().policy?.version ?? 0) - 1;
      const [mine, next, never] = [`v${version}`, `v${published + 1}`, 'never'].map(
        (model) => cz.evaluate(requestOf(model)).allowed,
      );
      this.decisions += 3;
      if (next || never || version > published || mine !== version > 0) this.wrong += 1;
      if (version < (this.#seen.get(cz) ?? 0)) this.regressions += 1;
      this.#seen.set(cz, version);
    }
  }

  sampleHeap(): void {
    collectGarbage();
    this.#heap.push([this.#clock.elapsed() / MINUTE, process.memoryUsage().heapUsed / 1024 / 1024]);
  }

  get heapGrowth(): number {
    return growth(this.#heap);
  }

  get current(): number {
    const newest = requestOf(`v${this.#plane.news.published}`);
    return this.clients.filter((cz) => cz.evaluate(newest).allowed).length;
  }
}

interface Plane {
  news: SoakNews;
  order(order: SoakOrder): void;
}

async function startPlane({ factor, faults }: SoakOptions): Promise<Plane> {
  const child = fork(fileURLToPath(new URL('soak-plane.ts', import.meta.url)), [String(factor), String(faults)]);
  const news = await new Promise<SoakNews>((resolve) => child.once('message', (first) => resolve(first as SoakNews)));
  const plane: Plane = { news, order: (order) => child.send(order) };
  child.on('message', (next) => {
    plane.news = next as SoakNews;
  });
  return plane;
}

async function wait(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Starts without faults: what the true key has signed is believed at first sight, and some faults are signed by it. */
async function begin({ clients }: Soak): Promise<void> {
  await Promise.all(clients.map(async (cz) => cz.initialize({ timeoutMs: 20_000 }).catch(() => undefined)));
  while (!clients.every((cz) => cz.status().usable)) await wait(STEP_MS);
}

interface Stretch {
  readonly clock: ScaledClock;
  readonly minutes: number;
  readonly samples: number;
}

async function live(soak: Soak, plane: Plane, { clock, minutes, samples }: Stretch): Promise<void> {
  const start = clock.elapsed();
  let [sampled, publishedAt] = [0, start];
  for (let passed = 0; passed < minutes * MINUTE; passed = clock.elapsed() - start) {
    soak.judge();
    if (clock.elapsed() - publishedAt > MINUTE) {
      publishedAt = clock.elapsed();
      plane.order('publish');
    }
    if (passed > (sampled * minutes * MINUTE) / samples) {
      soak.sampleHeap();
      sampled += 1;
    }
    await wait(STEP_MS);
  }
}

/** Lets many clients live with a control plane of which much goes wrong. */
export async function soakRun(options: SoakOptions): Promise<SoakResult> {
  const strays: unknown[] = [];
  const note = (error: unknown): void => void strays.push(error);
  process.on('unhandledRejection', note);
  const clock = createScaledClock(options.factor);
  const plane = await startPlane(options);
  const soak = new Soak(options.clients, clock, plane);
  await begin(soak);
  plane.order('strike');
  await live(soak, plane, { clock, minutes: options.warmUpMinutes, samples: 0 });
  await live(soak, plane, { clock, minutes: options.minutes, samples: SAMPLES });
  plane.order('heal');
  await wait(SETTLED_MS);
  const { pulls, requests, faults } = plane.news;
  // The process sleeps for longer than anybody waits, and the next decision of each makes it look again.
  clock.jump(SLEEP_MS);
  for (let turn = 0; turn < MOST_TURNS && soak.current < options.clients; turn += 1) await wait(STEP_MS);
  soak.judge();
  const { current } = soak;
  await Promise.all(soak.clients.map(async (cz) => cz.close()));
  plane.order('end');
  await wait(SETTLED_MS);
  process.off('unhandledRejection', note);
  return {
    decisions: soak.decisions,
    wrong: soak.wrong,
    regressions: soak.regressions,
    strays: strays.length,
    requests,
    faults,
    pullRatio: Math.round((pulls / (options.clients * (options.warmUpMinutes + options.minutes + 1))) * 100) / 100,
    current,
    heapMegabytesPerMinute: Math.round(soak.heapGrowth * 100) / 100,
    timersLeft: clock.timers,
    socketsLeft: process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length,
  };
}
