// Runs the built package and the real client in a context that has what edge runtimes have, and nothing of Node.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SourceTextModule, createContext } from 'node:vm';

const WEB_NAMES = [
  'AbortController',
  'AbortSignal',
  'Blob',
  'FormData',
  'Headers',
  'ReadableStream',
  'Request',
  'Response',
  'TextDecoder',
  'TextDecoderStream',
  'TextEncoder',
  'TransformStream',
  'URL',
  'URLSearchParams',
  'clearTimeout',
  'crypto',
  'fetch',
  'setTimeout',
] as const;

const context = createContext(Object.fromEntries(WEB_NAMES.map((name) => [name, globalThis[name]])));
const modules = new Map<string, SourceTextModule>();

function load(url: string): SourceTextModule {
  const known = modules.get(url);
  if (known) return known;
  if (!url.startsWith('file:')) throw new Error(`${url} is not there on an edge runtime.`);
  const made = new SourceTextModule(readFileSync(fileURLToPath(url), 'utf8'), {
    context,
    identifier: url,
    importModuleDynamically: async (specifier) => start(resolve(specifier, url)),
  });
  modules.set(url, made);
  return made;
}

function resolve(specifier: string, from: string): string {
  return specifier.startsWith('.') ? new URL(specifier, from).href : import.meta.resolve(specifier);
}

async function start(url: string): Promise<SourceTextModule> {
  const made = load(url);
  if (made.status === 'unlinked') await made.link((specifier, from) => load(resolve(specifier, from.identifier)));
  if (made.status === 'linked') await made.evaluate();
  return made;
}

const program = new SourceTextModule(
  `import { PolicyDeniedError, init, runAs } from '@controlzero/sdk';
   import { wrapOpenAI } from '@controlzero/sdk/openai';
   import { assertModelAllowed, governProvider, policyDeniedResponse } from '@controlzero/sdk/ai-sdk';
   import { createOpenAI } from '@ai-sdk/openai';
   import OpenAI from 'openai';
   export async function run(baseURL) {
     const cz = await init({ policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] } });
     const openai = wrapOpenAI(new OpenAI({ apiKey: 'local', baseURL }), cz);
     const answer = await openai.chat.completions.create({ model: 'gpt-4', messages: [] });
     const error = await openai.chat.completions.create({ model: 'gpt-4o', messages: [] }).catch((thrown) => thrown);
     const provider = governProvider(createOpenAI({ apiKey: 'local', baseURL }), cz, { fallback: ['gpt-4'] });
     const prompt = [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }];
     const { content: [generated] } = await provider.chat('gpt-4').doGenerate({ prompt });
     const { stream } = await provider('gpt-4o').doStream({ prompt });
     let streamed = '';
     for await (const part of stream) streamed += part.delta ?? '';
     const closed = governProvider(createOpenAI({ apiKey: 'local', baseURL }), cz);
     const refused = await assertModelAllowed(closed('gpt-4o')).catch(policyDeniedResponse);
     const noFile = await init().catch((thrown) => thrown.code);
     let noStorage;
     try { runAs('a', () => 1); } catch (thrown) { noStorage = thrown.code; }
     await cz.close();
     return { process: typeof process, answer: answer.model, generated: generated.text, streamed, refused: refused.status, isDenied: error instanceof PolicyDeniedError, noFile, noStorage };
   }`,
  { context, identifier: import.meta.url },
);
await program.link((specifier, from) => load(resolve(specifier, from.identifier)));
await program.evaluate();
const { run } = program.namespace as { readonly run: (baseURL: string) => Promise<unknown> };
process.stdout.write(JSON.stringify(await run(process.argv[2] ?? '')));
