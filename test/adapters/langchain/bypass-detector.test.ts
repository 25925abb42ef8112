import { OpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { governChatModel, governEmbeddings } from '../../../adapters/langchain/index.ts';
import type { BypassDetector } from '../../../src/testing/index.ts';
import { detectBypasses } from '../../../src/testing/index.ts';
import { found, nextLine } from '../../support/bypass-detector-stage.ts';
import type { LangChainStage } from '../../support/langchain-stage.ts';
import { openLangChainStage } from '../../support/langchain-stage.ts';
import { rejectionOf } from '../../support/rejection-of.ts';

const policy = {
  rules: [
    { effect: 'deny', action: 'llm.generate', resource: 'model/gpt-4-turbo' },
    { effect: 'allow', action: ['llm.generate', 'embedding.generate'], resource: 'model/*' },
  ],
} as const;
const EMBEDDING = 'text-embedding-3-small';

let stage: LangChainStage;
let detector: BypassDetector;

beforeEach(async () => {
  stage = await openLangChainStage(policy);
  detector = detectBypasses();
});

afterEach(async () => {
  detector.stop();
  await stage[Symbol.asyncDispose]();
});

describe('an ungoverned call is found, with its model and the line that made it', () => {
  test('invoke()', async () => {
    const model = stage.chat();
    const line = nextLine();
    await model.invoke('Hello');
    expect(found(detector.bypasses)).toEqual([['gpt-4', line]]);
  });

  test('stream()', async () => {
    const model = stage.chat();
    const line = nextLine();
    for await (const _ of await model.stream('Hello'));
    expect(found(detector.bypasses)).toEqual([['gpt-4', line]]);
  });

  test('batch(), with each of its requests', async () => {
    const model = stage.chat();
    const line = nextLine();
    await model.batch(['Hello', 'Bye']);
    expect(found(detector.bypasses)).toEqual([
      ['gpt-4', line],
      ['gpt-4', line],
    ]);
  });

  test('a request that is sent anew', async () => {
    const model = stage.chat({ maxRetries: 1 });
    stage.provider.failNext({ status: 500, headers: { 'retry-after-ms': '1' } });
    const line = nextLine();
    await model.invoke('Hello');
    expect(found(detector.bypasses)).toEqual([
      ['gpt-4', line],
      ['gpt-4', line],
    ]);
  });

  test('a completion model, and embeddings', async () => {
    const model = new OpenAI({ model: 'gpt-3.5-turbo-instruct', ...stage.fields });
    const embeddings = new OpenAIEmbeddings({ model: EMBEDDING, ...stage.fields });
    const first = nextLine();
    await model.invoke('Hello');
    const second = nextLine();
    await embeddings.embedDocuments(['a', 'b']);
    expect(found(detector.bypasses)).toEqual([
      ['gpt-3.5-turbo-instruct', first],
      [EMBEDDING, second],
    ]);
  });

  test('a deployment of Azure', async () => {
    const model = stage.azure('mine');
    const line = nextLine();
    await model.invoke('Hello');
    expect(found(detector.bypasses)).toEqual([['mine', line]]);
  });
});

test('a governed call is none: retries, streams, batches, fallbacks, denials, embeddings', async () => {
  const model = governChatModel(stage.chat(), stage.cz, { fallback: ['gpt-4'] });
  stage.provider.failNext({ status: 500 });
  await model.invoke('Hello');
  for await (const _ of await model.stream('Hello'));
  await model.batch(['a', 'b', 'c'], { maxConcurrency: 2 });
  await model.invoke('Hello', { model: 'gpt-4-turbo' } as object);
  await rejectionOf(governChatModel(stage.chat({ model: 'gpt-4-turbo' }), stage.cz).invoke('Hello'));
  await governChatModel(stage.azure('mine'), stage.cz).invoke('Hello');
  const embeddings = new OpenAIEmbeddings({ model: EMBEDDING, ...stage.fields });
  await governEmbeddings(embeddings, stage.cz).embedDocuments(['a', 'b']);
  expect(stage.provider.modelRequests).toHaveLength(9);
  expect(detector.bypasses).toEqual([]);
});

test('of governed and ungoverned calls at the same time, the ungoverned ones are found', async () => {
  const governed = governChatModel(stage.chat({ model: 'gpt-4o' }), stage.cz);
  const plain = stage.chat();
  await Promise.all(
    Array.from({ length: 40 }, async (_, index) => (index % 2 === 0 ? governed : plain).invoke('Hello')),
  );
  expect(detector.bypasses.map(({ model }) => model)).toEqual(Array.from({ length: 20 }, () => 'gpt-4'));
});
