import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { CliRun } from '../support/run-cli.ts';
import { runCli } from '../support/run-cli.ts';

const POLICY = `version: '1'
name: p
rules:
  - id: premium
    allow: llm:generate
    resource: model/gpt-4
    when: { agent_id: premium-* }
  - id: small
    allow: llm:generate
    resource: model/gpt-3.5-turbo
`;

let cwd: string;
const run = async (...args: string[]): Promise<CliRun> => runCli(args, { cwd });
const write = (name: string, text: string): void => writeFileSync(join(cwd, name), text);

beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'controlzero-cli-'));
  write('controlzero.yaml', POLICY);
});
afterAll(() => rmSync(cwd, { recursive: true }));

describe('usage', () => {
  test('a misspelt option is an error with a suggestion', async () => {
    const { code, stderr, stdout } = await run('validate', '--polcy', 'x');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Did you mean --policy?');
  });

  test.each([
    [['valdate'], 'Did you mean validate?'],
    [['explain', 'llm.generate'], 'missing required argument'],
    [['explain', 'llm.generate', 'model/x', '--context', 'novalue'], 'key=value'],
    [['init', '--template', 'nothing'], 'Allowed choices are'],
    [['init', '--policy', 'controlzero.yaml'], 'is there already'],
    [['test', 'absent.yaml'], ''],
    [['replay', 'absent.ndjson'], 'cannot be read'],
  ])('%j is wrong usage or fails, and says what to do', async (args, message) => {
    const { code, stderr, stdout } = await run(...args);
    expect(stdout).toBe('');
    expect(code).toBe(args[0] === 'test' ? 1 : 2);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('    at ');
  });

  test('without a policy it says how to get one', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'controlzero-cli-'));
    const { code, stderr } = await runCli(['validate'], { cwd: empty });
    expect(code).toBe(2);
    expect(stderr).toContain('controlzero init');
    rmSync(empty, { recursive: true });
  });

  test('the file that the environment names is found as the client finds it', async () => {
    write('other.yaml', "version: '1'\nname: other\nrules: []\n");
    const environment = { CONTROLZERO_POLICY_FILE: 'other.yaml' };
    const { stdout } = await runCli(['status', '--json'], { cwd, environment });
    expect(JSON.parse(stdout)).toMatchObject({ policy: { origin: 'other.yaml', rules: 0 } });
  });

  test('no colours go into a pipe, with or without NO_COLOR', async () => {
    for (const environment of [{}, { NO_COLOR: '1' }]) {
      const { stdout } = await runCli(['explain', 'llm.generate', 'model/x'], { cwd, environment });
      expect(stdout).toContain('deny');
      expect(stdout).not.toContain('\u001B');
    }
  });
});

describe('init', () => {
  test.each(['model-allowlist', 'per-agent', 'embeddings-only', 'observe-first'])(
    '%s is valid and without findings',
    async (template) => {
      const policy = `${template}.yaml`;
      expect((await run('init', '--template', template, '--policy', policy)).code).toBe(0);
      const { code, stdout } = await run('validate', '--strict', '--policy', policy);
      expect(stdout).toContain('0 problems, 0 findings');
      expect(code).toBe(0);
    },
  );
});

describe('validate', () => {
  test('names every problem with line and column', async () => {
    write('bad.yaml', "version: '1'\nrules:\n  - alow: llm:generate\n  - deny: llm:generate\n    resource: '[a'\n");
    const { code, stdout } = await run('validate', '--policy', 'bad.yaml');
    expect(code).toBe(1);
    expect(stdout).toContain('bad.yaml:3:5 error rules[0].alow: Unknown key.');
    expect(stdout).toContain('Did you mean "allow"?');
    expect(stdout).toContain('bad.yaml:5:5 error rules[1].resource: The set is not closed.');
    const json = await run('validate', '--policy', 'bad.yaml', '--json');
    const result = JSON.parse(json.stdout) as { valid: boolean; problems: unknown[] };
    expect([result.valid, result.problems.length]).toEqual([false, 4]);
    expect(json.code).toBe(1);
  });

  test('findings have places, and fail only with --strict', async () => {
    write(
      'shadowed.yaml',
      "version: '1'\nrules:\n  - deny: llm:generate\n  - id: late\n    allow: llm:generate\n    resource: model/a\n",
    );
    const { code, stdout } = await run('validate', '--policy', 'shadowed.yaml');
    expect([code, stdout.split('\n')[0]]).toEqual([
      0,
      'shadowed.yaml:4:5 shadowed-rule rule "late": It never decides: rule 0 before it matches every such request.',
    ]);
    expect((await run('validate', '--strict', '--policy', 'shadowed.yaml')).code).toBe(1);
  });
});

