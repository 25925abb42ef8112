import { setImmediate as nextTurn } from 'node:timers/promises';

import type { AzureClientOptions, AzureOpenAI, ClientOptions, OpenAI } from 'openai';

import { findPolicyDenied } from '../../src/index.ts';
import { bypassAttempts } from './bypass-attempts.ts';
import type { OpenAILibrary, Stage } from './bypass-attempts-stage.ts';
import type { SentRequest } from './bypass-attempts-verdict.ts';
import { unjudgedModels } from './bypass-attempts-verdict.ts';

/** Puts a client under a policy, well or badly. */
export type Wrap = <Client extends OpenAI>(client: Client) => Client;

/** A server that keeps what it was sent. */
interface RecordingServer {
  readonly url: string;
  readonly requests: readonly SentRequest[];
  reset(): void;
}

/** Who is attacked, and with what. */
export interface RunOptions {
  readonly library: OpenAILibrary;
  readonly server: RecordingServer;
  readonly wrap: Wrap;
}

/** What came of one attempt. */
export interface AttemptResult {
  readonly name: string;
  /** Models that were never judged and that the server would have run. */
  readonly leaks: readonly unknown[];
  readonly outcome: 'denied' | 'sent' | 'failed';
  /** Why it was denied or failed. */
  readonly message: string;
}

function stageFor({ library, server, wrap }: RunOptions): Stage {
  const options = (): ClientOptions => ({ apiKey: 'sk-example', baseURL: `${server.url}/v1`, maxRetries: 0 });
  const azureOptions = ({ baseURL }: AzureClientOptions): AzureClientOptions => ({
    apiKey: 'example',
    apiVersion: '2024-10-21',
    maxRetries: 0,
    ...(baseURL === undefined && { endpoint: server.url }),
  });
  return {
    library,
    origin: server.url,
    wrap,
    options,
    client: (given = {}): OpenAI => wrap(new library.OpenAI({ ...options(), ...given })),
    azure: (given = {}): AzureOpenAI => wrap(new library.AzureOpenAI({ ...azureOptions(given), ...given })),
  };
}

async function outcomeOf(run: () => unknown): Promise<Pick<AttemptResult, 'outcome' | 'message'>> {
  try {
    await run();
    return { outcome: 'sent', message: '' };
  } catch (error) {
    const denial = findPolicyDenied(error);
    return { outcome: denial ? 'denied' : 'failed', message: String(denial ?? error).slice(0, 200) };
  }
}

/** Makes every attempt on clients that `wrap` wrapped, one after the other. */
export async function runAttempts(options: RunOptions): Promise<AttemptResult[]> {
  const { server } = options;
  const stage = stageFor(options);
  const results: AttemptResult[] = [];
  for (const [chapter, attempts] of Object.entries(bypassAttempts)) {
    for (const [name, attempt] of Object.entries(attempts)) {
      server.reset();
      const outcome = await outcomeOf(() => attempt(stage));
      await nextTurn();
      results.push({ name: `${chapter}: ${name}`, leaks: server.requests.flatMap(unjudgedModels), ...outcome });
    }
  }
  return results;
}
