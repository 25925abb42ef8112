import type { BaseChatModelCallOptions, BaseChatModelParams } from '@langchain/core/language_models/chat_models';
import { BaseChatModel } from '@langchain/core/language_models/chat_models';
import type { BaseMessage } from '@langchain/core/messages';
import { AIMessage, AIMessageChunk } from '@langchain/core/messages';
import type { ChatResult } from '@langchain/core/outputs';
import { ChatGenerationChunk } from '@langchain/core/outputs';
import { RunnableBinding } from '@langchain/core/runnables';

interface LocalChatModelFields extends BaseChatModelParams {
  readonly model: string;
  readonly configuration: { readonly baseURL: string };
}

interface Answer {
  readonly choices: readonly { readonly message: { readonly content: string } }[];
}

async function fetchAnswer({ baseURL, model }: LocalChatModel, messages: BaseMessage[]): Promise<string> {
  const response = await fetch(`${baseURL}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: messages.map(({ content }) => ({ role: 'user', content })) }),
  });
  if (!response.ok) throw Object.assign(new Error(await response.text()), { status: response.status });
  return ((await response.json()) as Answer).choices[0]?.message.content ?? '';
}

/**
 * A chat model of a provider without a client library: plain fetch, its own names for its methods, tools
 * bound as most providers do it. Nothing of it is known to the adapter.
 */
export class LocalChatModel extends BaseChatModel {
  model: string;
  readonly baseURL: string;

  constructor(fields: LocalChatModelFields) {
    super(fields);
    this.model = fields.model;
    this.baseURL = fields.configuration.baseURL;
  }

  override _llmType(): string {
    return 'local';
  }

  override bindTools(tools: unknown[]): RunnableBinding<never, AIMessageChunk> {
    return new RunnableBinding({ bound: this, kwargs: { tools } as never, config: {} }) as never;
  }

  override async _generate(messages: BaseMessage[], options: BaseChatModelCallOptions): Promise<ChatResult> {
    const text = await this.caller.callWithOptions({ signal: options.signal as AbortSignal }, async () =>
      fetchAnswer(this, messages),
    );
    return { generations: [{ text, message: new AIMessage(text) }] };
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: BaseChatModelCallOptions,
  ): AsyncGenerator<ChatGenerationChunk> {
    const text = await this.caller.callWithOptions({ signal: options.signal as AbortSignal }, async () =>
      fetchAnswer(this, messages),
    );
    for (const word of text.split(' '))
      yield new ChatGenerationChunk({ text: word, message: new AIMessageChunk(word) });
  }
}
