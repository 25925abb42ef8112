import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createVault, setSecret } from '../../src/node/index.ts';
import { parseYamlText } from '../../src/node/policy-text.ts';
import { parsePolicy } from '../../src/policy/parse.ts';
import type { LocalProvider } from '../../src/testing/index.ts';
import { startLocalProvider } from '../../src/testing/index.ts';
import type { CodeBlock } from '../support/docs-code.ts';
import { docstringBlocks, markdownBlocks, promisedOutput, strayLine } from '../support/docs-code.ts';

const run = promisify(execFile);
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
// Inside the package, so that the code imports it by its name, as a user's code does.
const folder = join(root, '.docs-code');
const blocks = [...markdownBlocks(root), ...docstringBlocks(root)];
const programs = blocks.filter(({ language, from }) => language === 'ts' && from === undefined);
const excerpts = blocks.filter(({ from }) => from !== undefined);
const policies = markdownBlocks(root).filter(({ language }) => language === 'yaml' || language === 'json');
const quickStartPolicy = policies.find(({ place, language }) => place.startsWith('README.md') && language === 'yaml');

// The types of LangChain's own middleware do not fit its createAgent() with this compiler option.
const isLoose = ({ code }: CodeBlock): boolean => /\w+Middleware\b.*from 'langchain'/u.test(code);
const typeChecks = [
  ['the strictest settings', { exactOptionalPropertyTypes: true }, programs.filter((block) => !isLoose(block))],
  ["the settings of users of LangChain's middleware", { exactOptionalPropertyTypes: false }, programs.filter(isLoose)],
] as const;

function fileOf({ place }: CodeBlock): string {
  return join(folder, `${place.replaceAll(/[^\w]+/gu, '-')}.ts`);
}

describe('code in the documentation', () => {
  let provider: LocalProvider;
  let workingFolder: string;

  beforeAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    for (const block of programs) writeFileSync(fileOf(block), `${block.code}\nexport {};\n`);
    workingFolder = mkdtempSync(join(tmpdir(), 'controlzero-docs-'));
    writeFileSync(join(workingFolder, 'controlzero.yaml'), quickStartPolicy?.code ?? '');
    const vault = await createVault({ vaultFile: join(workingFolder, 'controlzero.vault') });
    await setSecret('openai', 'local', vault);
    provider = await startLocalProvider();
  });

  afterAll(async () => {
    await provider.close();
    rmSync(workingFolder, { recursive: true });
    rmSync(folder, { recursive: true });
  });

  test('there is code to check in every page that should have some', () => {
    const files = new Set(programs.map(({ place }) => place.split(':')[0]));
    for (const file of [
      'README.md',
      'docs/policies.md',
      'docs/openai.md',
      'docs/langchain.md',
      'docs/ai-sdk.md',
      'docs/errors.md',
      'docs/testing-policies.md',
      'docs/sync.md',
      'docs/secrets.md',
      'docs/observability.md',
      'src/client.ts',
      'adapters/openai/wrap-open-ai.ts',
      'adapters/langchain/govern-chat-model.ts',
      'adapters/ai-sdk/govern-model.ts',
      'adapters/otel/instrument-control-zero.ts',
    ]) {
      expect(files).toContain(file);
    }
    expect(existsSync(join(root, 'dist/src/index.js'))).toBe(true);
  });

  test.each(typeChecks)(
    'every program is type-correct against the built package, with %s',
    { timeout: 120_000 },
    async (_, settings, checked) => {
      const options = {
        noUnusedLocals: false,
        isolatedDeclarations: false,
        declaration: false,
        paths: {},
        ...settings,
      };
      const project = { extends: '../tsconfig.json', compilerOptions: options, files: checked.map(fileOf) };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ ...project, include: [] }));
      const compiler = join(root, 'node_modules/typescript/bin/tsc');
      const { stdout } = await run(process.execPath, [compiler, '-p', folder]).catch(
        (error: { stdout: string }) => error,
      );
      expect(checked).not.toEqual([]);
      expect(stdout).toBe('');
    },
  );

  test.each(programs.map((block) => [block.place, block] as const))(
    '%s runs as written',
    { timeout: 60_000 },
    async (_, block) => {
      const env = {
        ...process.env,
        OPENAI_API_KEY: 'local',
        ...(!block.code.includes('AzureOpenAI') && { OPENAI_BASE_URL: provider.baseURL }),
      };
      const { stdout } = await run(process.execPath, [fileOf(block)], { cwd: workingFolder, env });
      const printed = stdout.replaceAll(/\s+/gu, ' ');
      for (const promised of promisedOutput(block)) expect(printed).toContain(promised);
    },
  );

  test.each(excerpts.map((block) => [block.place, block] as const))('%s is what its file says', (_, block) => {
    expect(strayLine(block, readFileSync(join(root, block.from ?? ''), 'utf8'))).toBeUndefined();
  });

  test('a line that is not in the file, or not in this order, is found', () => {
    const block = (code: string): CodeBlock => ({ place: '', language: 'ts', code });
    expect(strayLine(block('a\n\n  c'), 'a\nb\nc')).toBeUndefined();
    expect(strayLine(block('a\nd'), 'a\nb\nc')).toBe('d');
    expect(strayLine(block('c\na'), 'a\nb\nc')).toBe('a');
    expect(strayLine(block('a\na'), 'a\nb\nc')).toBe('a');
  });

  test.each(policies.map((block) => [block.place, block] as const))(
    '%s is a valid policy',
    async (place, { language, code }) => {
      const document: unknown = language === 'json' ? JSON.parse(code) : await parseYamlText(code, place);
      expect(() => parsePolicy(document, { origin: place })).not.toThrow();
    },
  );
});
