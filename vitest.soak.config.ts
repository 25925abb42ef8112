import type { ViteUserConfig } from 'vitest/config';
import { defineConfig } from 'vitest/config';

// Long tests, one after the other: each wants the machine to itself.
const config: ViteUserConfig = defineConfig({
  test: { include: ['test/soak/**/*.soak.ts'], fileParallelism: false, reporters: ['default'] },
});

export default config;
