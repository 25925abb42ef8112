import type { ViteUserConfig } from 'vitest/config';
import { mergeConfig } from 'vitest/config';

import base from './vitest.config.ts';

// The long runs: the same tests as in npm test, each with its full number of cases.
const config: ViteUserConfig = mergeConfig(
  { ...base, test: { ...base.test, projects: [], reporters: ['default'] } },
  { test: { include: ['test/**/*.soak.test.ts'], env: { SOAK: '1' }, testTimeout: 3_600_000, fileParallelism: false } },
);

export default config;
