import type { UserConfig } from 'tsdown';
import { defineConfig } from 'tsdown';

const common = {
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
  fixedExtension: false,
  deps: { neverBundle: [/^[^./]/u] },
} satisfies UserConfig;

// Opening files is most of what an import costs, so what is always loaded together is one file, with
// everything it needs that no group before it has. All subpaths share these files, and so their classes.
const FILES = {
  core: /[\\/]src[\\/]index\.ts$/u,
  policy: /[\\/]src[\\/](?:open-refresher|engine[\\/]compile)\.ts$/u,
  parse: /[\\/]src[\\/]policy[\\/]parse\.ts$/u,
  files: /[\\/]src[\\/]node[\\/](?:file-source|find-policy-file|write-file-atomically)\.ts$/u,
  sealed: /[\\/]src[\\/]bundle[\\/](?:sealed-payload|secret-entries)\.ts$/u,
  secrets: /[\\/]src[\\/]open-secrets\.ts$/u,
  vault: /[\\/]src[\\/]node[\\/]vault-file-source\.ts$/u,
  bundle: /[\\/]src[\\/]bundle[\\/](?:verify-bundle|sealed-secrets|rotation-chain)\.ts$/u,
  records: /[\\/]src[\\/]records[\\/]decision-log\.ts$/u,
  hosted: /[\\/]src[\\/]hosted[\\/](?:open-hosted-source|audit-sink)\.ts$/u,
};

const config: UserConfig[] = defineConfig([
  {
    ...common,
    dts: false,
    hash: false,
    sourcemap: true,
    inputOptions: { preserveEntrySignatures: 'allow-extension' },
    outputOptions: {
      chunkFileNames: 'chunks/[name].js',
      minifyInternalExports: false,
      codeSplitting: {
        groups: Object.entries(FILES).map(([name, test], index, { length }) => ({
          name,
          test,
          priority: length - index,
        })),
      },
    },
  },
  // Declarations stay one file for each source file: editors lead to the one that says something.
  { ...common, clean: false, dts: { emitDtsOnly: true }, unbundle: true },
]);

export default config;
