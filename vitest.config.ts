import { fileURLToPath } from 'node:url';

import type { ViteUserConfig } from 'vitest/config';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const OLDEST_LANGCHAIN = source('./test/langchain-oldest/package.json');

// Sends what our own files import of LangChain to the oldest supported versions.
const oldestLangChain: NonNullable<ViteUserConfig['plugins']> = [
  {
    name: 'oldest-langchain',
    enforce: 'pre',
    resolveId(id, importer) {
      if (!/^(?:@langchain\/|langchain(?:\/|$))/u.test(id) || importer?.includes('/node_modules/')) return null;
      // What was split off into a package of its own later.
      const oldId = id.replace(/^@langchain\/classic/u, 'langchain');
      return this.resolve(oldId, OLDEST_LANGCHAIN, { skipSelf: true });
    },
  },
];

const OLDEST_OPENTELEMETRY = source('./test/opentelemetry-oldest/package.json');

// Sends what our own files import of OpenTelemetry to the oldest supported API, and an SDK of its time.
const oldestOpenTelemetry: NonNullable<ViteUserConfig['plugins']> = [
  {
    name: 'oldest-opentelemetry',
    enforce: 'pre',
    resolveId(id, importer) {
      if (!id.startsWith('@opentelemetry/') || importer?.includes('/node_modules/')) return null;
      // The package had another name.
      const oldId = id.replace(/sdk-trace$/u, 'sdk-trace-base');
      return this.resolve(oldId, OLDEST_OPENTELEMETRY, { skipSelf: true });
    },
  },
];

const config: ViteUserConfig = defineConfig({
  resolve: {
    // Longest first: an alias matches as a prefix.
    alias: [
      { find: '@controlzero/sdk/ai-sdk', replacement: source('./adapters/ai-sdk/index.ts') },
      { find: '@controlzero/sdk/langchain', replacement: source('./adapters/langchain/index.ts') },
      { find: '@controlzero/sdk/openai', replacement: source('./adapters/openai/index.ts') },
      { find: '@controlzero/sdk/otel', replacement: source('./adapters/otel/index.ts') },
      { find: '@controlzero/sdk/node', replacement: source('./src/node/index.ts') },
      { find: '@controlzero/sdk/testing', replacement: source('./src/testing/index.ts') },
      { find: '@controlzero/sdk', replacement: source('./src/index.ts') },
    ],
  },
  test: {
    testTimeout: 20_000,
    reporters: ['default', ['json', { outputFile: 'coverage/results.json' }]],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts', 'adapters/**/*.ts'],
      reporter: ['text-summary', 'json-summary', ['text', { skipFull: true }]],
      thresholds: { lines: 95, branches: 95, 'src/**/*.ts': { lines: 95, branches: 95 } },
    },
    projects: [
      { extends: true, test: { name: 'newest', include: ['test/**/*.test.ts'] } },
      {
        extends: true,
        plugins: oldestLangChain,
        test: {
          name: 'oldest LangChain',
          env: { LANGCHAIN: 'oldest' },
          include: ['test/adapters/langchain/**/*.test.ts'],
          // createAgent and its middleware came later.
          exclude: ['test/adapters/langchain/agent-*.test.ts'],
        },
      },
      {
        extends: true,
        plugins: oldestOpenTelemetry,
        test: {
          name: 'oldest OpenTelemetry',
          env: { OPENTELEMETRY: 'oldest' },
          include: ['test/adapters/otel/**/*.test.ts'],
        },
      },
    ],
  },
});

export default config;
