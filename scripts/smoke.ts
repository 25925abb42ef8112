// Packs the package, installs it as a user would, and runs it on the oldest and the newest supported Node.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAJORS = [22, 24];
const PEERS = ['openai', 'ai', '@ai-sdk/openai', '@opentelemetry/api'];
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = mkdtempSync(join(tmpdir(), 'controlzero-smoke-'));
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly devDependencies: Readonly<Record<string, string>>;
};

// The same program in both module formats; only the first lines differ.
const program = `
async function main() {
  const provider = await startLocalProvider();
  const cz = await init({ policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] } });
  instrumentControlZero(cz);
  const client = wrapOpenAI(new OpenAI({ apiKey: 'local', baseURL: provider.baseURL }), cz);
  await client.chat.completions.create({ model: 'gpt-4', messages: [] });
  if (provider.modelRequests.length !== 1) throw new Error('The allowed call did not arrive once.');
  const error = await client.chat.completions.create({ model: 'gpt-4-turbo', messages: [] }).catch((thrown) => thrown);
  if (!(error instanceof PolicyDeniedError) || error.code !== 'ERR_CZ_POLICY_DENIED') throw new Error('The denied call was not denied.');
  if (provider.modelRequests.length !== 1) throw new Error('The denied call was sent.');
  const ai = governProvider(createOpenAI({ apiKey: 'local', baseURL: provider.baseURL }), cz);
  await generateText({ model: ai('gpt-4'), prompt: 'Hello' });
  const denied = await generateText({ model: ai('gpt-4-turbo'), prompt: 'Hello' }).catch((thrown) => thrown);
  if (!(denied instanceof PolicyDeniedError)) throw new Error('The denied call of the AI SDK was not denied.');
  if (provider.modelRequests.length !== 2) throw new Error('The AI SDK did not make one request.');
  const file = new ControlZero({ policyFile: 'controlzero.yaml' });
  await file.initialize();
  if (!runAs('premium-1', () => file.evaluate({ action: 'llm:generate', resource: 'model:gpt-4' })).allowed) throw new Error('The policy file was not read.');
  await provider.close();
  console.log('ok');
}
main().catch((error) => { console.error(error); process.exit(1); });
`;
const esm = `import { ControlZero, PolicyDeniedError, init, runAs } from '@controlzero/sdk';
import { wrapOpenAI } from '@controlzero/sdk/openai';
import { governProvider } from '@controlzero/sdk/ai-sdk';
import { instrumentControlZero } from '@controlzero/sdk/otel';
import { startLocalProvider } from '@controlzero/sdk/testing';
import { createOpenAI } from '@ai-sdk/openai';
import { generateText } from 'ai';
import OpenAI from 'openai';
`;
const cjs = `const { ControlZero, PolicyDeniedError, init, runAs } = require('@controlzero/sdk');
const { wrapOpenAI } = require('@controlzero/sdk/openai');
const { governProvider } = require('@controlzero/sdk/ai-sdk');
const { instrumentControlZero } = require('@controlzero/sdk/otel');
const { startLocalProvider } = require('@controlzero/sdk/testing');
const { createOpenAI } = require('@ai-sdk/openai');
const { generateText } = require('ai');
const OpenAI = require('openai');
`;
const policy = `version: '1'
rules:
  - allow: llm:generate
    resource: model/gpt-4
    when: { agent_id: premium-* }
`;

function nodePackage(major: number): string {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  return `node-${major}@npm:node-${platform}-${process.arch}@${major}`;
}

function run(major: number, file: string): void {
  const binary = join(
    folder,
    'node_modules',
    `node-${major}`,
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  );
  const version = execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim();
  const output = execFileSync(binary, [file], { cwd: folder, encoding: 'utf8', timeout: 60_000 });
  console.log(`smoke: Node ${version}, ${file}: ${output.trim()}`);
}

try {
  const [packed] = JSON.parse(
    execFileSync(npm, ['pack', '--json', '--silent', '--pack-destination', folder], { cwd: root, encoding: 'utf8' }),
  ) as readonly { readonly filename: string }[];
  if (!packed) throw new Error('npm pack made no package.');
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  writeFileSync(join(folder, 'smoke.mjs'), esm + program);
  writeFileSync(join(folder, 'smoke.cjs'), cjs + program);
  writeFileSync(join(folder, 'controlzero.yaml'), policy);
  const packages = [
    join(folder, packed.filename),
    ...PEERS.map((name) => `${name}@${devDependencies[name] ?? ''}`),
    ...MAJORS.map(nodePackage),
  ];
  execFileSync(npm, ['install', '--no-audit', '--no-fund', '--silent', '--ignore-scripts', ...packages], {
    cwd: folder,
    stdio: 'inherit',
  });
  for (const major of MAJORS) for (const file of ['smoke.mjs', 'smoke.cjs']) run(major, file);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
