import { setImmediate as nextTurn } from 'node:timers/promises';

import type { LocalProvider, ReceivedRequest } from '../../../src/testing/index.ts';
import type { AISDKMajor } from '../ai-sdk-majors.ts';
import type { AttemptResult } from '../bypass-attempts-result.ts';
import { outcomeOf } from '../bypass-attempts-result.ts';
import type { AttemptStage, Guard } from './attempt-stage.ts';
import { ALLOWED, ALLOWED_EMBEDDING } from './attempt-stage.ts';
import { aiSDKAttempts, newestAISDKAttempts } from './attempts.ts';

/** Who is attacked, and with what. */
export interface RunOptions {
  readonly sdk: AISDKMajor;
  readonly server: LocalProvider;
  readonly guard: Guard;
}

const NAMING = new Set(['model', 'models', 'fallbacks']);

// However deep a body names models, and in whatever case.
function modelsIn(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]: [string, unknown]) => {
    if (!NAMING.has(key.toLowerCase())) return modelsIn(part);
    const named = Array.isArray(part) ? (part as unknown[]) : [part];
    return named.map((entry) =>
      typeof entry === 'object' && entry ? (Reflect.get(entry, 'model') as unknown) : entry,
    );
  });
}

// A batch is a file with one request in each line.
function modelsInLines(body: string): unknown[] {
  return Array.from(body.matchAll(/"model":"([^"]*)"/gu), ([, model]) => model);
}

function unjudgedModels({ pathname, headers, json, body }: ReceivedRequest): unknown[] {
  const allowed = pathname.endsWith('embeddings') ? ALLOWED_EMBEDDING : ALLOWED;
  const gateway = headers['ai-language-model-id'];
  const models = [
    ...(json === undefined ? modelsInLines(body) : modelsIn(json)),
    ...(gateway === undefined ? [] : [gateway]),
  ];
  return models.filter((model) => model !== allowed);
}

function openStage({ sdk: { sdk }, server, guard }: RunOptions): AttemptStage {
  const options = { baseURL: server.baseURL, apiKey: 'local' };
  const raw = sdk.createOpenAI(options);
  return {
    sdk,
    guard,
    baseURL: server.baseURL,
    raw,
    rawCompatible: sdk.createOpenAICompatible({ ...options, name: 'local' }),
    rawGateway: sdk.ai.createGateway({ ...options, baseURL: `${server.url}/v1/ai` }),
    openai: guard.provider(raw),
  };
}

/** Makes every attempt on a guard, one after the other. */
export async function runAttempts(options: RunOptions): Promise<AttemptResult[]> {
  const groups = options.sdk.major === 7 ? { ...aiSDKAttempts, ...newestAISDKAttempts } : aiSDKAttempts;
  const results: AttemptResult[] = [];
  for (const [group, attempts] of Object.entries(groups)) {
    for (const [name, attempt] of Object.entries(attempts)) {
      const { server } = options;
      server.reset();
      const outcome = await outcomeOf(() => attempt(openStage(options)));
      await nextTurn();
      results.push({ name: `${group}: ${name}`, leaks: server.requests.flatMap(unjudgedModels), ...outcome });
    }
  }
  return results;
}
