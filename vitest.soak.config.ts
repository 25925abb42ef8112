import type { ViteUserConfig } from 'vitest/config';
import { defineConfig } from 'vitest/config';

import base from './vitest.config.ts';

// The long runs: the same tests as in npm test, each with its full number of cases.
const config: ViteUserConfig = defineConfig({
  resolve: base.resolve ?? {},
  test: {
    include: ['test/**/*.soak.test.ts'],
    env: { SOAK: '1' },
    testTimeout: 3_600_000,
    // One after the other, so that the times say something.
    fileParallelism: false,
  },
});

export default config;
