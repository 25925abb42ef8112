import type { AzureOpenAI, BedrockOpenAI, OpenAI } from 'openai';
import type { AzureOpenAI as CommonJsAzureOpenAI, OpenAI as CommonJsOpenAI } from 'openai' with {
  'resolution-mode': 'require',
};
import type { AzureOpenAI as AzureOpenAI6, OpenAI as OpenAI6 } from 'openai-6';
import type { OpenAI as CommonJsOpenAI6 } from 'openai-6' with { 'resolution-mode': 'require' };
import type { Stream } from 'openai/streaming';
import { describe, expectTypeOf, test } from 'vitest';

import type { OpenAIClient, WrapOpenAIOptions } from '../../../adapters/openai/index.ts';
import { wrapOpenAI } from '../../../adapters/openai/index.ts';
import type { Context, ControlZero } from '../../../src/index.ts';

declare const cz: ControlZero;

interface Clients {
  readonly openAI: OpenAI;
  readonly azure: AzureOpenAI;
  readonly bedrock: BedrockOpenAI;
  readonly openAI6: OpenAI6;
  readonly azure6: AzureOpenAI6;
  readonly commonJs: CommonJsOpenAI;
  readonly commonJsAzure: CommonJsAzureOpenAI;
  readonly commonJs6: CommonJsOpenAI6;
}
declare const clients: Clients;

interface TenantClient extends OpenAI {
  readonly tenant: string;
}
declare const tenant: TenantClient;

describe('a wrapped client has the type of the one that was passed', () => {
  test('in both major versions and both module formats', () => {
    expectTypeOf(wrapOpenAI(clients.openAI, cz)).toEqualTypeOf<OpenAI>();
    expectTypeOf(wrapOpenAI(clients.openAI6, cz)).toEqualTypeOf<OpenAI6>();
    expectTypeOf(wrapOpenAI(clients.commonJs, cz)).toEqualTypeOf<CommonJsOpenAI>();
    expectTypeOf(wrapOpenAI(clients.commonJs6, cz)).toEqualTypeOf<CommonJsOpenAI6>();
  });

  test('for the clients of other clouds', () => {
    expectTypeOf(wrapOpenAI(clients.azure, cz)).toEqualTypeOf<AzureOpenAI>();
    expectTypeOf(wrapOpenAI(clients.azure6, cz)).toEqualTypeOf<AzureOpenAI6>();
    expectTypeOf(wrapOpenAI(clients.commonJsAzure, cz)).toEqualTypeOf<CommonJsAzureOpenAI>();
    expectTypeOf(wrapOpenAI(clients.bedrock, cz)).toEqualTypeOf<BedrockOpenAI>();
  });

  test('for clients with more to them', () => {
    expectTypeOf(wrapOpenAI(tenant, cz)).toEqualTypeOf<TenantClient>();
  });

  test('so that the classes of the module formats stay different types, as the library made them', () => {
    expectTypeOf<CommonJsOpenAI>().not.toEqualTypeOf<OpenAI>();
    expectTypeOf<CommonJsOpenAI>().toExtend<OpenAIClient>();
    expectTypeOf<OpenAI6>().toExtend<OpenAIClient>();
  });
});

describe('a wrapped client infers what the library infers', () => {
  const client = wrapOpenAI(clients.openAI, cz);
  const parameters = { model: 'gpt-4', messages: [{ role: 'user' as const, content: 'Hello' }] };

  test('for a completion and for a stream', () => {
    const completion = client.chat.completions.create(parameters);
    const stream = client.chat.completions.create({ ...parameters, stream: true });
    const either = client.chat.completions.create({ ...parameters, stream: Math.random() > 0.5 });
    expectTypeOf<Awaited<typeof completion>>().toExtend<OpenAI.ChatCompletion>();
    expectTypeOf<Awaited<typeof stream>>().toExtend<Stream<OpenAI.ChatCompletionChunk>>();
    expectTypeOf<Awaited<typeof either>>().not.toExtend<OpenAI.ChatCompletion>();
    expectTypeOf(completion.withResponse).returns.resolves.toHaveProperty('response');
    expectTypeOf(stream.asResponse).returns.resolves.toEqualTypeOf<Response>();
  });

  test('for responses and embeddings', () => {
    const response = client.responses.create({ model: 'gpt-4', input: 'Hello' });
    const embedding = client.embeddings.create({ model: 'text-embedding-3-small', input: 'Hello' });
    expectTypeOf<Awaited<typeof response>>().toHaveProperty('output_text').toEqualTypeOf<string>();
    expectTypeOf<Awaited<typeof embedding>>().toExtend<OpenAI.CreateEmbeddingResponse>();
  });

  test('for wrong parameters', () => {
    expectTypeOf<{ model: string }>().not.toExtend<Parameters<typeof client.chat.completions.create>[0]>();
    // @ts-expect-error A chat completion needs messages.
    void client.chat.completions.create({ model: 'gpt-4' });
    // @ts-expect-error A model is a string.
    void client.embeddings.create({ model: 4, input: 'Hello' });
    // @ts-expect-error There is no such resource.
    void client.chats;
  });
});

describe('wrapOpenAI() takes', () => {
  test('a client, a ControlZero and options', () => {
    expectTypeOf(wrapOpenAI).parameter(1).toEqualTypeOf<ControlZero>();
    expectTypeOf(wrapOpenAI).parameter(2).toEqualTypeOf<WrapOpenAIOptions | undefined>();
    expectTypeOf<WrapOpenAIOptions>().toEqualTypeOf<{
      readonly agentId?: string;
      readonly context?: Context;
      readonly fallback?: readonly string[];
      readonly modelAliases?: Readonly<Record<string, string>>;
    }>();
  });

  test('no ControlZero that is missing or still a promise', () => {
    expectTypeOf<Promise<ControlZero> | undefined>().not.toExtend<Parameters<typeof wrapOpenAI>[1]>();
    // @ts-expect-error A ControlZero is needed.
    wrapOpenAI(clients.openAI);
    // @ts-expect-error A promise of one is none.
    wrapOpenAI(clients.openAI, Promise.resolve(cz));
    // @ts-expect-error The client comes first.
    wrapOpenAI(cz, clients.openAI);
  });

  test('nothing that is no client', () => {
    expectTypeOf<OpenAI['chat'] | typeof OpenAI>().not.toExtend<OpenAIClient>();
    // @ts-expect-error Resources are no clients.
    wrapOpenAI(clients.openAI.chat, cz);
    // @ts-expect-error A class is no client.
    wrapOpenAI({} as typeof OpenAI, cz);
    // @ts-expect-error Options are no client.
    wrapOpenAI({ apiKey: 'local' }, cz);
  });

  test('no option that is misspelt or of the wrong kind', () => {
    expectTypeOf<{ fallback: string }>().not.toExtend<WrapOpenAIOptions>();
    // @ts-expect-error It is agentId.
    wrapOpenAI(clients.openAI, cz, { agent_id: 'support' });
    // @ts-expect-error A list is needed.
    wrapOpenAI(clients.openAI, cz, { fallback: 'gpt-4' });
    // @ts-expect-error Models are strings.
    wrapOpenAI(clients.openAI, cz, { modelAliases: { 'prod-eu-1': ['gpt-4'] } });
  });
});
