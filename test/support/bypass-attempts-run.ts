import { setImmediate as nextTurn } from 'node:timers/promises';

import type { AzureClientOptions, AzureOpenAI, ClientOptions, OpenAI } from 'openai';

import { bypassAttempts } from './bypass-attempts.ts';
import type { AttemptResult, RecordingServer } from './bypass-attempts-result.ts';
import { outcomeOf } from './bypass-attempts-result.ts';
import type { OpenAILibrary, Stage } from './bypass-attempts-stage.ts';
import type { SentRequest } from './bypass-attempts-verdict.ts';
import { unjudgedModels } from './bypass-attempts-verdict.ts';

/** Puts a client under a policy, well or badly. */
export type Wrap = <Client extends OpenAI>(client: Client) => Client;

/** Who is attacked, and with what. */
export interface RunOptions {
  readonly library: OpenAILibrary;
  readonly server: RecordingServer<SentRequest>;
  readonly wrap: Wrap;
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
