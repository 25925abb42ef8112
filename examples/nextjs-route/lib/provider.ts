import 'server-only';
import type { OpenAIProvider } from '@ai-sdk/openai';
import { createOpenAI } from '@ai-sdk/openai';
import type { LocalProvider } from '@controlzero/sdk/testing';

const LOCAL: unique symbol = Symbol.for('nextjs-route.local-provider') as never;

async function startLocal(): Promise<LocalProvider> {
  const { startLocalProvider } = await import('@controlzero/sdk/testing');
  return startLocalProvider({
    delayMs: 400,
    reply: ({ model }) => `This is ${model}, played by a server on this machine. Set OPENAI_API_KEY for the real one.`,
  });
}

/** OpenAI when there is a key; without one a server on this machine that speaks the same protocol. */
export async function openai(): Promise<OpenAIProvider> {
  if (process.env['OPENAI_API_KEY']) return createOpenAI();
  const holder = globalThis as { [LOCAL]?: Promise<LocalProvider> };
  const { baseURL } = await (holder[LOCAL] ??= startLocal());
  return createOpenAI({ apiKey: 'local', baseURL });
}
