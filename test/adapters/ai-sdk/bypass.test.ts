import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { LanguageModelLike } from '../../../adapters/ai-sdk/index.ts';
import { governEmbeddingModel, governModel, governProvider } from '../../../adapters/ai-sdk/index.ts';
import type { ControlZero, PolicyDocument } from '../../../src/index.ts';
import type { LocalProvider } from '../../../src/testing/index.ts';
import { createTestControlZero, startLocalProvider } from '../../../src/testing/index.ts';
import type { AISDK } from '../../support/ai-sdk-majors.ts';
import { aiSDKMajors } from '../../support/ai-sdk-majors.ts';
import type { Guard } from '../../support/ai-sdk/attempt-stage.ts';
import { ALLOWED, ALLOWED_EMBEDDING, PREMIUM_ONLY } from '../../support/ai-sdk/attempt-stage.ts';
import { runAttempts } from '../../support/ai-sdk/attempts-run.ts';
import { weakGuards } from '../../support/ai-sdk/weak-guards.ts';
import type { AttemptResult } from '../../support/bypass-attempts-result.ts';
import { count, leaksIn } from '../../support/bypass-attempts-result.ts';

const FEWEST_ATTEMPTS = 100;
// What each weak guard must not be able to stop.
const SPECIMENS: Readonly<Record<string, string>> = {
  'middleware only': 'what a provider hands out: provider.embeddingModel()',
  'language models only': 'functions: embed',
  'a Proxy': 'the governed object: the class of the model',
  'a copy by spread': 'provider options: a model in the provider options',
  'arguments of factories': 'registries: a custom provider with an alias of an allowed name',
  'fail open': 'the governed object: an id that is an object',
  'claims before the pinned agent': 'who is calling: a claim against a pinned agent',
};
const policy: PolicyDocument = {
  rules: [
    { effect: 'allow', action: 'llm.generate', resource: `model/${ALLOWED}` },
    {
      effect: 'allow',
      action: 'llm.generate',
      resource: `model/${PREMIUM_ONLY}`,
      conditions: { agent_id: 'premium-*' },
    },
    { effect: 'allow', action: 'embedding.generate', resource: `model/${ALLOWED_EMBEDDING}` },
  ],
};

function ours(cz: ControlZero): Guard {
  return {
    model: (model, pinned) => governModel(model, cz, pinned),
    embeddingModel: (model, pinned) => governEmbeddingModel(model, cz, pinned),
    provider: (provider, pinned) => governProvider(provider, cz, pinned),
  };
}

function withFallback(sdk: AISDK, cz: ControlZero): Guard {
  const guard = ours(cz);
  const openai = sdk.createOpenAI({ baseURL: server.baseURL, apiKey: 'local' });
  return {
    ...guard,
    model: (model, pinned = {}) => {
      const candidates = [openai.chat('o3'), openai.chat(ALLOWED)];
      // What is no model is refused by governModel itself.
      const version = typeof model === 'object' ? model.specificationVersion : undefined;
      const fallback = candidates.filter(({ specificationVersion }) => specificationVersion === version);
      return governModel<LanguageModelLike>(model, cz, { ...pinned, fallback }) as typeof model;
    },
    provider: (provider, pinned) =>
      governProvider(provider, cz, { ...pinned, fallback: ['o3', ALLOWED, `local:${ALLOWED}`] }),
  };
}

let cz: ControlZero;
let server: LocalProvider;

beforeAll(async () => {
  ({ cz } = await createTestControlZero(policy));
  server = await startLocalProvider();
});

afterAll(async () => {
  await server.close();
});

describe.each(aiSDKMajors)('attempts to get past a governed model of $name', (sdk) => {
  const run = async (guard: Guard): Promise<AttemptResult[]> => runAttempts({ sdk, server, guard });

  test('make no model run that was not judged', async () => {
    const results = await run(ours(cz));
    const [denied, sent, failed] = [count(results, 'denied'), count(results, 'sent'), count(results, 'failed')];
    console.info(
      `${sdk.name}: ${results.length} attempts, ${leaksIn(results).length} got through; ${denied} denied, ${sent} ended without an error, ${failed} failed by themselves`,
    );
    expect(leaksIn(results)).toEqual([]);
    expect(results.length).toBeGreaterThanOrEqual(FEWEST_ATTEMPTS);
  });

  test('make no other model run where a fallback serves denied calls', async () => {
    const results = await run(withFallback(sdk.sdk, cz));
    expect(leaksIn(results)).toEqual([]);
    expect(count(results, 'sent')).toBeGreaterThan(count(results, 'denied'));
  });

  test('get through guards that look at the wrong place', async () => {
    const leaks: Record<string, string[]> = {};
    const all = new Set<string>();
    for (const [name, guard] of Object.entries(weakGuards(sdk.sdk, cz))) {
      const results = await run(guard);
      for (const result of results) all.add(result.name);
      leaks[name] = leaksIn(results).map((leak) => leak.name);
    }
    const counts = Object.entries(leaks).map(([name, names]) => `${name} ${names.length}`);
    console.info(`${sdk.name}: weak guards let through: ${counts.join(', ')}`);
    for (const [name, attempt] of Object.entries(SPECIMENS)) expect(leaks[name], name).toContain(attempt);
    expect(Object.keys(leaks)).toEqual(['none', ...Object.keys(SPECIMENS)]);
    // Every attempt is alive: something lets it through.
    const live = new Set(Object.values(leaks).flat());
    expect([...all].filter((name) => !live.has(name))).toEqual([]);
  });
});
