// A check for CI: it passes while every model call is governed, and names the line of one that is not.
import { init } from '@controlzero/sdk';
import { wrapOpenAI } from '@controlzero/sdk/openai';
import { BypassDetectedError, detectBypasses, startLocalProvider } from '@controlzero/sdk/testing';
import OpenAI from 'openai';

await using provider = await startLocalProvider();
const cz = await init({
  policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] },
});
const plain = new OpenAI({ apiKey: 'local', baseURL: provider.baseURL });
const governed = wrapOpenAI(plain, cz);

async function summarize(client: OpenAI): Promise<void> {
  await client.chat.completions.create({ model: 'gpt-4', messages: [{ role: 'user', content: 'Summarize.' }] });
}

async function check(title: string, run: () => Promise<void>): Promise<void> {
  try {
    {
      using _detector = detectBypasses();
      await run();
    }
    console.log(`${title}: passed`);
  } catch (error) {
    if (!(error instanceof BypassDetectedError)) throw error;
    const [{ model, site = '' } = error.bypasses[0]!] = error.bypasses;
    console.log(`${title}: failed, ${error.bypasses.length} of model ${model} at ${site.replace(/^.*[\\/]/u, '')}`);
  }
}

await check('the governed client', async () => summarize(governed));
await check('the plain client', async () => summarize(plain));
console.log('requests that reached the provider:', provider.modelRequests.length);
await cz.close();
