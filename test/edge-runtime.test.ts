import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { startLocalProvider, startTestControlPlane } from '../src/testing/index.ts';

const program = fileURLToPath(new URL('support/edge-program.ts', import.meta.url));

test('the package and what it governs work where there is nothing of Node', { timeout: 30_000 }, async () => {
  await using provider = await startLocalProvider();
  await using plane = await startTestControlPlane({
    policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] },
    secrets: { openai: 'from the control plane' },
  });
  const flags = ['--experimental-vm-modules', '--no-warnings', program, provider.baseURL, plane.url, plane.apiKey];
  const { stdout } = await promisify(execFile)(process.execPath, flags);
  expect(JSON.parse(stdout)).toEqual({
    process: 'undefined',
    recorded: [1, ['openai allow', 'openai deny', 'ai-sdk allow', 'ai-sdk allow', 'ai-sdk deny']],
    hosted: ['ready', 'network', true],
    secret: 'from the control plane',
    noVault:
      'vaultFile needs node:fs/promises, which this runtime does not have. Use Node 22.3 or newer, or give the secretsSource option instead.',
    answer: 'gpt-4',
    generated: 'Hello from the local provider.',
    streamed: 'Hello from the local provider.',
    refused: 403,
    isDenied: true,
    noFile: 'ERR_CZ_POLICY_UNAVAILABLE',
    noStorage: 'ERR_CZ_CONFIGURATION',
  });
  expect(plane.audit).toHaveLength(1);
  expect(provider.modelRequests.map(({ model }) => model)).toEqual(['gpt-4', 'gpt-4', 'gpt-4']);
});
