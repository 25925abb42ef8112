import { expect, test } from 'vitest';

import { ModelRequests, NO_BODY } from '../../src/testing/bypasses/model-requests.ts';

const requests = new ModelRequests({ hosts: ['llm.example.com', /^gateway-\d+:80/gu], isModelRequest: undefined });

interface Case {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly model?: string;
  readonly isConversation?: boolean;
}

function read(url: string, { method = 'POST', headers = {}, model, isConversation = false }: Case = {}): unknown {
  const { host, pathname, search } = new URL(url);
  const outgoing = { method, host, target: pathname + search, header: (name: string) => headers[name] };
  if (!requests.isPlausible(outgoing)) return 'implausible';
  const found = requests.read(outgoing, model === undefined && !isConversation ? NO_BODY : { model, isConversation });
  return found ? (found.model ?? 'unknown') : 'ordinary';
}

test.each<[string, Case, string]>([
  ['https://api.openai.com/v1/chat/completions', {}, 'unknown'],
  ['https://eu.api.openai.com/v1/responses', { model: 'gpt-4' }, 'gpt-4'],
  ['https://api.anthropic.com/v1/messages', { model: 'claude' }, 'claude'],
  ['https://api.anthropic.com/v1/messages/batches', {}, 'unknown'],
  ['https://me.openai.azure.com/openai/deployments/my%20gpt/chat/completions', {}, 'my gpt'],
  ['http://other.example/openai/deployments/%E0%A4%A/embeddings', {}, '%E0%A4%A'],
  [
    'https://generativelanguage.googleapis.com/v1beta/models/gemini-pro:streamGenerateContent?alt=sse',
    {},
    'gemini-pro',
  ],
  ['https://us-central1-aiplatform.googleapis.com/v1/models/text-embedding-005:predict', {}, 'text-embedding-005'],
  ['https://us-central1-aiplatform.googleapis.com/v1/models/imagen-4:predict', {}, 'ordinary'],
  ['https://bedrock-runtime.eu-west-1.amazonaws.com/model/a.claude-v1%3A0/converse-stream', {}, 'a.claude-v1:0'],
  ['https://bedrock-runtime.eu-west-1.amazonaws.com/other', { isConversation: true }, 'unknown'],
  ['https://api.cohere.com/v2/chat', { model: 'command' }, 'command'],
  ['http://127.0.0.1:11434/api/generate', { model: 'llama3' }, 'llama3'],
  [
    'https://ai-gateway.vercel.sh/v4/ai/language-model',
    { headers: { 'ai-language-model-id': 'openai/o3' } },
    'openai/o3',
  ],
  [
    'https://api.openai.com/v1/realtime?model=gpt-realtime',
    { method: 'GET', headers: { upgrade: 'websocket' } },
    'gpt-realtime',
  ],
  ['https://api.openai.com/v1/realtime', { method: 'GET', headers: { upgrade: 'WebSocket' } }, 'unknown'],
  ['https://api.openai.com/v1/realtime', { method: 'GET' }, 'ordinary'],
  ['https://llm.example.com:8443/run', { model: 'mine' }, 'mine'],
  ['http://gateway-7:8080/run', { model: 'mine' }, 'mine'],
  ['https://llm.example.com/run', {}, 'ordinary'],
  ['https://api.openai.com/v1/images/generations', { model: 'dall-e-3' }, 'ordinary'],
  ['https://api.openai.com/v1/files', {}, 'ordinary'],
  ['https://api.openai.com/v1/models', { method: 'GET' }, 'implausible'],
  ['https://shop.example/v1/messages', {}, 'ordinary'],
  ['https://shop.example/api/chat', { model: 'gpt-4', isConversation: true }, 'ordinary'],
])('%s with %j: %s', (url, one, expected) => {
  expect(read(url, one)).toBe(expected);
});
