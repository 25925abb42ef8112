// A control plane in a process of its own, of which much goes wrong: `fork('soak-plane.ts', [factor, faults])`.
import type { ControlPlaneFault } from '../../src/testing/index.ts';
import { startTestControlPlane } from '../../src/testing/index.ts';
import { createScaledClock } from './scaled-clock.ts';

/** What this process is told. */
export type SoakOrder = 'strike' | 'publish' | 'heal' | 'end';

/** What this process tells. */
export interface SoakNews {
  readonly url: string;
  readonly apiKey: string;
  /** The newest version that may be seen by now. */
  readonly published: number;
  readonly requests: number;
  readonly pulls: number;
  readonly faults: number;
}

// Without "other-content": two contents that the true key has signed under one version are both published,
// and whoever gets the second one first cannot know.
const FAULTS: readonly ControlPlaneFault[] = [
  { kind: 'status', status: 500 },
  { kind: 'status', status: 503, retryAfter: 20 },
  { kind: 'status', status: 429 },
  { kind: 'status', status: 401 },
  { kind: 'status', status: 404 },
  { kind: 'hang-before-headers' },
  { kind: 'hang-after-headers' },
  { kind: 'reset' },
  { kind: 'truncate' },
  { kind: 'wrong-length' },
  { kind: 'html' },
  { kind: 'empty' },
  { kind: 'redirect' },
  { kind: 'large-headers' },
  { kind: 'flipped-bit' },
  { kind: 'wrong-key' },
  { kind: 'older-version' },
  { kind: 'other-project' },
  { kind: 'expired' },
  { kind: 'clock-skew' },
  { kind: 'invalid-policy' },
  { kind: 'unsupported' },
];

const [factor = '1', share = '0'] = process.argv.slice(2);
const clock = createScaledClock(Number(factor));
const policyOf = (version: number): Parameters<typeof plane.publish>[0] => ({
  rules: [{ effect: 'allow', action: 'llm.generate', resource: `model/v${version}` }],
});
const plane = await startTestControlPlane({ now: () => clock.now(), validForSeconds: 86_400 });
let [published, faults, requests, pulls] = [0, 0, 0, 0];

function tell(): void {
  const news: SoakNews = { url: plane.url, apiKey: plane.apiKey, published, requests, pulls, faults };
  process.send?.(news);
}

function count(): void {
  requests += plane.requests.length;
  pulls += plane.count('pull');
  plane.reset();
}

async function publish(): Promise<void> {
  published += 1;
  // Told first: whoever gets it must not look as if he had made it up.
  tell();
  await plane.publish(policyOf(published));
}

let striking: ReturnType<typeof setInterval> | undefined;

const ORDERS: Readonly<Record<SoakOrder, () => unknown>> = {
  strike: () => {
    count();
    const before = requests;
    striking = setInterval(() => {
      count();
      for (; faults < (requests - before) * Number(share); faults += 1) {
        plane.inject(FAULTS[Math.floor(Math.random() * FAULTS.length)] ?? { kind: 'reset' });
      }
    }, 20);
  },
  publish,
  heal: () => {
    count();
    clearInterval(striking);
    plane.clearFaults();
    tell();
  },
  end: () => process.exit(),
};

process.on('message', (order: SoakOrder) => void ORDERS[order]());
await publish();
tell();
