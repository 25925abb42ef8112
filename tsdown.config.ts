import { defineConfig } from 'tsdown';

// Config files are loaded by name, so this one has a default export.
export default defineConfig({
  entry: ['src/index.ts', 'src/node/index.ts', 'src/testing/index.ts', 'adapters/openai/index.ts'],
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
