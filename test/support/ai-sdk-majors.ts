import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import * as ai from 'ai';

import {
  ai as ai6,
  createOpenAI as createOpenAI6,
  createOpenAICompatible as createOpenAICompatible6,
} from '../ai-sdk-6/library.ts';

// Hints about what models do not support are not what these tests are about.
globalThis.AI_SDK_LOG_WARNINGS = false;

/** The packages of one major version of the AI SDK; the types are those of the newer one. */
export interface AISDK {
  readonly ai: typeof ai;
  readonly createOpenAI: typeof createOpenAI;
  readonly createOpenAICompatible: typeof createOpenAICompatible;
}

/** One major version that the adapter has to work with. */
export interface AISDKMajor {
  readonly name: string;
  readonly major: 6 | 7;
  readonly sdk: AISDK;
}

const sdk6: unknown = {
  ai: ai6,
  createOpenAI: createOpenAI6,
  createOpenAICompatible: createOpenAICompatible6,
};

/** Both major versions. */
export const aiSDKMajors: readonly AISDKMajor[] = [
  { name: 'AI SDK 7', major: 7, sdk: { ai, createOpenAI, createOpenAICompatible } },
  { name: 'AI SDK 6', major: 6, sdk: sdk6 as AISDK },
];