describe('validate of rules that take too long to compare', () => {
  const overlapping = (rule: string): string =>
    ['*a', '*b*a'].map((text) => `  - allow: llm:generate\n    resource: model/${text}${'?'.repeat(15)}\n`).join('') +
    rule;

  test('is a note, and findings decide', async () => {
    write('wide.yaml', `version: '1'\nrules:\n${overlapping('')}`);
    const { code, stdout, stderr } = await run('validate', '--strict', '--policy', 'wide.yaml');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(
      'wide.yaml: note Not all rules were compared, because that would take too long; there may be more findings.\nwide.yaml: 0 problems, 0 findings\n',
    );
    write(
      'wider-still.yaml',
      `version: '1'\nrules:\n${overlapping('  - allow: llm:generate\n    resource: model/**\n')}`,
    );
    const json = await run('validate', '--strict', '--policy', 'wider-still.yaml', '--json');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({ valid: true, isComplete: false, findings: [{ rule: 2 }] });
  });

  test('says nothing of the kind otherwise', async () => {
    const { stdout } = await run('validate', '--json');
    expect(JSON.parse(stdout)).toEqual({
      policy: 'controlzero.yaml',
      valid: true,
      problems: [],
      findings: [],
      isComplete: true,
    });
  });
});

describe('explain', () => {
  test('allowed is 0 and denied is 1', async () => {
    const allowed = await run('explain', 'llm.generate', 'model/gpt-4', '--context', 'agent_id=premium-1');
    expect([allowed.code, allowed.stdout.split('\n')[0]]).toEqual([
      0,
      'allow llm.generate on model/gpt-4 (RULE_MATCH)',
    ]);
    const denied = await run('explain', 'llm.generate', 'model/gpt-4', '--agent', 'basic', '--json');
    expect(denied.code).toBe(1);
    expect(JSON.parse(denied.stdout)).toMatchObject({
      decision: { effect: 'deny' },
      rules: [{ mismatches: [{ key: 'agent_id', found: 'basic' }] }, {}],
    });
  });
});

describe('test', () => {
  test('passes, fails with a readable difference, and counts the rules that were tested', async () => {
    write(
      'controlzero.test.yaml',
      `tests:
  - { action: llm.generate, resource: model/gpt-4, agent: premium-1, expect: allow, rule: premium }
  - { name: basic agents, action: llm.generate, resource: model/gpt-4, agent: basic, expect: allow }
`,
    );
    const { code, stdout } = await run('test');
    expect(code).toBe(1);
    expect(stdout).toContain('passed llm.generate on model/gpt-4 agent_id=premium-1 (allow)');
    expect(stdout).toContain('failed basic agents\n');
    expect(stdout).toContain('  - expected: allow\n  + decided:  deny by NO_RULE_MATCH\n');
    expect(stdout).toContain('1 of 2 tests passed; 1 of 2 rules decided one\n  not tested: rule small of p\n');
    write('ok.json', '{"tests":[{"action":"llm.generate","resource":"model/x","expect":"deny"}]}');
    expect((await run('test', 'ok.json')).code).toBe(0);
    expect(JSON.parse((await run('test', 'ok.json', '--json')).stdout)).toMatchObject({ passed: true });
  });

  test('a mistake in the tests is wrong usage and names its place', async () => {
    write('wrong.json', '{"tests":[{"action":"llm.generate","resource":"model/x","expects":"deny"}]}');
    const { code, stderr } = await run('test', 'wrong.json');
    expect(code).toBe(2);
    expect(stderr).toContain('tests.0.expect');
  });
});

