import { BaseCallbackHandler } from '@langchain/core/callbacks/base';

/** A handler that keeps which runs of models were started and how they ended. */
export class RecordingHandler extends BaseCallbackHandler {
  readonly name = 'recording';
  override awaitHandlers = true;
  /** In order: `start`, `end`, and `error` with the name of the error. */
  readonly events: string[] = [];
  readonly errors: unknown[] = [];

  override handleChatModelStart(): void {
    this.events.push('start');
  }

  override handleLLMStart(): void {
    this.events.push('start');
  }

  override handleLLMEnd(): void {
    this.events.push('end');
  }

  override handleLLMError(error: unknown): void {
    this.events.push('error');
    this.errors.push(error);
  }
}
