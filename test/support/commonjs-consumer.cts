// A CommonJS program as a user may have one: it asks for one allowed and one denied answer and prints what came of it.
/* oxlint-disable typescript/consistent-type-imports -- Syntax that Node can strip has no other way to name these types. */
const { init, PolicyDeniedError }: typeof import('../../src/index.ts') = require('../../src/index.ts');
const { wrapOpenAI }: typeof import('../../adapters/openai/index.ts') = require('../../adapters/openai/index.ts');

type Library = typeof import('openai');
type Client = import('openai').OpenAI;
/* oxlint-enable typescript/consistent-type-imports */

async function ask(client: Client, model: string): Promise<string> {
  const stream = await client.chat.completions.create({
    model,
    stream: true,
    messages: [{ role: 'user', content: 'Hello' }],
  });
  let text = '';
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  return text;
}

async function main(name: string): Promise<void> {
  const { OpenAI } = require(name) as Library;
  const cz = await init({ policy: { rules: [{ effect: 'allow', action: 'llm.generate', resource: 'model/gpt-4' }] } });
  const client: Client = wrapOpenAI(new OpenAI({ apiKey: 'local', maxRetries: 0 }), cz);
  const denied = await ask(client, 'gpt-4-turbo').catch((error: unknown) => error);
  const result = { allowed: await ask(client, 'gpt-4'), isDenied: denied instanceof PolicyDeniedError };
  process.stdout.write(JSON.stringify(result));
}

void main(process.argv[2] ?? 'openai');
