import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { describe, expect, test } from 'vitest';

import { drivers } from '../examples/governance-demo/drivers.ts';
import { startLocalProvider } from '../src/testing/index.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

interface Scene {
  readonly adapter: string;
  readonly title: string;
  readonly calls: readonly Readonly<
    Record<'agent' | 'model' | 'decision' | 'rule' | 'reason', string> & { requests: number }
  >[];
}

interface ProgramToRun {
  readonly options?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

async function runProgram(file: string, { options = [], environment = {} }: ProgramToRun): Promise<string> {
  const { OPENAI_API_KEY: _, ...inherited } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'examples', file), ...options], {
    env: { ...inherited, ...environment },
    timeout: 60_000,
  });
  return stdout;
}

async function runExample(file: string, ...options: readonly string[]): Promise<string> {
  return runProgram(file, { options });
}

async function demoScenes(...options: readonly string[]): Promise<readonly Scene[]> {
  return (JSON.parse(await runExample('governance-demo/demo.ts', '--json', ...options)) as { scenes: Scene[] }).scenes;
}

function rowsOf(scenes: readonly Scene[]): string[] {
  return scenes.flatMap(({ calls }) =>
    calls.map(
      ({ agent, model, decision, rule, reason, requests }) =>
        `${agent} ${model} ${decision} ${rule} ${reason} ${requests}`,
    ),
  );
}

const EXPECTED_ROWS = [
  '- gpt-4 allow allow-gpt-4 RULE_MATCH 1',
  '- gpt-3.5-turbo allow allow-gpt-3.5 RULE_MATCH 1',
  '- gpt-4-turbo deny deny-turbo RULE_MATCH 0',
  '- gpt-4o deny - NO_RULE_MATCH 0',
  '- text-embedding-3-small allow allow-small-embeddings RULE_MATCH 1',
  '- text-embedding-3-large deny - NO_RULE_MATCH 0',
  '- gpt-4-turbo deny deny-turbo RULE_MATCH 0',
  '- gpt-4 allow allow-gpt-4 RULE_MATCH 1',
  '- gpt-4-turbo -> gpt-4 allow allow-gpt-4 RULE_MATCH 1',
  'premium-support gpt-4 allow premium-gpt-4 RULE_MATCH 1',
  'premium-support gpt-3.5-turbo allow everyone-gpt-3.5 RULE_MATCH 1',
  'premium-support gpt-4o deny nothing-else RULE_MATCH 0',
  'basic-support gpt-4 deny nothing-else RULE_MATCH 0',
  'basic-support gpt-3.5-turbo allow everyone-gpt-3.5 RULE_MATCH 1',
  'basic-support gpt-4o deny nothing-else RULE_MATCH 0',
  '- gpt-4 allow allow-gpt-4 RULE_MATCH 1',
  '- gpt-3.5-turbo deny - NO_RULE_MATCH 0',
  '- gpt-4 deny gpt-4-is-off RULE_MATCH 0',
  '- gpt-3.5-turbo allow allow-gpt-3.5 RULE_MATCH 1',
];

