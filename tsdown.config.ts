import type { UserConfig } from 'tsdown';
import { defineConfig } from 'tsdown';

const config: UserConfig = defineConfig({
  entry: [
    'src/index.ts',
    'src/node/index.ts',
    'src/testing/index.ts',
    'adapters/openai/index.ts',
    'adapters/langchain/index.ts',
    'adapters/ai-sdk/index.ts',
    'adapters/otel/index.ts',
    'cli/controlzero.ts',
  ],
  outDir: 'dist',
  format: 'esm',
  platform: 'neutral',
  target: 'es2023',
  unbundle: true,
  dts: true,
  clean: true,
  fixedExtension: false,
  deps: { neverBundle: [/^[^./]/u] },
});

export default config;
