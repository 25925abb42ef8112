import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { startLocalProvider } from '../../../src/testing/index.ts';

const run = promisify(execFile);
const program = fileURLToPath(new URL('../../support/commonjs-consumer.cts', import.meta.url));

test.each(['openai', 'openai-6'])('a CommonJS program that requires %s is governed', async (name) => {
  await using provider = await startLocalProvider();
  const env = { ...process.env, OPENAI_BASE_URL: provider.baseURL };
  const { stdout } = await run(process.execPath, [program, name], { env });
  expect(JSON.parse(stdout)).toEqual({ allowed: 'Hello from the local provider.', isDenied: true });
  expect(provider.modelRequests.map(({ model }) => model)).toEqual(['gpt-4']);
});
