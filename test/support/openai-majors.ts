import { createRequire } from 'node:module';

import * as openai7 from 'openai';
import * as openai6 from 'openai-6';

/** The module of either major version; the types are those of the newer one. */
export type OpenAIModule = typeof openai7;

/** One build of the client that the adapter has to work with. */
export interface OpenAIBuild {
  readonly name: string;
  readonly major: 6 | 7;
  readonly library: OpenAIModule;
}

// In a CommonJS file this is what `require('openai')` gives.
const require = createRequire(import.meta.url);

/** Both major versions, as ES modules. */
export const openAIMajors: readonly OpenAIBuild[] = [
  { name: 'openai 7', major: 7, library: openai7 },
  { name: 'openai 6', major: 6, library: openai6 as unknown as OpenAIModule },
];

/** Both major versions in both module formats: four sets of classes that know nothing of each other. */
export const openAIBuilds: readonly OpenAIBuild[] = [
  ...openAIMajors,
  { name: 'openai 7, CommonJS', major: 7, library: require('openai') as OpenAIModule },
  { name: 'openai 6, CommonJS', major: 6, library: require('openai-6') as OpenAIModule },
];
