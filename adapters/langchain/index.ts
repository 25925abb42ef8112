/**
 * Governance for LangChain.js.
 *
 * @module @controlzero/sdk/langchain
 */
export { controlZeroMiddleware } from './agent-middleware.ts';
export type {
  ControlZeroMiddleware,
  ControlZeroMiddlewareOptions,
  ModelRequestLike,
  ToolCallRequestLike,
} from './agent-middleware.ts';
export { ControlZeroCallbackHandler } from './callback-handler.ts';
export type { ControlZeroCallbackHandlerOptions } from './callback-handler.ts';
export { governChatModel } from './govern-chat-model.ts';
export type { GovernChatModelOptions, LangChainModel } from './govern-chat-model.ts';
export { governEmbeddings } from './govern-embeddings.ts';
export type { GovernEmbeddingsOptions, LangChainEmbeddings } from './govern-embeddings.ts';
export type { LangChainOptions } from './langchain-options.ts';
