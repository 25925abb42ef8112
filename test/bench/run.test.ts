import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { denied } from '../../bench/denied.ts';
import { FetchStub } from '../../bench/fetch-stub.ts';
import { tracedCase } from '../../bench/traced-case.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface BenchReport {
  readonly groups: readonly {
    readonly title: string;
    readonly cases: readonly {
      readonly name: string;
      readonly nanoseconds: Readonly<Record<string, number>>;
      readonly ratio: Readonly<Record<string, number>>;
    }[];
  }[];
  readonly tables: readonly {
    readonly title: string;
    readonly rows: readonly (readonly [name: string, ...figures: (number | null)[]])[];
  }[];
}

async function runBench(...options: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['bench/run.ts', ...options], {
    cwd: root,
    timeout: 170_000,
  });
  return stdout;
}

test('one run measures every subject and compares it with its baseline', { timeout: 180_000 }, async () => {
  const report = await runBench('--quick', '--without-peers', '--rounds', '2', '--json');
  const { groups, tables } = JSON.parse(report) as BenchReport;
  const names = groups.map(({ cases }) => cases.map(({ name }) => name));
  expect(names.flat()).toEqual(
    expect.arrayContaining([
      'wrapOpenAI()',
      'governChatModel()',
      'governEmbeddings()',
      'controlZeroMiddleware()',
      'governModel()',
      'governEmbeddingModel()',
      '@controlzero/sdk',
      '100,000 rules',
    ]),
  );
  for (const { nanoseconds, ratio } of groups.flatMap(({ cases }) => cases))
    for (const figure of [...Object.values(nanoseconds), ...Object.values(ratio)]) expect(figure).toBeGreaterThan(0);
  expect(tables.map(({ title }) => title).join('\n')).toMatch(
    /Compile time[^]*Applying a policy[^]*Applying a hosted bundle[^]*Import/u,
  );
  for (const [, ...figures] of tables.flatMap(({ rows }) => rows))
    for (const figure of figures) expect(figure === null || figure > 0).toBe(true);
  for (const { cases } of groups) expect(cases[0]?.ratio).toEqual({ fastest: 1, p10: 1, p50: 1, p90: 1 });
});

test('one subject can be measured alone, as a table', { timeout: 60_000 }, async () => {
  const table = await runBench('--rounds', '2', '--only', 'decision');
  expect(table).toMatch(/per call +p50 +p90 +p99 +ratio +p10 +p50 +p90\n/u);
  expect(table).toMatch(/^cz\.evaluate\(\) +[\d.]+ [nµ]s/mu);
  expect(table).not.toContain('LangChain');
});

test.each([
  [['--quik'], 'unknown option'],
  [['--only', 'langchian'], 'Allowed choices are floor, decision, openai, langchain'],
  [['--rounds', '0'], 'positive integer'],
])('refuses %j', async (options, advice) => {
  await expect(runBench(...options)).rejects.toMatchObject({ stderr: expect.stringContaining(advice) as string });
});

test('nothing is measured that does not happen', async () => {
  const stub = new FetchStub();
  const call = async (): Promise<unknown> => stub.fetch('http://localhost/embeddings');
  expect(await stub.caseOf({ name: 'one', requests: 1, call })).toMatchObject({ name: 'one' });
  await expect(stub.caseOf({ name: 'none', requests: 0, call })).rejects.toThrow('sent 1 requests and not 0');
  await expect(denied(call)()).rejects.toThrow('The call was not rejected.');
  const failing = async (): Promise<unknown> => Promise.reject(new Error('something else'));
  await expect(denied(failing)()).rejects.toThrow('something else');
});

test('a tracer that is on has to send something, and one that is off nothing', async () => {
  let sent = 0;
  const tracer = (name: string, isOn: boolean): Parameters<typeof tracedCase>[0] => ({
    name,
    isOn,
    wrapOpenAI: (client) => client,
    generateText: () => async () => undefined,
    tracing: async (calls) => calls(),
    sent: () => sent,
  });
  const run = (): unknown => (sent += 1);
  expect(await tracedCase(tracer('on', true), { name: 'on', run })).toMatchObject({ name: 'on', leastCalls: 10 });
  await expect(tracedCase(tracer('off', false), { name: 'off', run })).rejects.toThrow('"off" has sent 1 times.');
  const silent = { name: 'silent', run: (): unknown => undefined };
  await expect(tracedCase(tracer('silent', true), silent)).rejects.toThrow('"silent" has sent 0 times.');
});