describe('the demo', () => {
  test.each(drivers.map(({ name }) => name))(
    'shows through %s each call with its decision and the requests that reached the provider',
    async (adapter) => {
      const scenes = await demoScenes('--adapter', adapter);
      expect(rowsOf(scenes)).toEqual(EXPECTED_ROWS);
      expect(new Set(scenes.map((scene) => scene.adapter))).toEqual(new Set([adapter]));
    },
  );

  test('goes through every adapter unless one is named', async () => {
    const adapters = (await demoScenes()).map(({ adapter }) => adapter);
    expect(Array.from(new Set(adapters))).toEqual(drivers.map(({ name }) => name));
  });

  test('shows the same with the policies on a control plane', async () => {
    expect(rowsOf(await demoScenes('--hosted', '--adapter', 'openai'))).toEqual(EXPECTED_ROWS);
  });

  test('goes to the real API with a key, and counts what it sends there', async () => {
    await using api = await startLocalProvider();
    const output = await runProgram('governance-demo/demo.ts', {
      options: ['--json'],
      environment: { OPENAI_API_KEY: 'local', OPENAI_BASE_URL: api.baseURL },
    });
    const { scenes } = JSON.parse(output) as { scenes: Scene[] };
    expect(rowsOf(scenes)).toEqual(drivers.flatMap(() => EXPECTED_ROWS));
    const counted = scenes.flatMap(({ calls }) => calls.map(({ requests }) => requests));
    expect(api.modelRequests).toHaveLength(counted.reduce((sum, count) => sum + count));
  });

  test('prints tables for a terminal', async () => {
    const output = await runExample('governance-demo/demo.ts');
    expect(output).toMatch(/agent +model +decision +rule +reason +requests that reached the provider/u);
    for (const { title } of drivers) expect(output).toContain(title);
    expect(output.match(/premium-support +gpt-4 +allow +premium-gpt-4 +RULE_MATCH +1/gu)).toHaveLength(drivers.length);
    const widest = Math.max(
      ...output
        .split('\n')
        .slice(2)
        .map((line) => line.length),
    );
    expect(widest).toBeLessThanOrEqual(132);
    expect(output).toMatch(
      /\n57 calls, 27 of them denied; requests that reached the provider because of those: 0\.\n$/u,
    );
  });

  test.each([
    [['--adpater', 'openai'], 'Did you mean --adapter?'],
    [['--adapter', 'langchian'], 'Allowed choices are openai, langchain, '],
  ])('refuses %j and says what was meant', async (options, advice) => {
    const error = await runExample('governance-demo/demo.ts', ...options).then(
      () => undefined,
      (failure: { readonly code: number; readonly stderr: string }) => failure,
    );
    expect(error).toMatchObject({ code: 1, stderr: expect.stringContaining(advice) as string });
  });
});

describe('decision records', () => {
  test('are written, read again and decided by a stricter policy', async () => {
    expect(await runExample('decision-records/record-and-replay.ts')).toBe(
      '4 of 4 decisions recorded\n3 unchanged, 1 newly denied\n  reports on model/gpt-4: 1\n',
    );
  });
});

describe('the LangChain agent', () => {
  test('shows each decision of two agents, and the requests that reached the provider', async () => {
    const { tasks } = JSON.parse(await runExample('langchain-agent/agent.ts', '--json')) as {
      tasks: readonly {
        readonly decisions: readonly Readonly<Record<'agent' | 'resource' | 'decision' | 'rule', string>>[];
        readonly requests: number;
        readonly outcome: string;
        readonly isDenied: boolean;
      }[];
    };
    const told = tasks.map(({ decisions, requests, outcome, isDenied }) =>
      decisions
        .map(({ agent, resource, decision, rule }) => `${agent} ${resource} ${decision} ${rule}`)
        .concat(`${requests} ${isDenied ? 'denied' : outcome}`),
    );
    const premium = 'premium-support model/gpt-4 allow premium-gpt-4';
    const basic = 'basic-support model/gpt-3.5-turbo allow everyone-gpt-3.5';
    const embedding = 'premium-support model/text-embedding-3-small allow small-embeddings';
    expect(told).toEqual([
      [
        premium,
        'premium-support tool/look_up_order allow reading-tools',
        premium,
        '2 Order sample was sent yesterday.',
      ],
      ['basic-support model/gpt-4 deny -', '0 denied'],
      [basic, 'basic-support tool/look_up_order allow reading-tools', basic, '2 Order sample was sent yesterday.'],
      [
        embedding,
        premium,
        'premium-support tool/search_handbook allow reading-tools',
        embedding,
        premium,
        expect.stringMatching(/^4 (?:A refund|Orders leave|Premium customers)/u),
      ],
      ['premium-support model/text-embedding-3-large deny -', '0 denied'],
      [
        premium,
        'premium-support tool/issue_refund allow premium-refunds',
        premium,
        '2 The money for order sample was paid back.',
      ],
      [
        basic,
        'basic-support tool/issue_refund deny -',
        basic,
        '2 Policy denied tool.call on tool/issue_refund for agent basic-support. Nothing was done.',
      ],
      [basic, 'basic-support tool/issue_refund deny -', '1 denied'],
    ]);
  });

  test('prints a table for a terminal', async () => {
    const output = await runExample('langchain-agent/agent.ts');
    expect(output).toMatch(/agent +action +resource +decision +rule +reason\n/u);
    expect(output).toMatch(/basic-support +tool\.call +tool\/issue_refund +deny +- +NO_RULE_MATCH\n/u);
    expect(output).toContain(
      'requests that reached the provider: 0; denied: Policy denied llm.generate on model/gpt-4',
    );
  });
});

