// A serverless function: between requests the platform freezes it. Started by a test, with a governed client.
import OpenAI from 'openai';

import { wrapOpenAI } from '../../adapters/openai/index.ts';
import { ControlZero, PolicyDeniedError } from '../../src/index.ts';
import { createScaledClock } from './scaled-clock.ts';
import { silentLogger } from './silent-logger.ts';

/** What the function answers a request with. */
export interface FrozenAnswer {
  readonly outcome: 'served' | 'denied' | 'failed';
  /** The revision that was in force when the request was decided. */
  readonly revision: string | null | undefined;
  /** How much work the platform was asked to wait for. */
  readonly waitedFor: number;
}

const work: Promise<unknown>[] = [];
const context = { waitUntil: (promise: Promise<unknown>) => work.push(promise) };
Reflect.set(globalThis, Symbol.for('@vercel/request-context'), { get: () => context });

const [, , baseURL] = process.argv;
const clock = createScaledClock(1);
const cz = await new ControlZero({ logger: silentLogger }, clock).initialize();
const openai = wrapOpenAI(new OpenAI({ apiKey: 'local', baseURL, maxRetries: 0 }), cz);

async function answer(): Promise<FrozenAnswer> {
  work.length = 0;
  let revision: string | null | undefined;
  const stop = cz.onDecision(({ decision }) => {
    revision = decision.revision;
  });
  const outcome = await openai.chat.completions
    .create({ model: 'gpt-4', messages: [{ role: 'user', content: 'Hello' }] })
    .then(
      () => 'served' as const,
      (error: unknown) => (error instanceof PolicyDeniedError ? ('denied' as const) : ('failed' as const)),
    );
  await cz.flush();
  stop();
  return { outcome, revision, waitedFor: work.length };
}

async function serve(frozenMs: number): Promise<void> {
  // The clock on the wall went on meanwhile, and timers did not.
  clock.jump(frozenMs);
  process.send?.(await answer());
  // The platform waits for this much, and then freezes the function again.
  await Promise.all(work);
  process.send?.('idle');
}

process.on('message', (frozenMs: number) => void serve(frozenMs));
process.send?.('ready');
