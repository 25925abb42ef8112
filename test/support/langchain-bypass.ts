import { setImmediate as nextTurn } from 'node:timers/promises';

import { findPolicyDenied } from '../../src/index.ts';
import type { SentRequest } from './bypass-attempts-verdict.ts';
import { unjudgedModels } from './bypass-attempts-verdict.ts';
import { azureAttempts, embeddingAttempts, identityAttempts, partAttempts } from './langchain-bypass-parts.ts';
import { configurationAttempts, directAttempts, fieldAttempts, optionAttempts } from './langchain-bypass-requests.ts';
import type { LangChainAttempt, LangChainAttempts, LangChainWrap } from './langchain-bypass-stage.ts';
import { DENIED, openLangChainBypassStage } from './langchain-bypass-stage.ts';
import type { CallPath } from './langchain-paths.ts';
import { chatPaths, commonPaths, eventPaths, innerPaths, structuredPaths } from './langchain-paths.ts';

function attemptOn({ call }: CallPath): LangChainAttempt {
  return (stage) => call(stage.chat({ model: DENIED }));
}

// Where denials are tried again, broken variants take seconds.
const paths = [...commonPaths, ...chatPaths, ...structuredPaths, ...eventPaths, ...innerPaths].filter(
  ({ name }) => !name.startsWith('withRetry'),
);
const pathAttempts: LangChainAttempts = Object.fromEntries(paths.map((path) => [path.name, attemptOn(path)]));

/**
 * Every attempt, by what it uses.
 *
 * Not among them, because no wrapper can or should answer for it: a model that code makes for itself, by
 * `new model.constructor(...)`, `ChatOpenAI.prototype.withConfig.call(model, ...)`, `load()` or from the key;
 * the client in `model.client`; code that redefines the model's own machinery after it was wrapped
 * (`model._generate = ...`, another prototype); a transport that sends something else than it was given;
 * and headers by which a gateway chooses a model.
 */
export const langChainBypassAttempts: Readonly<Record<string, LangChainAttempts>> = {
  'ways of calling': pathAttempts,
  'names of models': fieldAttempts,
  'request options': optionAttempts,
  'options of the client': configurationAttempts,
  'finished requests': directAttempts,
  'models inside others': partAttempts,
  Azure: azureAttempts,
  agents: identityAttempts,
  embeddings: embeddingAttempts,
};

/** A server that keeps what it was sent. */
interface RecordingServer {
  readonly url: string;
  readonly requests: readonly SentRequest[];
  reset(): void;
}

/** What came of one attempt. */
export interface LangChainAttemptResult {
  readonly name: string;
  /** Models that were never judged and that the server would have run. */
  readonly leaks: readonly unknown[];
  readonly outcome: 'denied' | 'sent' | 'failed';
  /** Why it was denied or failed. */
  readonly message: string;
}

async function outcomeOf(run: () => unknown): Promise<Pick<LangChainAttemptResult, 'outcome' | 'message'>> {
  try {
    await run();
    return { outcome: 'sent', message: '' };
  } catch (error) {
    const denial = findPolicyDenied(error);
    return { outcome: denial ? 'denied' : 'failed', message: String(denial ?? error).slice(0, 200) };
  }
}

/** Makes every attempt on what `wrap` wrapped, one after the other. */
export async function runLangChainAttempts(
  server: RecordingServer,
  wrap: LangChainWrap,
): Promise<LangChainAttemptResult[]> {
  const stage = openLangChainBypassStage(server.url, wrap);
  const results: LangChainAttemptResult[] = [];
  for (const [chapter, attempts] of Object.entries(langChainBypassAttempts)) {
    for (const [name, attempt] of Object.entries(attempts)) {
      server.reset();
      const outcome = await outcomeOf(() => attempt(stage));
      await nextTurn();
      results.push({ name: `${chapter}: ${name}`, leaks: server.requests.flatMap(unjudgedModels), ...outcome });
    }
  }
  return results;
}