describe('the hosted policy', () => {
  test('that is edited on a running control plane reaches three running adapters', async () => {
    const { status, calls } = JSON.parse(await runExample('hosted-policy/hosted-policy.ts', '--json')) as {
      readonly status: { readonly source: string; readonly version: number };
      readonly calls: readonly Readonly<
        Record<'policy' | 'adapter' | 'model' | 'outcome', string> & { requests: number }
      >[];
    };
    expect(status).toMatchObject({ source: 'network', version: 3 });
    const told = calls.map(({ adapter, model, outcome, requests }) => `${adapter} ${model} ${outcome} ${requests}`);
    const rows = (allowed: string): string[] =>
      drivers.flatMap(({ name }) =>
        ['gpt-4', 'gpt-3.5-turbo'].map((model) => `${name} ${model} ${model === allowed ? 'served 1' : 'denied 0'}`),
      );
    expect(told).toEqual([...rows('gpt-4'), ...rows('gpt-3.5-turbo')]);
  });

  test('prints a table for a terminal', async () => {
    expect(await runExample('hosted-policy/hosted-policy.ts')).toMatch(/after the edit +ai-sdk +gpt-4 +denied +0\n/u);
  });
});

test('the quick start allows one call and denies another', async () => {
  expect(await runExample('openai-quickstart/quickstart.ts')).toBe(
    [
      'allowed: Hello from the local provider.',
      'denied: Policy denied llm.generate on model/gpt-4-turbo. Nothing was sent; error.alternatives lists what this agent may use. Alternatives: gpt-4',
      'requests that reached the provider: 1',
      '',
    ].join('\n'),
  );
});

test('the key of the provider comes from the vault, and a rotation reaches the process', async () => {
  expect(await runExample('openai-key-from-vault/openai-key.ts')).toBe(
    [
      'the provider was sent: Bearer sk-first-key-of-the-example',
      'event: secret-rotated openai',
      'the provider was sent: Bearer sk-second-key-of-the-example',
      'SecretNotFoundError: No secret anthropic for this caller: none has that name, or the policy denies secret.read on secret/anthropic.',
      'secrets in memory: 1',
      '',
    ].join('\n'),
  );
});

describe('OpenTelemetry', () => {
  test('is told of three calls in traces and in metrics', async () => {
    const output = await runExample('opentelemetry/opentelemetry.ts');
    const traces = /^(?:span|  event|      controlzero\.(?:denied|decision\.effect)|    controlzero\.denied)/u;
    expect(output.split('\n').filter((line) => traces.test(line))).toEqual([
      'span "answer a customer"',
      '    controlzero.denied=true',
      '  event "controlzero.decision"',
      '      controlzero.decision.effect=allow',
      '  event "controlzero.decision"',
      '      controlzero.decision.effect=deny',
      'span "controlzero.decision"',
      '    controlzero.denied=true',
    ]);
    expect(output).toMatch(
      /^controlzero\.denials: 2 .*gen_ai\.request\.model=gpt-4-turbo gen_ai\.agent\.id=support$/mu,
    );
    expect(output).toMatch(/^controlzero\.decisions: 1 .*controlzero\.decision\.effect=allow/mu);
    expect(output).toMatch(/\nrequests that reached the provider: 1\n$/u);
  });
});

test('the detector passes the governed call, and names the line of the ungoverned one', async () => {
  expect(await runExample('find-bypasses/find-bypasses.ts')).toBe(
    [
      'the governed client: passed',
      'the plain client: failed, 1 of model gpt-4 at find-bypasses.ts:15:3',
      'requests that reached the provider: 2',
      '',
    ].join('\n'),
  );
});

test('the list of examples names every one', () => {
  const folders = readdirSync(join(root, 'examples'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const names = new Set(folders.map(({ name }) => name));
  names.delete('support');
  const list = readFileSync(join(root, 'examples/README.md'), 'utf8');
  const linked = [...list.matchAll(/\]\(([^)]+)\)/gu)].map(([, path = '']) => path);
  for (const path of linked) expect(existsSync(join(root, 'examples', path)), path).toBe(true);
  expect(new Set(linked.map((path) => path.split('/')[0]))).toEqual(names);
});
