import type { BaseMessage } from '@langchain/core/messages';
import { AIMessage } from '@langchain/core/messages';
import type { ChatResult } from '@langchain/core/outputs';

import { LocalChatModel } from './local-chat-model.ts';

type Fields = ConstructorParameters<typeof LocalChatModel>[0];

/** Sends a body to the provider as it is. */
export async function post({ baseURL }: Pick<LocalChatModel, 'baseURL'>, body: object): Promise<ChatResult> {
  const response = await fetch(`${baseURL}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, messages: [{ role: 'user', content: 'Hello' }] }),
  });
  await response.text();
  return { generations: [{ text: 'Hello', message: new AIMessage('Hello') }] };
}

/** A model that sends what it has put together by a method of its own. */
export class FinishingChatModel extends LocalChatModel {
  /** What is sent. Default: the model. */
  request: object | undefined;
  /** How often it began to put something together. */
  started = 0;

  async completionWithRetry(request: object): Promise<ChatResult> {
    return post(this, { model: this.model, ...request });
  }

  override async _generate(_messages: BaseMessage[], _options: unknown): Promise<ChatResult> {
    this.started += 1;
    return this.completionWithRetry(this.request ?? { model: this.model });
  }
}

/** The same, whose subclass sends past that method. */
export class StrayingChatModel extends FinishingChatModel {
  override async _generate(_messages: BaseMessage[], _options: unknown): Promise<ChatResult> {
    return post(this, { model: this.model });
  }
}

/** A model that says what it is itself and lets the one inside answer, as ChatOpenAI does. */
export class OuterChatModel extends LocalChatModel {
  readonly inner: LocalChatModel;

  constructor(fields: Fields, inner: LocalChatModel) {
    super(fields);
    this.inner = inner;
  }

  override async _generate(messages: BaseMessage[], options: never): Promise<ChatResult> {
    return this.inner._generate(messages, options);
  }
}

/** A model that puts its request together some turns after it was asked. */
export class LateChatModel extends LocalChatModel {
  modelKwargs: object = {};

  override invocationParams(): object {
    return { model: this.model, ...this.modelKwargs };
  }

  override async _generate(_messages: BaseMessage[], _options: unknown): Promise<ChatResult> {
    await new Promise((resolve) => setImmediate(resolve));
    return post(this, this.invocationParams());
  }
}
