import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('../support/edge-bundle-program.ts', import.meta.url));
const golden = fileURLToPath(new URL('../conformance/bundle-golden.json', import.meta.url));

test('bundles are verified and secrets opened where there is nothing of Node', { timeout: 30_000 }, async () => {
  const flags = ['--experimental-vm-modules', '--no-warnings', program, golden];
  const { stdout } = await promisify(execFile)(process.execPath, flags);
  expect(JSON.parse(stdout)).toEqual({ process: 'undefined', counts: [0, 2, 3], refusal: 'signature', secrets: ['a'] });
});
