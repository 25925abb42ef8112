// The key of the provider comes from an encrypted vault file, and a rotation reaches the running process.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { init } from '@controlzero/sdk';
import { createVault, setSecret } from '@controlzero/sdk/node';
import { wrapOpenAI } from '@controlzero/sdk/openai';
import { startLocalProvider } from '@controlzero/sdk/testing';
import OpenAI from 'openai';

const folder = mkdtempSync(join(tmpdir(), 'controlzero-vault-'));
const vault = await createVault({ vaultFile: join(folder, 'controlzero.vault') });
await setSecret('openai', 'sk-first-key-of-the-example', vault);

const provider = await startLocalProvider();
const cz = await init({
  ...vault,
  secretsEnabled: true,
  policy: {
    rules: [
      { effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' },
      { effect: 'allow', action: 'secret.read', resource: 'secret/openai' },
    ],
  },
});

async function ask(): Promise<void> {
  const openai = wrapOpenAI(new OpenAI({ apiKey: cz.getSecret('openai'), baseURL: provider.baseURL }), cz);
  await openai.chat.completions.create({ model: 'gpt-4', messages: [{ role: 'user', content: 'Hello' }] });
  console.log('the provider was sent:', provider.modelRequests.at(-1)?.headers['authorization']);
}

await ask();
cz.onSecret((event) => console.log('event:', event.type, 'name' in event ? event.name : ''));
await setSecret('openai', 'sk-second-key-of-the-example', vault);
await cz.refresh(); // or within 2 seconds by itself
await cz.flush();
await ask();

try {
  cz.getSecret('anthropic');
} catch (error) {
  console.log(String(error));
}
console.log('secrets in memory:', cz.status().secrets?.count);

await cz.close();
await provider.close();
rmSync(folder, { recursive: true });
