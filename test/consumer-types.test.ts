import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { temporaryFolder } from './support/temporary-folder.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const program = `
import { assertModelAllowed, governModel, policyDeniedResponse } from '@controlzero/sdk/ai-sdk';
import { init, modelRequest, type Decision, type Status } from '@controlzero/sdk';
import { fileSource } from '@controlzero/sdk/node';
import { wrapOpenAI } from '@controlzero/sdk/openai';
import { activeTraceContext, instrumentControlZero } from '@controlzero/sdk/otel';
import { createTestControlZero, startLocalProvider } from '@controlzero/sdk/testing';
import OpenAI from 'openai';

const doGenerate = async (_: unknown): Promise<object> => ({});
const doStream = doGenerate;

export async function decide(): Promise<[Decision, Status, OpenAI]> {
  const cz = await init({ source: fileSource('controlzero.yaml'), traceContext: activeTraceContext });
  instrumentControlZero(cz, { spans: 'denials' });
  const provider = await startLocalProvider();
  await createTestControlZero({ rules: [] });
  const client = wrapOpenAI(new OpenAI({ baseURL: provider.baseURL }), cz);
  const model = governModel({ specificationVersion: 'v3', provider: 'local', modelId: 'gpt-4', doGenerate, doStream }, cz);
  await assertModelAllowed(model).catch(policyDeniedResponse);
  return [await cz.check(modelRequest({ action: 'llm.generate', model: 'gpt-4' })), cz.status(), client];
}
`;

test.each([
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
])(
  'the declarations suit a strict project with module %s and resolution %s, without types of Node',
  { timeout: 60_000 },
  async (module, moduleResolution) => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'node_modules/@controlzero'), { recursive: true });
    symlinkSync(root, join(folder, 'node_modules/@controlzero/sdk'));
    for (const peer of ['openai', '@opentelemetry'])
      symlinkSync(join(root, 'node_modules', peer), join(folder, 'node_modules', peer));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'program.ts'), program);
    const compilerOptions = {
      module,
      moduleResolution,
      target: 'es2023',
      lib: ['es2024', 'esnext.disposable', 'dom', 'dom.asynciterable'],
      types: [],
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      preserveSymlinks: true,
      skipLibCheck: false,
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }));
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout } = await promisify(execFile)(process.execPath, [compiler, '-p', folder]).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout.split('\n').filter((line) => line.includes('@controlzero') || line.startsWith('program'))).toEqual(
      [],
    );
  },
);
