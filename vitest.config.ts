import { fileURLToPath } from 'node:url';

import type { ViteUserConfig } from 'vitest/config';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const config: ViteUserConfig = defineConfig({
  resolve: {
    // Longest first: an alias matches as a prefix.
    alias: [
      { find: '@controlzero/sdk/langchain', replacement: source('./adapters/langchain/index.ts') },
      { find: '@controlzero/sdk/openai', replacement: source('./adapters/openai/index.ts') },
      { find: '@controlzero/sdk/node', replacement: source('./src/node/index.ts') },
      { find: '@controlzero/sdk/testing', replacement: source('./src/testing/index.ts') },
      { find: '@controlzero/sdk', replacement: source('./src/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    reporters: ['default', ['json', { outputFile: 'coverage/results.json' }]],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts', 'adapters/**/*.ts'],
      reporter: ['text-summary', 'json-summary', ['text', { skipFull: true }]],
      thresholds: { lines: 95, branches: 95, 'src/**/*.ts': { lines: 95, branches: 95 } },
    },
  },
});

export default config;
