import type { BaseChatModelCallOptions } from '@langchain/core/language_models/chat_models';
import { BaseChatModel } from '@langchain/core/language_models/chat_models';
import type { BaseMessage } from '@langchain/core/messages';
import { AIMessage } from '@langchain/core/messages';
import type { ChatResult } from '@langchain/core/outputs';

import { LocalChatModel } from './local-chat-model.ts';

/** A chat model that lets one of a list of others answer. It says that it is one that everybody may use. */
export class RoutingChatModel extends BaseChatModel {
  readonly model = 'gpt-4';
  readonly routes: readonly BaseChatModel[];

  constructor(routes: readonly BaseChatModel[]) {
    super({});
    this.routes = routes;
  }

  override _llmType(): string {
    return 'routing';
  }

  override async _generate(messages: BaseMessage[]): Promise<ChatResult> {
    const answer = await this.routes[0]?.invoke(messages);
    const text = String(answer?.content);
    return { generations: [{ text, message: new AIMessage(text) }] };
  }
}

/** A chat model that uses another model where the call asks for one, and does not say so by its parameters. */
export class ObedientChatModel extends LocalChatModel {
  override async _generate(
    messages: BaseMessage[],
    options: BaseChatModelCallOptions & { readonly model?: string },
  ): Promise<ChatResult> {
    if (options.model !== undefined) this.model = options.model;
    return super._generate(messages, options);
  }
}
