// One allowed call and one denied call. Runs against a local server unless OPENAI_API_KEY is set.
import { init, PolicyDeniedError } from '@controlzero/sdk';
import { wrapOpenAI } from '@controlzero/sdk/openai';
import { startLocalProvider } from '@controlzero/sdk/testing';
import OpenAI from 'openai';

const local = process.env['OPENAI_API_KEY'] === undefined ? await startLocalProvider() : undefined;
const cz = await init({
  policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] },
});
const openai = wrapOpenAI(new OpenAI(local && { apiKey: 'local', baseURL: local.baseURL }), cz);

const answer = await openai.chat.completions.create({
  model: 'gpt-4',
  messages: [{ role: 'user', content: 'What is the capital of France?' }],
});
console.log('allowed:', answer.choices[0]?.message.content);

try {
  await openai.chat.completions.create({ model: 'gpt-4-turbo', messages: [{ role: 'user', content: 'Hello' }] });
} catch (error) {
  if (!(error instanceof PolicyDeniedError)) throw error;
  console.log('denied:', error.message, 'Alternatives:', error.alternatives.join(', '));
}

if (local) console.log('requests that reached the provider:', local.modelRequests.length);
await cz.close();
await local?.close();