describe('diff', () => {
  test('a reordering without effect is no difference; a change is 1 and has an example', async () => {
    write('reordered.yaml', POLICY.replace(/( {2}- id: premium.*)( {2}- id: small.*)/su, '$2$1'));
    const same = await run('diff', 'controlzero.yaml', 'reordered.yaml');
    expect([same.code, same.stdout]).toEqual([0, 'No decision changes.\n']);
    write('wider.yaml', POLICY.replace('premium-*', '"*"'));
    const { code, stdout } = await run('diff', 'controlzero.yaml', 'wider.yaml');
    expect(code).toBe(1);
    expect(stdout).toContain('deny (NO_RULE_MATCH) -> allow (rule premium)');
    expect(JSON.parse((await run('diff', 'controlzero.yaml', 'wider.yaml', '--json')).stdout)).toMatchObject({
      isComplete: true,
    });
  });
});

describe('replay', () => {
  test('200,000 records go through in bounded memory', { timeout: 120_000 }, async () => {
    const stream = createWriteStream(join(cwd, 'records.ndjson'));
    for (let index = 0; index < 200_000; index += 1) {
      const agent = `agent-${index % 50_000}`;
      stream.write(
        `${JSON.stringify({ time: '2026-01-01T00:00:00Z', id: String(index), action: 'llm.generate', resource: 'model/gpt-4', agent, effect: 'allow', unknownField: 'x'.repeat(200) })}\n`,
      );
    }
    stream.end();
    await finished(stream);
    const { code, stdout, stderr } = await runCli(['replay', 'records.ndjson', '--json'], {
      cwd,
      nodeOptions: ['--max-old-space-size=64'],
    });
    expect(stderr).toBe('');
    expect(code).toBe(1);
    const report = JSON.parse(stdout) as { denied: { count: number }[] };
    expect(report).toMatchObject({ records: 200_000, newlyDenied: 200_000, unreadable: 0 });
    expect(report.denied).toHaveLength(1001);
    expect(report.denied.reduce((sum, { count }) => sum + count, 0)).toBe(200_000);
  });

  test('hostile lines are counted and break nothing', async () => {
    const lines = [
      'not json',
      '[]',
      'null',
      '{"action":1,"resource":"model/a","effect":"allow"}',
      '{"action":"llm.generate","resource":"model/a"}',
      '{"action":"llm.generate","resource":"model/a","effect":"allow","agent":"\\u001b[31mred","__proto__":{"effect":"deny"},"context":{"__proto__":1}}',
      `{"action":"llm.generate","resource":"${'m'.repeat(5000)}","effect":"deny"}`,
      'x'.repeat(3_000_000),
      '',
    ];
    write('hostile.ndjson', lines.join('\n'));
    const { code, stdout } = await run('replay', 'hostile.ndjson');
    expect(code).toBe(1);
    expect(stdout).not.toContain('\u001B');
    expect(stdout).toContain('2 records: 1 newly denied, 0 newly allowed, 1 unchanged, 0 unknown; 6 unreadable lines');
  });

  test('the JSON of decision events is read, and unknown attributes are reported', async () => {
    write('by-region.yaml', "version: '1'\nrules:\n  - allow: llm:generate\n    when: { region: eu }\n");
    const event = {
      type: 'decision-made',
      at: 1,
      action: 'llm.generate',
      resource: 'model/gpt-4',
      agentId: 'a',
      decision: { effect: 'allow' },
    };
    write('events.ndjson', JSON.stringify(event));
    const { code, stdout } = await run('replay', 'events.ndjson', '--policy', 'by-region.yaml');
    expect(code).toBe(1);
    expect(stdout).toContain('unknown: 1 record left open by "region", which was not recorded');
    write('known.ndjson', JSON.stringify({ ...event, context: { region: 'eu' } }));
    expect((await run('replay', 'known.ndjson', '--policy', 'by-region.yaml')).code).toBe(0);
  });
});

describe('demo and status', () => {
  test('a denied call reaches no server', async () => {
    const { code, stdout } = await run('demo', '--json');
    expect(code).toBe(0);
    const rows = JSON.parse(stdout) as { effect: string; sent: number }[];
    expect(rows.map(({ effect, sent }) => `${effect} ${sent}`)).toEqual(['allow 1', 'deny 0', 'allow 1', 'deny 0']);
  });

  test('status shows the policy in use', async () => {
    const { code, stdout } = await run('status');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^policy {4}controlzero\.yaml\nrevision {2}[0-9a-f]{16}\nrules {5}2 rules\nmode {6}enforce, fails closed\n$/u,
    );
    expect(readFileSync(join(cwd, 'controlzero.yaml'), 'utf8')).toBe(POLICY);
  });
});
