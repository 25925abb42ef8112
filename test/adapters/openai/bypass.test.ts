import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { wrapOpenAI } from '../../../adapters/openai/index.ts';
import type { ControlZero, PolicyDocument } from '../../../src/index.ts';
import type { LocalProvider } from '../../../src/testing/index.ts';
import { createTestControlZero, startLocalProvider } from '../../../src/testing/index.ts';
import type { AttemptResult } from '../../support/bypass-attempts-result.ts';
import { count, leaksIn } from '../../support/bypass-attempts-result.ts';
import type { Wrap } from '../../support/bypass-attempts-run.ts';
import { runAttempts } from '../../support/bypass-attempts-run.ts';
import type { OpenAILibrary } from '../../support/bypass-attempts-stage.ts';
import { ALLOWED, ALLOWED_EMBEDDING, DENIED } from '../../support/bypass-attempts-stage.ts';
import {
  hookOptions,
  hookRequests,
  patchMethods,
  proxyDeeply,
  trustObjects,
} from '../../support/bypass-attempts-weak-wrappers.ts';
import { testDisagreeingGates } from '../../support/disagreeing-gates.ts';

// Hundreds of attempts, one after the other: the limit is for those that hang.
vi.setConfig({ testTimeout: 120_000 });

const MAJORS = [
  { major: 'openai 7', load: (): Promise<OpenAILibrary> => import('openai') },
  { major: 'openai 6', load: async () => (await import('openai-6')) as unknown as OpenAILibrary },
];
const FEWEST_ATTEMPTS = 350;
const FEWEST_LEAKS_OF_WEAK_WRAPPERS = 100;

const policy: PolicyDocument = {
  rules: [
    { effect: 'allow', action: 'llm.generate', resource: `model/${ALLOWED}` },
    { effect: 'allow', action: 'embedding.generate', resource: `model/${ALLOWED_EMBEDDING}` },
  ],
};
const opposite: PolicyDocument = {
  rules: [{ effect: 'allow', action: 'llm.generate', resource: `model/${DENIED}` }],
};

/** Attempts that got through a weak wrapper of some version, and all there are. */
const live = new Set<string>();
const all = new Set<string>();

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

/** Wrappers that look at the wrong place, and none at all. */
const WEAK_WRAPPERS: readonly { readonly weak: string; readonly by: (cz: ControlZero) => Wrap }[] = [
  { weak: 'no wrapper', by: () => (client) => client },
  { weak: 'patched methods', by: patchMethods },
  { weak: 'a deep Proxy', by: proxyDeeply },
  { weak: 'a hook on the options', by: hookOptions },
  { weak: 'a hook on the request', by: hookRequests },
  { weak: 'trust in what is serialized', by: trustObjects },
];

const withUs: Wrap = (client) => wrapOpenAI(client, cz);
const withOpposite: Wrap = (client) => wrapOpenAI(client, oppositeCz, { fallback: [DENIED] });

describe.each(MAJORS)('attempts to get past a client of $major', ({ major, load }) => {
  const run = async (wrap: Wrap): Promise<AttemptResult[]> => runAttempts({ library: await load(), server, wrap });

  test('make no model run that was not judged', async () => {
    const results = await run(withUs);
    const [denied, sent, failed] = [count(results, 'denied'), count(results, 'sent'), count(results, 'failed')];
    console.info(
      `${major}: ${results.length} attempts, ${leaksIn(results).length} got through; ${denied} denied, ${sent} sent with the allowed model only, ${failed} failed by themselves`,
    );
    expect(leaksIn(results)).toEqual([]);
    expect(results.length).toBeGreaterThanOrEqual(FEWEST_ATTEMPTS);
  });

  test('make no other model run where a fallback serves denied calls', async () => {
    const results = await run((client) => wrapOpenAI(client, cz, { fallback: [ALLOWED] }));
    expect(leaksIn(results)).toEqual([]);
    expect(count(results, 'sent')).toBeGreaterThan(count(results, 'denied'));
  });

  testDisagreeingGates<Wrap>({
    wrap: (place) => (client) => (place === 'inside' ? withOpposite(withUs(client)) : withUs(withOpposite(client))),
    run,
  });

  // One by one: a run that takes too long would still be under way when the next one counts its requests.
  test.each(WEAK_WRAPPERS)('get through $weak', async ({ weak, by }) => {
    const results = await run(by(cz));
    for (const { name } of results) all.add(name);
    for (const { name } of leaksIn(results)) live.add(name);
    console.info(`${major}: ${weak} leaks ${leaksIn(results).length}`);
    expect(leaksIn(results).length).toBeGreaterThanOrEqual(FEWEST_LEAKS_OF_WEAK_WRAPPERS);
  });
});

// Runs after the chapters above, which fill the sets.
test('each attempt gets through a weak wrapper, or none, of some version', () => {
  expect(all.size).toBeGreaterThanOrEqual(FEWEST_ATTEMPTS);
  expect([...all].filter((name) => !live.has(name))).toEqual([]);
});
