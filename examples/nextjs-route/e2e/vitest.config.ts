import { join } from 'node:path';

import type { ViteUserConfig } from 'vitest/config';
import { defineConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['*.test.ts'],
    globalSetup: ['support/build-app.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Servers, a browser and a compiler: one after the other.
    fileParallelism: false,
    reporters: ['default', ['json', { outputFile: join(import.meta.dirname, '../../../coverage/e2e-results.json') }]],
  },
});

export default config;
