import type { ViteUserConfig } from 'vitest/config';
import { defineConfig } from 'vitest/config';

// Examples that bring their own packages are built and driven as a user would: apart from the other
// tests, because installing and building them takes longer than all of those together.
const config: ViteUserConfig = defineConfig({
  test: {
    include: ['examples/*/e2e/**/*.test.ts'],
    globalSetup: ['examples/nextjs-route/e2e/support/build-app.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    reporters: ['default', ['json', { outputFile: 'coverage/e2e-results.json' }]],
  },
});

export default config;
