/**
 * Governance for the OpenAI client.
 *
 * @module @controlzero/sdk/openai
 */
export { wrapOpenAI } from './wrap-open-ai.ts';
export type { OpenAIClient, WrapOpenAIOptions } from './wrap-open-ai.ts';
