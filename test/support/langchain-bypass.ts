import { setImmediate as nextTurn } from 'node:timers/promises';

import type { AttemptResult, RecordingServer } from './bypass-attempts-result.ts';
import { outcomeOf } from './bypass-attempts-result.ts';
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
const langChainBypassAttempts: Readonly<Record<string, LangChainAttempts>> = {
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

/** Makes every attempt on what `wrap` wrapped, one after the other. */
export async function runLangChainAttempts(
  server: RecordingServer<SentRequest>,
  wrap: LangChainWrap,
): Promise<AttemptResult[]> {
  const stage = openLangChainBypassStage(server.url, wrap);
  const results: AttemptResult[] = [];
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
