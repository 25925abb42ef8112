// Resolves to version 6, because this folder has packages of its own.
export * as ai from 'ai';
export { createOpenAI } from '@ai-sdk/openai';
export { createOpenAICompatible } from '@ai-sdk/openai-compatible';
