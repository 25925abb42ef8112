import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { governChatModel, governEmbeddings } from '../../../adapters/langchain/index.ts';
import type { ControlZero, PolicyDocument } from '../../../src/index.ts';
import type { LocalProvider } from '../../../src/testing/index.ts';
import { createTestControlZero, startLocalProvider } from '../../../src/testing/index.ts';
import { count, leaksIn } from '../../support/bypass-attempts-result.ts';
import { testDisagreeingGates } from '../../support/disagreeing-gates.ts';
import { runLangChainAttempts } from '../../support/langchain-bypass.ts';
import type { LangChainWrap } from '../../support/langchain-bypass-stage.ts';
import {
  ALLOWED,
  ALLOWED_EMBEDDING,
  BASIC,
  DENIED,
  PREMIUM,
  PREMIUM_MODEL,
} from '../../support/langchain-bypass-stage.ts';
import { isOldest } from '../../support/langchain-stage.ts';
import { weakWraps } from '../../support/langchain-weak-wrappers.ts';

// Hundreds of attempts, one after the other: the limit is for those that hang.
vi.setConfig({ testTimeout: 120_000 });

const FEWEST_ATTEMPTS = 175;

// What the client library of this end of the supported versions does not do. At the other end it does.
const HARMLESS_HERE: readonly string[] = isOldest
  ? [
      'request options: options.body that is iterated',
      'request options: options.fetchOptions.body',
      'request options: options.fetchOptions.headers',
      'request options: options.fetchOptions of a stream',
      'request options: options.headers as a list',
      'request options: options.headers as Headers',
      'options of the client: configuration.fetchOptions.body',
      'options of the client: configuration.fetchOptions.body beside fetchOptions of the call',
      'finished requests: a finished request with fetchOptions',
      'embeddings: fetchOptions',
    ]
  : ['options of the client: configuration.defaultHeaders'];

const policy: PolicyDocument = {
  rules: [
    { effect: 'allow', action: 'llm.generate', resource: `model/${ALLOWED}` },
    { effect: 'allow', action: 'llm.generate', resource: `model/${PREMIUM_MODEL}`, conditions: { agent_id: PREMIUM } },
    { effect: 'allow', action: 'embedding.generate', resource: `model/${ALLOWED_EMBEDDING}` },
  ],
};
const opposite: PolicyDocument = {
  rules: [{ effect: 'allow', action: '*', resource: `model/${DENIED}` }],
};

let cz: ControlZero;
let oppositeCz: ControlZero;
let server: LocalProvider;

beforeAll(async () => {
  ({ cz } = await createTestControlZero(policy));
  ({ cz: oppositeCz } = await createTestControlZero(opposite));
  server = await startLocalProvider();
});

afterAll(async () => {
  await server.close();
});

function governedBy(governor: ControlZero, fallback: readonly string[] = []): LangChainWrap {
  const name = 'governed';
  const options = { agentId: BASIC };
  return {
    name,
    model: (model) => governChatModel(model, governor, { ...options, fallback }),
    embeddings: (embeddings) => governEmbeddings(embeddings, governor, options),
  };
}

function both(inner: LangChainWrap, outer: LangChainWrap): LangChainWrap {
  return {
    name: 'both',
    model: (model) => outer.model(inner.model(model)),
    embeddings: (embeddings) => outer.embeddings(inner.embeddings(embeddings)),
  };
}

describe('attempts to get past a governed model', () => {
  test('make no model run that was not judged', async () => {
    const results = await runLangChainAttempts(server, governedBy(cz));
    const [denied, sent, failed] = [count(results, 'denied'), count(results, 'sent'), count(results, 'failed')];
    console.info(
      `${results.length} attempts, ${leaksIn(results).length} got through; ${denied} denied, ${sent} sent with an allowed model only, ${failed} failed by themselves`,
    );
    expect(leaksIn(results)).toEqual([]);
    expect(results.length).toBeGreaterThanOrEqual(FEWEST_ATTEMPTS);
    expect(results.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
  });

  testDisagreeingGates({
    wrap: (place) => {
      const [us, opponent] = [governedBy(cz), governedBy(oppositeCz)];
      return place === 'inside' ? both(us, opponent) : both(opponent, us);
    },
    run: async (wrap) => runLangChainAttempts(server, wrap),
  });
});

describe('attempts to get past something else', () => {
  const live = new Set<string>();
  const all = new Set<string>();

  test.each(['none', 'handler', 'unawaited handler', 'invoke', 'no re-govern', 'metadata', 'fail open'] as const)(
    'get through a variant that is broken: %s',
    async (name) => {
      // LangChain prints what handlers throw.
      using _ = vi.spyOn(console, 'error').mockImplementation(() => undefined);
      const wrap = weakWraps(cz, BASIC)[name];
      const results = await runLangChainAttempts(server, wrap);
      for (const result of results) all.add(result.name);
      for (const result of results) if (result.leaks.length > 0) live.add(result.name);
      console.info(`${name}: ${leaksIn(results).length} of ${results.length} got through`);
      expect(leaksIn(results).length).toBeGreaterThan(0);
    },
  );

  // Runs after the tests above, which fill the sets.
  test('are each dangerous to one of them', () => {
    expect([...all].filter((name) => !live.has(name)).toSorted((a, b) => a.localeCompare(b))).toEqual(
      HARMLESS_HERE.toSorted((a, b) => a.localeCompare(b)),
    );
  });
});
