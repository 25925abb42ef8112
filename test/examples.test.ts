import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

interface Demo {
  readonly scenes: readonly {
    readonly title: string;
    readonly calls: readonly Readonly<
      Record<'agent' | 'model' | 'decision' | 'rule' | 'reason', string> & { requests: number }
    >[];
  }[];
}

async function runExample(file: string, ...options: readonly string[]): Promise<string> {
  const { OPENAI_API_KEY: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'examples', file), ...options], {
    env,
    timeout: 30_000,
  });
  return stdout;
}

test('the demo shows each call with its decision and the requests that reached the provider', async () => {
  const { scenes } = JSON.parse(await runExample('openai-governance/demo.ts', '--json')) as Demo;
  const rows = scenes.flatMap(({ calls }) =>
    calls.map(
      ({ agent, model, decision, rule, reason, requests }) =>
        `${agent} ${model} ${decision} ${rule} ${reason} ${requests}`,
    ),
  );
  expect(rows).toEqual([
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
  ]);
});

test('the demo prints tables for a terminal', async () => {
  const output = await runExample('openai-governance/demo.ts');
  expect(output).toMatch(/agent +model +decision +rule +reason +requests that reached the provider/u);
  expect(output).toMatch(/premium-support +gpt-4 +allow +premium-gpt-4 +RULE_MATCH +1/u);
  const widest = Math.max(
    ...output
      .split('\n')
      .slice(2)
      .map((line) => line.length),
  );
  expect(widest).toBeLessThanOrEqual(132);
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
