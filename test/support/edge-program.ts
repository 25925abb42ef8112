// Runs the built package and the real client in a context that has what edge runtimes have, and nothing of Node.
import { runOnEdge } from './edge-context.ts';

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
  'atob',
  'btoa',
  'clearTimeout',
  'crypto',
  'fetch',
  'setTimeout',
] as const;

const program = `import { PolicyDeniedError, init, runAs } from '@controlzero/sdk';
   import { wrapOpenAI } from '@controlzero/sdk/openai';
   import { assertModelAllowed, governProvider, policyDeniedResponse } from '@controlzero/sdk/ai-sdk';
   import { createOpenAI } from '@ai-sdk/openai';
   import OpenAI from 'openai';
   export async function run(baseURL, planeUrl, planeKey) {
     const records = [];
     const sink = (batch) => void records.push(...batch);
     const cz = await init({ policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] }, records: sink });
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
     const hosted = await init({ apiKey: planeKey, baseUrl: planeUrl, secretsEnabled: true });
     const { state, policy } = hosted.status();
     const decided = hosted.evaluate({ action: 'llm.generate', resource: 'model/gpt-4' }).allowed;
     const secret = hosted.getSecret('openai');
     await hosted.flush();
     const { delivered } = hosted.status().audit;
     await hosted.close();
     const noVault = await init({ policy: { rules: [] }, secretsEnabled: true }).catch((thrown) => thrown.message);
     const recorded = [delivered, records.map(({ adapter, effect }) => adapter + ' ' + effect)];
     return { recorded, hosted: [state, policy.source, decided], secret, noVault, process: typeof process, answer: answer.model, generated: generated.text, streamed, refused: refused.status, isDenied: error instanceof PolicyDeniedError, noFile, noStorage };
   }`;
const { run } = (await runOnEdge(program, { names: WEB_NAMES, from: import.meta.url })) as {
  readonly run: (...values: readonly string[]) => Promise<unknown>;
};
process.stdout.write(JSON.stringify(await run(...process.argv.slice(2))));
